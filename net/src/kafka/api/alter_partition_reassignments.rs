//! `AlterPartitionReassignments`, key 45, versions 0-1, flexible in all: partitions get other
//! replicas, or keep those that they have (KIP-455).
//!
//! - 1: whether a partition may get more or fewer replicas than it has (KIP-860).

use record::{NodeId, PartitionIndex};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Says where partitions are to have their replicas.
    pub struct AlterPartitionReassignmentsRequest<'a> {
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = 60_000;
        /// Whether partitions may get more or fewer replicas than they have.
        allow_replication_factor_change: bool [1.., strict] = true;
        /// The topics.
        topics: Array<'a, ReassignableTopic<'a>>;
    }
}

wire_struct! {
    /// A topic with partitions to reassign.
    pub struct ReassignableTopic<'a> {
        /// Its name.
        name: &'a str;
        /// The partitions.
        partitions: Array<'a, ReassignablePartition<'a>>;
    }
}

wire_struct! {
    /// A partition to reassign.
    pub struct ReassignablePartition<'a> {
        /// Which.
        partition: PartitionIndex;
        /// Where its replicas are to be, null to give up a reassignment that is under way.
        replicas: Option<Array<'a, NodeId>>;
    }
}

wire_struct! {
    /// What became of the reassignments.
    pub struct AlterPartitionReassignmentsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// As in the request.
        allow_replication_factor_change: bool [1.., ignorable] = true;
        /// Whether there were any.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
        /// The topics.
        responses: Array<'a, ReassignableTopicResponse<'a>>;
    }
}

wire_struct! {
    /// What became of a topic's reassignments.
    pub struct ReassignableTopicResponse<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, ReassignablePartitionResponse<'a>>;
    }
}

wire_struct! {
    /// What became of a partition's reassignment.
    pub struct ReassignablePartitionResponse<'a> {
        /// Which.
        partition: PartitionIndex;
        /// Whether its reassignment has begun, or was given up if that was asked for.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
    }
}
