//! One change of a group's state, and the record that it is written down as.

use std::sync::Arc;
use std::time::Duration;

use record::{Timestamp, TopicPartition};

use super::assignment::Assignment;
use super::assignor::Assignor;
use super::member::{Current, MemberState, Metadata};
use super::subscription::Resolved;
use crate::group::effects::GroupRecord;
use crate::group::id::{GroupId, MemberId};
use crate::group::log::{
    AssignedTopic, ConsumerGroupMetadataValue, CurrentMemberAssignmentValue, GroupLogRecord,
    MemberMetadataValue, RegularExpressionValue, TargetAssignmentMemberValue,
    TargetAssignmentMetadataValue,
};

/// A change; `None` forgets.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Group(Option<GroupMetadata>),
    Member(MemberId, Option<Arc<Metadata>>),
    TargetEpoch(Option<i32>),
    Target(MemberId, Option<Assignment>),
    Current(MemberId, Option<Current>),
    Regex(Arc<str>, Option<Resolved>),
}

/// The group as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupMetadata {
    pub(crate) epoch: i32,
    pub(crate) metadata_hash: i64,
}

impl Change {
    /// The record for the log.
    pub(crate) fn to_record(&self, group: &GroupId) -> GroupRecord {
        let group = group.clone();
        let record = match self {
            Self::Group(value) => GroupLogRecord::ConsumerGroupMetadata {
                group,
                value: value.map(|GroupMetadata { epoch, metadata_hash }| {
                    ConsumerGroupMetadataValue { epoch, metadata_hash }
                }),
            },
            Self::Member(member, value) => GroupLogRecord::MemberMetadata {
                group,
                member: member.clone(),
                value: value.as_deref().map(write_metadata),
            },
            Self::TargetEpoch(value) => GroupLogRecord::TargetAssignmentMetadata {
                group,
                value: value
                    .map(|assignment_epoch| TargetAssignmentMetadataValue { assignment_epoch }),
            },
            Self::Target(member, value) => GroupLogRecord::TargetAssignmentMember {
                group,
                member: member.clone(),
                value: value.as_ref().map(|target| TargetAssignmentMemberValue {
                    partitions: write_assignment(target),
                }),
            },
            Self::Current(member, value) => GroupLogRecord::CurrentMemberAssignment {
                group,
                member: member.clone(),
                value: value.as_ref().map(write_current),
            },
            Self::Regex(regex, value) => GroupLogRecord::RegularExpression {
                group,
                regex: regex.clone(),
                value: value.as_ref().map(|resolved| RegularExpressionValue {
                    topics: resolved.topics.to_vec(),
                    version: resolved.version,
                    resolved_at: Timestamp(-1),
                }),
            },
        };
        record.encode()
    }

    /// The change that a record stands for; `None` if it is not about a group of this kind, or of
    /// a kind that is only ever forgotten.
    pub(crate) fn from_record(record: GroupLogRecord) -> Option<Self> {
        Some(match record {
            GroupLogRecord::ConsumerGroupMetadata { value, .. } => {
                Self::Group(value.map(|ConsumerGroupMetadataValue { epoch, metadata_hash }| {
                    GroupMetadata { epoch, metadata_hash }
                }))
            }
            GroupLogRecord::MemberMetadata { member, value, .. } => {
                Self::Member(member, value.map(|value| Arc::new(read_metadata(value))))
            }
            GroupLogRecord::TargetAssignmentMetadata { value, .. } => {
                Self::TargetEpoch(value.map(|value| value.assignment_epoch))
            }
            GroupLogRecord::TargetAssignmentMember { member, value, .. } => {
                Self::Target(member, value.map(|value| read_assignment(&value.partitions)))
            }
            GroupLogRecord::CurrentMemberAssignment { member, value, .. } => {
                Self::Current(member, value.map(|value| read_current(&value)))
            }
            GroupLogRecord::RegularExpression { regex, value, .. } => {
                let resolved = value.map(|value| Resolved {
                    compiled: Resolved::compile(&regex).ok(),
                    topics: value.topics.into(),
                    version: value.version,
                });
                Self::Regex(regex, resolved)
            }
            GroupLogRecord::OffsetCommit { .. }
            | GroupLogRecord::GroupMetadata { .. }
            | GroupLogRecord::PartitionMetadata { .. } => return None,
        })
    }
}

fn write_assignment(assignment: &Assignment) -> Vec<AssignedTopic> {
    let topic = |(topic_id, partitions): (_, &[TopicPartition])| AssignedTopic {
        topic_id,
        partitions: partitions.iter().map(|partition| partition.partition).collect(),
    };
    assignment.by_topic().map(topic).collect()
}

fn read_assignment(topics: &[AssignedTopic]) -> Assignment {
    let partitions = topics.iter().flat_map(|AssignedTopic { topic_id, partitions }| {
        let topic = *topic_id;
        partitions.iter().map(move |&partition| TopicPartition { topic, partition })
    });
    partitions.collect()
}

fn write_metadata(metadata: &Metadata) -> MemberMetadataValue {
    let timeout = metadata.rebalance_timeout.as_millis();
    MemberMetadataValue {
        instance: metadata.instance_id.clone(),
        rack: metadata.rack_id.clone(),
        client_id: metadata.client_id.clone(),
        client_host: metadata.client_host.clone(),
        topics: metadata.topics.clone(),
        topic_regex: metadata.regex.clone(),
        rebalance_timeout_ms: i32::try_from(timeout).unwrap_or(i32::MAX),
        server_assignor: metadata.assignor.map(|assignor| assignor.name().into()),
        classic_protocols: None,
    }
}

fn read_metadata(value: MemberMetadataValue) -> Metadata {
    let timeout = u64::try_from(value.rebalance_timeout_ms).unwrap_or(0);
    Metadata {
        instance_id: value.instance,
        rack_id: value.rack,
        client_id: value.client_id,
        client_host: value.client_host,
        topics: value.topics,
        regex: value.topic_regex.filter(|regex| !regex.is_empty()),
        rebalance_timeout: Duration::from_millis(timeout),
        assignor: value.server_assignor.as_deref().and_then(Assignor::named),
    }
}

fn write_current(current: &Current) -> CurrentMemberAssignmentValue {
    CurrentMemberAssignmentValue {
        member_epoch: current.epoch,
        previous_member_epoch: current.previous_epoch,
        state: match current.state {
            MemberState::Stable => 0,
            MemberState::UnrevokedPartitions => 1,
            MemberState::UnreleasedPartitions => 2,
        },
        assigned: write_assignment(&current.assigned),
        pending_revocation: write_assignment(&current.revoking),
    }
}

/// A state that is not known is one of a later Kafka: what the member has is to be given up first,
/// so that it can be assigned again.
fn read_current(value: &CurrentMemberAssignmentValue) -> Current {
    let assigned = read_assignment(&value.assigned);
    let revoking = read_assignment(&value.pending_revocation);
    let (epoch, previous_epoch) = (value.member_epoch, value.previous_member_epoch);
    let state = match value.state {
        0 => MemberState::Stable,
        2 => MemberState::UnreleasedPartitions,
        1 => MemberState::UnrevokedPartitions,
        _ => {
            let revoking = revoking.union(&assigned);
            let (state, assigned) = (MemberState::UnrevokedPartitions, Assignment::default());
            return Current { epoch, previous_epoch, state, assigned, revoking };
        }
    };
    Current { epoch, previous_epoch, state, assigned, revoking }
}
