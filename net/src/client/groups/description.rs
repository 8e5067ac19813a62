//! A group and its members, whichever protocol they speak.

use std::collections::BTreeSet;

use record::PartitionIndex;

use super::{Groups, TopicPartitions};
use crate::client::connection::Connection;
use crate::client::error::{ClientError, ConnectionError};
use crate::kafka::api::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedConsumer,
};
use crate::kafka::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedMember,
};
use crate::kafka::api_key::ApiKey;
use crate::kafka::consumer_protocol::ConsumerProtocolAssignment;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::{GroupEpoch, MemberEpoch};

/// The protocol type of consumers.
const CONSUMER: &str = "consumer";
/// What a missing group is before it has an error of its own.
const DEAD: &str = "Dead";

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its name.
    pub name: String,
    /// Its state, in Kafka's words.
    pub state: String,
    /// What its members speak.
    pub protocol: GroupProtocol,
    /// Its members, by id.
    pub members: Vec<GroupMember>,
}

/// What the members of a group speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupProtocol {
    /// They assign among themselves. Its generation is not to be had from outside.
    Classic {
        /// The kind of group, `consumer` for consumers; empty if there never was a member.
        protocol_type: String,
        /// The protocol that all of them can do; empty without a generation.
        protocol: String,
    },
    /// The coordinator assigns (KIP-848).
    Consumer {
        /// One more with each change.
        epoch: GroupEpoch,
        /// The epoch that the assignment was made for.
        assignment_epoch: GroupEpoch,
        /// Who made it.
        assignor: String,
    },
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub id: String,
    /// The static member's own name.
    pub instance_id: Option<String>,
    /// The client's name for itself.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// How far it has come, in a KIP-848 group.
    pub epoch: Option<MemberEpoch>,
    /// What it reads; `None` if that can not be understood.
    pub assignment: Option<TopicPartitions>,
}

impl Groups {
    /// A group and its members. One that there is not is `GROUP_ID_NOT_FOUND`.
    pub async fn describe(&self, group: &str) -> Result<GroupDescription, ClientError> {
        self.at_coordinator(group, async |coordinator| {
            match describe_consumer(&coordinator, group).await {
                Err(error) if speaks_another(&error) => describe_classic(&coordinator, group).await,
                other => other,
            }
        })
        .await
    }
}

/// Whether the group may be one of the classic protocol, or the broker know no other.
fn speaks_another(error: &ClientError) -> bool {
    match error {
        ClientError::Connection(ConnectionError::NoVersion { .. }) => true,
        error => matches!(
            error.code(),
            Some(ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::UNSUPPORTED_VERSION)
        ),
    }
}

async fn describe_consumer(
    coordinator: &Connection,
    group: &str,
) -> Result<GroupDescription, ClientError> {
    let names = [group];
    let request = ConsumerGroupDescribeRequest {
        group_ids: (&names).into(),
        ..ConsumerGroupDescribeRequest::default()
    };
    let answer = coordinator.ask(&request).await?;
    let body = answer.body::<ConsumerGroupDescribeResponse<'_>>()?;
    let incomplete = ClientError::Incomplete { api: ApiKey::ConsumerGroupDescribe };
    let found = body.groups.iter().next().ok_or(incomplete)?;
    ClientError::check(found.error_code, found.error_message, || to_describe(group))?;
    let protocol = GroupProtocol::Consumer {
        epoch: found.group_epoch,
        assignment_epoch: found.assignment_epoch,
        assignor: found.assignor_name.to_owned(),
    };
    let members = found.members.iter().map(|member| consumer_member(&member));
    Ok(description(group, found.group_state, protocol, members.collect()))
}

fn consumer_member(member: &DescribedConsumer<'_>) -> GroupMember {
    let topics = member.assignment.topic_partitions.iter();
    let topics = topics.map(|topic| (topic.topic_name, topic.partitions.iter()));
    GroupMember {
        id: member.member_id.to_owned(),
        instance_id: member.instance_id.map(str::to_owned),
        client_id: member.client_id.to_owned(),
        client_host: member.client_host.to_owned(),
        epoch: Some(member.member_epoch),
        assignment: Some(by_topic(topics)),
    }
}

