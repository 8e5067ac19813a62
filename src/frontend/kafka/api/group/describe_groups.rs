//! `DescribeGroups` (key 15): classic groups and their members.

use net::kafka::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedMember,
};
use net::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::error;
use crate::broker::range::Range;
use crate::frontend::kafka::api::operations;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self as problem, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::classic::{self, GroupState};
use crate::group::coordinator::{Answer, Request};
use crate::group::id::{GroupId, InstanceId};

/// The first version in which a missing group is an error; before, it is a dead one.
const MISSING_FROM: i16 = 6;

impl Connection {
    /// Answers when every group has.
    pub(in crate::frontend::kafka) async fn describe_groups(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeGroupsRequest::decode(head.version, &mut reader)?;
        let version = head.version.number();
        let mut described = Vec::with_capacity(request.groups.len());
        for name in &request.groups {
            let group = self.described_group(name, version).await;
            self.shard.metrics.error(head.api(), problem::code(&group));
            described.push((name, group));
        }
        let operations = if request.include_authorized_operations {
            operations::ON_GROUP
        } else {
            OPERATIONS_NOT_ASKED
        };
        let members: Vec<Vec<_>> = described
            .iter()
            .map(|(_, group)| group.iter().flat_map(|group| &group.members).map(member).collect())
            .collect();
        let groups = described.iter().zip(&members).map(|((name, group), members)| {
            let known = group.as_ref().ok();
            DescribedGroup {
                error_code: problem::code(group),
                error_message: problem::message(group).filter(|_| version >= MISSING_FROM),
                group_id: name,
                group_state: known.map_or(GroupState::Dead, |group| group.state).as_str(),
                protocol_type: known.map_or("", |group| &*group.protocol_type),
                protocol_data: known.and_then(|group| group.protocol.as_deref()).unwrap_or(""),
                members: Array::from(&members[..]),
                authorized_operations: operations,
            }
        });
        let groups: Vec<_> = groups.collect();
        let response =
            DescribeGroupsResponse { throttle_time_ms: 0, groups: Array::from(&groups[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn described_group(
        &self,
        name: &str,
        version: i16,
    ) -> Result<classic::DescribedGroup, Problem> {
        let group = GroupId::from(name);
        let request = |ticket| Request::DescribeClassic(ticket, group.clone());
        match self.ask_group(&group, request).await {
            Ok(Answer::DescribeClassic(Ok(group))) => Ok(group),
            Ok(Answer::DescribeClassic(Err(_))) if version < MISSING_FROM => {
                Ok(classic::DescribedGroup {
                    state: GroupState::Dead,
                    protocol_type: "".into(),
                    protocol: None,
                    members: Vec::new(),
                })
            }
            Ok(Answer::DescribeClassic(Err(error))) => {
                Err(error::not_described(name, "classic", error))
            }
            Ok(_) => Err(Problem::new(ErrorCode::UNKNOWN_SERVER_ERROR, "no description")),
            Err(unavailable) => Err(error::unavailable(&unavailable)),
        }
    }
}

fn member(member: &classic::DescribedMember) -> DescribedMember<'_> {
    DescribedMember {
        member_id: member.member.as_str(),
        group_instance_id: member.instance.as_ref().map(InstanceId::as_str),
        client_id: &member.client_id,
        client_host: &member.client_host,
        member_metadata: &member.metadata,
        member_assignment: &member.assignment,
    }
}
