//! `OffsetCommit`, key 8, versions 2-9, flexible from 8: how far a group has read.
//!
//! - 3: throttle time.
//! - 5: no retention time any more; the broker's holds (KIP-211).
//! - 6: the epoch of the last record read (KIP-320).
//! - 7: static members (KIP-345).
//! - 9: members of KIP-848 groups, with new errors.
//!
//! Version 4 changes nothing on the wire.

use record::{LeaderEpoch, Offset, PartitionIndex};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Commits offsets.
    pub struct OffsetCommitRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// A classic group's generation or a KIP-848 member's epoch; -1 from outside of the group.
        generation_id_or_member_epoch: i32 = -1;
        /// The member, empty from outside of the group.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str> [7.., strict];
        /// How long to keep the offsets, in milliseconds; -1 for the broker's setting.
        retention_time_ms: i64 [..=4, ignorable] = -1;
        /// The topics read.
        topics: Array<'a, OffsetCommitTopic<'a>>;
    }
}

wire_struct! {
    /// A topic read.
    pub struct OffsetCommitTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions read.
        partitions: Array<'a, OffsetCommitPartition<'a>>;
    }
}

wire_struct! {
    /// A partition read.
    pub struct OffsetCommitPartition<'a> {
        /// Which.
        partition: PartitionIndex;
        /// The offset to go on with.
        committed_offset: Offset;
        /// The epoch of the last record read, -1 if unknown.
        committed_leader_epoch: LeaderEpoch [6.., ignorable] = LeaderEpoch::NONE;
        /// What the client wants to keep with it.
        committed_metadata: Option<&'a str> = Some("");
    }
}

wire_struct! {
    /// What became of the commits.
    pub struct OffsetCommitResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [3.., ignorable];
        /// The topics.
        topics: Array<'a, OffsetCommitTopicResult<'a>>;
    }
}

wire_struct! {
    /// What became of a topic's commits.
    pub struct OffsetCommitTopicResult<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, OffsetCommitPartitionResult>;
    }
}

wire_struct! {
    /// What became of a partition's commit.
    pub struct OffsetCommitPartitionResult {
        /// Which.
        partition: PartitionIndex;
        /// Whether it is committed.
        error_code: ErrorCode;
    }
}
