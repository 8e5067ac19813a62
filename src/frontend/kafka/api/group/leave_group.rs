//! `LeaveGroup` (key 13): members of a classic group go, or are sent away by an administrator.

use net::kafka::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, LeftMember};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::{error, instance_id, member_id};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::classic::{self, Answer, Event, Leave, LeavingMember};
use crate::group::id::InstanceId;

/// The first version in which several members go at once.
const MANY_FROM: i16 = 3;

impl Connection {
    /// Answers when the members are out.
    pub(in crate::frontend::kafka) async fn leave_group(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = LeaveGroupRequest::decode(head.version, &mut reader)?;
        let has_many = head.version.number() >= MANY_FROM;
        let members = if has_many {
            let leaving = request.members.iter().map(|member| LeavingMember {
                member: member_id(member.member_id),
                instance: instance_id(member.group_instance_id),
            });
            leaving.collect()
        } else {
            vec![LeavingMember { member: member_id(request.member_id), instance: None }]
        };
        let leave = |ticket| Event::Leave(Leave { ticket, members });
        let left = match self.ask_classic(request.group_id, leave).await {
            Ok(Answer::Leave(left)) => left.map_err(error::of_classic),
            Ok(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
            Err(code) => Err(code),
        };
        let members: Vec<_> = left.iter().flatten().map(told).collect();
        let first = members.first().map_or(ErrorCode::NONE, |member| member.error_code);
        let error_code = match &left {
            Err(code) => *code,
            Ok(_) if has_many => ErrorCode::NONE,
            Ok(_) => first,
        };
        self.shard.metrics.error(head.api(), error_code);
        let members = if has_many { Array::from(&members[..]) } else { Array::EMPTY };
        let response = LeaveGroupResponse { throttle_time_ms: 0, error_code, members };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn told(left: &classic::LeftMember) -> LeftMember<'_> {
    LeftMember {
        member_id: left.member.as_ref().map_or("", |member| member.as_str()),
        group_instance_id: left.instance.as_ref().map(InstanceId::as_str),
        error_code: left.error.map_or(ErrorCode::NONE, error::of_classic),
    }
}
