//! `DeleteRecords`, key 21, versions 0-2, flexible from 2: moves the start of logs.
//!
//! Version 1 changes nothing on the wire.

use record::{Offset, PartitionIndex};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for records to be deleted.
    pub struct DeleteRecordsRequest<'a> {
        /// Of which topics.
        topics: Array<'a, DeleteRecordsTopic<'a>>;
        /// How long to wait for the deletion.
        timeout_ms: i32;
    }
}

wire_struct! {
    /// A topic to delete records of.
    pub struct DeleteRecordsTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, DeleteRecordsPartition>;
    }
}

wire_struct! {
    /// A partition to delete records of.
    pub struct DeleteRecordsPartition {
        /// Which.
        partition: PartitionIndex;
        /// The first offset to keep; -1 for the high watermark.
        offset: Offset;
    }
}

wire_struct! {
    /// Where the logs start now.
    pub struct DeleteRecordsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        topics: Array<'a, DeleteRecordsTopicResult<'a>>;
    }
}

wire_struct! {
    /// A topic's result.
    pub struct DeleteRecordsTopicResult<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, DeleteRecordsPartitionResult>;
    }
}

wire_struct! {
    /// A partition's result.
    pub struct DeleteRecordsPartitionResult {
        /// Which.
        partition: PartitionIndex;
        /// Where the log starts now.
        low_watermark: Offset;
        /// Whether it went well.
        error_code: ErrorCode;
    }
}
