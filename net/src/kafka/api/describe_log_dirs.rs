//! `DescribeLogDirs`, key 35, versions 1-4, flexible from 2: how much a broker's directories hold
//! (KIP-113).
//!
//! - 3: an error for the request as a whole (KIP-784).
//! - 4: size and free space of the directory's volume (KIP-827).

use record::PartitionIndex;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for the broker's directories.
    pub struct DescribeLogDirsRequest<'a> {
        /// The topics asked about, null for all.
        topics: Option<Array<'a, LogDirTopic<'a>>> = Some(Array::EMPTY);
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct LogDirTopic<'a> {
        /// Its name.
        topic: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// The broker's directories.
    pub struct DescribeLogDirsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether it went well.
        error_code: ErrorCode [3.., ignorable];
        /// The directories.
        results: Array<'a, DescribedLogDir<'a>>;
    }
}

wire_struct! {
    /// A directory.
    pub struct DescribedLogDir<'a> {
        /// Whether it can be used.
        error_code: ErrorCode;
        /// Its absolute path.
        log_dir: &'a str;
        /// The topics in it.
        topics: Array<'a, DescribedLogDirTopic<'a>>;
        /// The size of its volume in bytes, -1 if unknown.
        total_bytes: i64 [4.., ignorable] = -1;
        /// What is free on its volume in bytes, -1 if unknown.
        usable_bytes: i64 [4.., ignorable] = -1;
    }
}

wire_struct! {
    /// A topic in a directory.
    pub struct DescribedLogDirTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions there.
        partitions: Array<'a, DescribedLogDirPartition>;
    }
}

wire_struct! {
    /// A partition in a directory.
    pub struct DescribedLogDirPartition {
        /// Which.
        partition: PartitionIndex;
        /// The size of its segments in bytes.
        partition_size: i64;
        /// How many records it is behind: the high watermark, or for a future log the present one.
        offset_lag: i64;
        /// Whether it is to replace the log in another directory.
        is_future_key: bool;
    }
}
