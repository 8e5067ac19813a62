//! `JoinGroup` (key 11): a member of a classic group comes, and waits for the others.

use std::sync::Arc;

use net::kafka::api::join_group::{JoinGroupMember, JoinGroupRequest, JoinGroupResponse};
use net::kafka::error_code::ErrorCode;
use net::kafka::group::GenerationId;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::{error, instance_id, member_id, millis, random};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::classic::{Answer, Event, Join, Joined, Protocol, Protocols};
use crate::group::effects::Ticket;
use crate::group::id::{InstanceId, MemberId};

/// The first version with a rebalance timeout of its own.
const REBALANCE_TIMEOUT_FROM: i16 = 1;
/// The first version in which a new member has to come back with the id that it is given.
const MEMBER_ID_FROM: i16 = 4;
/// The first version in which the protocol's name may be null.
const NULL_PROTOCOL_FROM: i16 = 7;
/// The first version in which a leader can be told not to assign.
const SKIP_FROM: i16 = 9;

/// Why not, and the id to answer with.
type Refused = (ErrorCode, Option<MemberId>);

impl Connection {
    /// Answers when the generation begins, which may take as long as the members' rebalance
    /// timeout.
    pub(in crate::frontend::kafka) async fn join_group(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = JoinGroupRequest::decode(head.version, &mut reader)?;
        let version = head.version.number();
        let (client_id, client_host) = self.client();
        let join = |ticket| Event::Join(join(ticket, &request, version, client_id, client_host));
        let joined: Result<Joined, Refused> = match self.ask_classic(request.group_id, join).await {
            Ok(Answer::Join(Ok(joined))) => Ok(joined),
            Ok(Answer::Join(Err(refused))) => {
                Err((error::of_classic(refused.error), refused.member))
            }
            Ok(_) => Err((ErrorCode::UNKNOWN_SERVER_ERROR, None)),
            Err(code) => Err((code, None)),
        };
        let code = joined.as_ref().err().map_or(ErrorCode::NONE, |(code, _)| *code);
        self.shard.metrics.error(head.api(), code);
        match &joined {
            Ok(joined) => push(head, joined, reply),
            Err((error_code, member)) => {
                let member = member.as_ref().map_or(request.member_id, |member| member.as_str());
                let no_name = if version >= NULL_PROTOCOL_FROM { None } else { Some("") };
                let response = JoinGroupResponse {
                    error_code: *error_code,
                    protocol_name: no_name,
                    member_id: member,
                    ..JoinGroupResponse::default()
                };
                Ok(reply.push(head.version, head.correlation_id, &response)?)
            }
        }
    }
}

fn join(
    ticket: Ticket,
    request: &JoinGroupRequest<'_>,
    version: i16,
    client_id: Arc<str>,
    client_host: Arc<str>,
) -> Join {
    let rebalance_timeout_ms = if version >= REBALANCE_TIMEOUT_FROM {
        request.rebalance_timeout_ms
    } else {
        request.session_timeout_ms
    };
    let protocols = request.protocols.iter().map(|protocol| Protocol {
        name: protocol.name.into(),
        metadata: protocol.metadata.into(),
    });
    Join {
        ticket,
        member: member_id(request.member_id),
        instance: instance_id(request.group_instance_id),
        client_id,
        client_host,
        session_timeout: millis(request.session_timeout_ms),
        rebalance_timeout: millis(rebalance_timeout_ms),
        protocol_type: request.protocol_type.into(),
        protocols: Protocols::new(protocols.collect()),
        needs_member_id: version >= MEMBER_ID_FROM,
        can_skip_assignment: version >= SKIP_FROM,
        random: random(),
    }
}

fn push(head: Head, joined: &Joined, reply: &mut Reply<Range>) -> Result<(), Hangup> {
    let members = joined.members.iter().map(|member| JoinGroupMember {
        member_id: member.member.as_str(),
        group_instance_id: member.instance.as_ref().map(InstanceId::as_str),
        metadata: &member.metadata,
    });
    let members: Vec<_> = members.collect();
    let response = JoinGroupResponse {
        generation_id: GenerationId(joined.generation),
        protocol_type: joined.protocol_type.as_deref(),
        protocol_name: joined.protocol.as_deref(),
        leader: joined.leader.as_ref().map_or("", |leader| leader.as_str()),
        skip_assignment: joined.skip_assignment,
        member_id: joined.member.as_str(),
        members: Array::from(&members[..]),
        ..JoinGroupResponse::default()
    };
    Ok(reply.push(head.version, head.correlation_id, &response)?)
}