async fn describe_classic(
    coordinator: &Connection,
    group: &str,
) -> Result<GroupDescription, ClientError> {
    let names = [group];
    let request =
        DescribeGroupsRequest { groups: (&names).into(), ..DescribeGroupsRequest::default() };
    let answer = coordinator.ask(&request).await?;
    let body = answer.body::<DescribeGroupsResponse<'_>>()?;
    let incomplete = ClientError::Incomplete { api: ApiKey::DescribeGroups };
    let found = body.groups.iter().next().ok_or(incomplete)?;
    let is_missing = found.error_code.is_none() && found.group_state == DEAD;
    let code = if is_missing { ErrorCode::GROUP_ID_NOT_FOUND } else { found.error_code };
    ClientError::check(code, found.error_message, || to_describe(group))?;
    let protocol = GroupProtocol::Classic {
        protocol_type: found.protocol_type.to_owned(),
        protocol: found.protocol_data.to_owned(),
    };
    let are_consumers = found.protocol_type == CONSUMER;
    let members = found.members.iter().map(|member| classic_member(&member, are_consumers));
    Ok(description(group, found.group_state, protocol, members.collect()))
}

fn classic_member(member: &DescribedMember<'_>, is_consumer: bool) -> GroupMember {
    GroupMember {
        id: member.member_id.to_owned(),
        instance_id: member.group_instance_id.map(str::to_owned),
        client_id: member.client_id.to_owned(),
        client_host: member.client_host.to_owned(),
        epoch: None,
        assignment: if is_consumer { assignment(member.member_assignment) } else { None },
    }
}

/// What the leader gave a consumer; no bytes before it has.
fn assignment(bytes: &[u8]) -> Option<TopicPartitions> {
    if bytes.is_empty() {
        return Some(TopicPartitions::new());
    }
    let assignment = ConsumerProtocolAssignment::decode(bytes).ok()?;
    let topics = assignment.assigned_partitions.iter();
    Some(by_topic(topics.map(|topic| (topic.topic, topic.partitions.iter()))))
}

fn by_topic<'a>(
    topics: impl Iterator<Item = (&'a str, impl Iterator<Item = PartitionIndex>)>,
) -> TopicPartitions {
    let mut all = TopicPartitions::new();
    for (topic, partitions) in topics {
        let known: &mut BTreeSet<_> = all.entry(topic.to_owned()).or_default();
        known.extend(partitions);
    }
    all
}

fn description(
    group: &str,
    state: &str,
    protocol: GroupProtocol,
    mut members: Vec<GroupMember>,
) -> GroupDescription {
    members.sort_by(|left, right| left.id.cmp(&right.id));
    GroupDescription { name: group.to_owned(), state: state.to_owned(), protocol, members }
}

fn to_describe(group: &str) -> String {
    format!("describe group '{group}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::consumer_protocol::TopicPartitions as WireTopic;
    use crate::kafka::wire::Array;

    #[test]
    fn an_assignment_is_read_and_garbage_is_not() {
        let topics = [
            WireTopic { topic: "b", partitions: Array::of(&[PartitionIndex(2)]) },
            WireTopic { topic: "a", partitions: Array::of(&[PartitionIndex(1)]) },
            WireTopic { topic: "b", partitions: Array::of(&[PartitionIndex(0)]) },
        ];
        let given =
            ConsumerProtocolAssignment { assigned_partitions: (&topics).into(), user_data: None };
        let mut bytes = Vec::new();
        given.encode(1, &mut bytes).unwrap();
        let a = ("a".to_owned(), BTreeSet::from([PartitionIndex(1)]));
        let b = ("b".to_owned(), BTreeSet::from([PartitionIndex(0), PartitionIndex(2)]));
        assert_eq!(assignment(&bytes), Some(TopicPartitions::from([a, b])));
        assert_eq!(assignment(&[]), Some(TopicPartitions::new()));
        assert_eq!(assignment(&bytes[..9]), None);
    }
}
