//! `OffsetForLeaderEpoch`, key 23, versions 2-4, flexible from 4: where an epoch ended, so that a
//! consumer notices that the log it read was cut (KIP-320).
//!
//! - 3: which replica asks.

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks where epochs ended.
    pub struct OffsetForLeaderEpochRequest<'a> {
        /// The asking broker; -1 for a client, -2 if unknown.
        replica_id: NodeId [3.., ignorable] = NodeId(-2);
        /// The topics asked about.
        topics: Array<'a, EpochTopic<'a>>;
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct EpochTopic<'a> {
        /// Its name.
        topic: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, EpochPartition>;
    }
}

wire_struct! {
    /// A partition asked about.
    pub struct EpochPartition {
        /// Which.
        partition: PartitionIndex;
        /// The epoch that the client knows, for fencing; -1 for no check.
        current_leader_epoch: LeaderEpoch = LeaderEpoch::NONE;
        /// The epoch whose end is asked for.
        leader_epoch: LeaderEpoch;
    }
}

wire_struct! {
    /// Where epochs ended.
    pub struct OffsetForLeaderEpochResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics asked about.
        topics: Array<'a, EpochTopicResult<'a>>;
    }
}

wire_struct! {
    /// A topic's answer.
    pub struct EpochTopicResult<'a> {
        /// Its name.
        topic: &'a str;
        /// Its partitions.
        partitions: Array<'a, EpochEndOffset>;
    }
}

wire_struct! {
    /// Where an epoch of a partition ended.
    pub struct EpochEndOffset {
        /// Whether it went well.
        error_code: ErrorCode;
        /// Which partition.
        partition: PartitionIndex;
        /// The largest epoch up to the one asked for, -1 if there is none.
        leader_epoch: LeaderEpoch = LeaderEpoch::NONE;
        /// The offset behind its last record, -1 if unknown.
        end_offset: Offset = Offset::NONE;
    }
}
