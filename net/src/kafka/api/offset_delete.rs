//! `OffsetDelete`, key 47, version 0, not flexible: a group forgets how far it has read (KIP-496).

use record::PartitionIndex;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for offsets to be deleted.
    pub struct OffsetDeleteRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// The topics to forget.
        topics: Array<'a, OffsetDeleteTopic<'a>>;
    }
}

wire_struct! {
    /// A topic to forget.
    pub struct OffsetDeleteTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions to forget.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// What became of the offsets.
    pub struct OffsetDeleteResponse<'a> {
        /// Whether it went well for the group.
        error_code: ErrorCode;
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        topics: Array<'a, OffsetDeleteTopicResult<'a>>;
    }
}

wire_struct! {
    /// What became of a topic's offsets.
    pub struct OffsetDeleteTopicResult<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, OffsetDeletePartitionResult>;
    }
}

wire_struct! {
    /// What became of a partition's offset.
    pub struct OffsetDeletePartitionResult {
        /// Which.
        partition: PartitionIndex;
        /// Whether it is deleted; `GROUP_SUBSCRIBED_TO_TOPIC` while the topic is read.
        error_code: ErrorCode;
    }
}
