//! `CreatePartitions`, key 37, versions 0-3, flexible from 2.
//!
//! - 3: `THROTTLING_QUOTA_EXCEEDED` may be answered (KIP-599).
//!
//! Version 1 changes nothing on the wire.

use record::NodeId;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for more partitions.
    pub struct CreatePartitionsRequest<'a> {
        /// Of which topics.
        topics: Array<'a, CreatePartitionsTopic<'a>>;
        /// How long to wait for their creation.
        timeout_ms: i32;
        /// Whether to check only, and create nothing.
        validate_only: bool;
    }
}

wire_struct! {
    /// A topic to add partitions to.
    pub struct CreatePartitionsTopic<'a> {
        /// Its name.
        name: &'a str;
        /// How many partitions it is to have.
        count: i32;
        /// Where to put the new ones, or null.
        assignments: Option<Array<'a, CreatePartitionsAssignment<'a>>> = Some(Array::EMPTY);
    }
}

wire_struct! {
    /// Where a new partition is put.
    pub struct CreatePartitionsAssignment<'a> {
        /// On which brokers, the leader first.
        broker_ids: Array<'a, NodeId>;
    }
}

wire_struct! {
    /// What became of the topics.
    pub struct CreatePartitionsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        results: Array<'a, CreatePartitionsResult<'a>>;
    }
}

wire_struct! {
    /// What became of a topic.
    pub struct CreatePartitionsResult<'a> {
        /// Its name.
        name: &'a str;
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str>;
    }
}
