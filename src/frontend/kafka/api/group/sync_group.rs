//! `SyncGroup` (key 14): a member of a classic group wants its assignment; the leader brings all.

use net::kafka::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::Reader;

use super::{error, instance_id};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::classic::{Answer, Event, Sync, Synced};
use crate::group::effects::Ticket;
use crate::group::id::MemberId;

/// The first version that names the protocol, which it must.
const PROTOCOL_FROM: i16 = 5;

impl Connection {
    /// Answers when the leader's assignment is here, and durable.
    pub(in crate::frontend::kafka) async fn sync_group(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = SyncGroupRequest::decode(head.version, &mut reader)?;
        let synced = self.synced(head, &request).await;
        let code = synced.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
        self.shard.metrics.error(head.api(), code);
        let response = match &synced {
            Ok(synced) => SyncGroupResponse {
                protocol_type: synced.protocol_type.as_deref(),
                protocol_name: synced.protocol.as_deref(),
                assignment: &synced.assignment,
                ..SyncGroupResponse::default()
            },
            Err(error_code) => {
                SyncGroupResponse { error_code: *error_code, ..SyncGroupResponse::default() }
            }
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn synced(
        &self,
        head: Head,
        request: &SyncGroupRequest<'_>,
    ) -> Result<Synced, ErrorCode> {
        let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
        if head.version.number() >= PROTOCOL_FROM && !names_protocol {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        let sync = |ticket| Event::Sync(sync(ticket, request));
        match self.ask_classic(request.group_id, sync).await? {
            Answer::Sync(synced) => synced.map_err(error::of_classic),
            _ => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
        }
    }
}

fn sync(ticket: Ticket, request: &SyncGroupRequest<'_>) -> Sync {
    let assignments = request
        .assignments
        .iter()
        .map(|assigned| (MemberId::from(assigned.member_id), assigned.assignment.into()));
    Sync {
        ticket,
        member: MemberId::from(request.member_id),
        instance: instance_id(request.group_instance_id),
        generation: request.generation_id.0,
        protocol_type: request.protocol_type.map(Into::into),
        protocol: request.protocol_name.map(Into::into),
        assignments: assignments.collect(),
    }
}
