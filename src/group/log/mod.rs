//! The records of `__consumer_offsets`, byte for byte as Kafka writes them.
//!
//! A record's key opens with two bytes that say which record it is, its value with two bytes of
//! version; then come the fields of Kafka's schemas (group-coordinator, `common/message`), keys
//! never in the flexible encoding, values from the version that the schema says. No value is a
//! tombstone. Tagged fields that are not known here are skipped, as KIP-915 wants it.

mod assignment;
mod consumer_group;
mod consumer_member;
mod entry;
mod error;
mod group_metadata;
mod offset_commit;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub use assignment::{
    AssignedTopic, CurrentMemberAssignmentValue, TargetAssignmentMemberValue,
    TargetAssignmentMetadataValue,
};
pub use consumer_group::{
    ConsumerGroupMetadataValue, PartitionMetadataValue, PartitionRacks, RegularExpressionValue,
    TopicMetadata,
};
pub use consumer_member::{ClassicProtocol, MemberMetadataValue};
pub use entry::GroupLogRecord;
pub use error::LogError;
pub use group_metadata::{GroupMetadataMember, GroupMetadataValue};
pub use offset_commit::{OffsetCommitKey, OffsetCommitValue};
pub use writer::STRING_BYTES_MAX;
