//! `ElectLeaders`, key 43, versions 0-2, flexible from 2: partitions get another leader.
//!
//! - 1: unclean elections; an error for the request as a whole (KIP-460).

use record::PartitionIndex;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_newtype, wire_struct};

/// Who may be elected. Other values than those named are kept as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ElectionType(pub i8);

impl ElectionType {
    /// The first of the partition's replicas, if it is in sync.
    pub const PREFERRED: Self = Self(0);
    /// Any replica, if none is in sync: records may be lost.
    pub const UNCLEAN: Self = Self(1);
}

wire_newtype!(ElectionType(i8));

wire_struct! {
    /// Asks for elections.
    pub struct ElectLeadersRequest<'a> {
        /// Who may be elected.
        election_type: ElectionType [1.., strict];
        /// Where, null for everywhere.
        topic_partitions: Option<Array<'a, ElectionTopic<'a>>> = Some(Array::EMPTY);
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = 60_000;
    }
}

wire_struct! {
    /// A topic to elect leaders of.
    pub struct ElectionTopic<'a> {
        /// Its name.
        topic: &'a str;
        /// Its partitions to elect leaders of.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// What became of the elections.
    pub struct ElectLeadersResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether there were any.
        error_code: ErrorCode [1.., strict];
        /// The topics.
        replica_election_results: Array<'a, ElectionTopicResult<'a>>;
    }
}

wire_struct! {
    /// What became of a topic's elections.
    pub struct ElectionTopicResult<'a> {
        /// Its name.
        topic: &'a str;
        /// Its partitions.
        partition_result: Array<'a, ElectionPartitionResult<'a>>;
    }
}

wire_struct! {
    /// What became of a partition's election.
    pub struct ElectionPartitionResult<'a> {
        /// Which.
        partition: PartitionIndex;
        /// Whether it has a new leader; `ELECTION_NOT_NEEDED` if the right one leads already.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
    }
}
