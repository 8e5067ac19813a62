//! `DescribeProducers`, key 61, version 0, flexible: the producers that a partition knows, to find
//! transactions that hang (KIP-664).

use record::{Offset, PartitionIndex, ProducerId, Timestamp};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for producers.
    pub struct DescribeProducersRequest<'a> {
        /// The topics asked about.
        topics: Array<'a, ProducersTopic<'a>>;
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct ProducersTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// Producers.
    pub struct DescribeProducersResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        topics: Array<'a, ProducersTopicResult<'a>>;
    }
}

wire_struct! {
    /// A topic's producers.
    pub struct ProducersTopicResult<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, ProducersPartitionResult<'a>>;
    }
}

wire_struct! {
    /// A partition's producers.
    pub struct ProducersPartitionResult<'a> {
        /// Which partition.
        partition: PartitionIndex;
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str>;
        /// The producers.
        active_producers: Array<'a, ProducerState>;
    }
}

wire_struct! {
    /// A producer, as a partition knows it.
    pub struct ProducerState {
        /// Its id.
        producer_id: ProducerId = ProducerId(0);
        /// Its epoch, in 32 bits here alone.
        producer_epoch: i32;
        /// The last sequence number that it sent, -1 for none.
        last_sequence: i32 = -1;
        /// The time of the last batch that it sent, -1 for none.
        last_timestamp: Timestamp = Timestamp::NONE;
        /// The epoch of the coordinator that wrote its last transaction marker.
        coordinator_epoch: i32;
        /// Where its open transaction begins, -1 if it has none.
        current_txn_start_offset: Offset = Offset::NONE;
    }
}
