//! `ListOffsets`, key 2, versions 1-10, flexible from 6: the offset at a point in time.
//!
//! - 2: isolation level; throttle time in the response.
//! - 4: leader epochs, both ways (KIP-320).
//! - 7: the offset of the largest timestamp may be asked for (KIP-734).
//! - 8: the earliest local offset may be asked for (KIP-405).
//! - 9: the latest tiered offset may be asked for (KIP-1005).
//! - 10: a timeout (KIP-1075).
//!
//! Versions 3 and 5 change nothing on the wire. Version 11 (KIP-1023) is not in Kafka 4.1.

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::isolation::IsolationLevel;
use crate::kafka::wire::{Array, wire_struct};

/// The next offset to be written, or to be read if only committed records are.
pub const LATEST: Timestamp = Timestamp(-1);
/// The first offset there is.
pub const EARLIEST: Timestamp = Timestamp(-2);
/// The record with the largest timestamp, from version 7.
pub const MAX_TIMESTAMP: Timestamp = Timestamp(-3);
/// The first offset on the leader's own disk, from version 8.
pub const EARLIEST_LOCAL: Timestamp = Timestamp(-4);
/// The last offset in tiered storage, from version 9.
pub const LATEST_TIERED: Timestamp = Timestamp(-5);

wire_struct! {
    /// Asks for offsets.
    pub struct ListOffsetsRequest<'a> {
        /// The asking broker, -1 for a client.
        replica_id: NodeId;
        /// What the latest offset is.
        isolation_level: IsolationLevel [2.., strict];
        /// What is asked about.
        topics: Array<'a, ListOffsetsTopic<'a>>;
        /// How long to wait for an answer from tiered storage, in milliseconds.
        timeout_ms: i32 [10.., ignorable];
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct ListOffsetsTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, ListOffsetsPartition>;
    }
}

wire_struct! {
    /// A partition asked about.
    pub struct ListOffsetsPartition {
        /// Which.
        partition: PartitionIndex;
        /// The epoch that the client knows, for fencing; -1 for no check.
        current_leader_epoch: LeaderEpoch [4.., ignorable] = LeaderEpoch::NONE;
        /// The first record at or after this time is asked for; or [`LATEST`] and so on.
        timestamp: Timestamp;
    }
}

wire_struct! {
    /// Offsets.
    pub struct ListOffsetsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [2.., ignorable];
        /// The topics asked about.
        topics: Array<'a, ListOffsetsTopicResponse<'a>>;
    }
}

wire_struct! {
    /// A topic's offsets.
    pub struct ListOffsetsTopicResponse<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, ListOffsetsPartitionResponse>;
    }
}

wire_struct! {
    /// A partition's offset.
    pub struct ListOffsetsPartitionResponse {
        /// Which.
        partition: PartitionIndex;
        /// Whether it went well.
        error_code: ErrorCode;
        /// The record's time; -1 for a special one, or if there is no such record.
        timestamp: Timestamp = Timestamp::NONE;
        /// The record's offset; -1 if there is no such record.
        offset: Offset = Offset::NONE;
        /// The record's leader epoch, -1 if unknown.
        leader_epoch: LeaderEpoch [4.., strict] = LeaderEpoch::NONE;
    }
}
