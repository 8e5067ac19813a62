//! `ListPartitionReassignments`, key 46, version 0, flexible: the partitions that are getting
//! other replicas (KIP-455).

use record::{NodeId, PartitionIndex};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for the reassignments under way.
    pub struct ListPartitionReassignmentsRequest<'a> {
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = 60_000;
        /// The topics asked about, null for all.
        topics: Option<Array<'a, ListReassignmentsTopic<'a>>>;
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct ListReassignmentsTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// The reassignments under way.
    pub struct ListPartitionReassignmentsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
        /// The topics that have some.
        topics: Array<'a, OngoingTopicReassignment<'a>>;
    }
}

wire_struct! {
    /// A topic's reassignments.
    pub struct OngoingTopicReassignment<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions that are being reassigned.
        partitions: Array<'a, OngoingPartitionReassignment<'a>>;
    }
}

wire_struct! {
    /// A partition's reassignment.
    pub struct OngoingPartitionReassignment<'a> {
        /// Which.
        partition: PartitionIndex;
        /// All of its replicas at present.
        replicas: Array<'a, NodeId>;
        /// Those that it is getting.
        adding_replicas: Array<'a, NodeId>;
        /// Those that it is losing.
        removing_replicas: Array<'a, NodeId>;
    }
}
