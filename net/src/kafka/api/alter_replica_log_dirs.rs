//! `AlterReplicaLogDirs`, key 34, versions 1-2, flexible from 2: replicas move to other
//! directories of a broker (KIP-113).

use record::PartitionIndex;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Says which replicas are to be in which directory.
    pub struct AlterReplicaLogDirsRequest<'a> {
        /// The directories.
        dirs: Array<'a, AlterReplicaLogDir<'a>>;
    }
}

wire_struct! {
    /// A directory.
    pub struct AlterReplicaLogDir<'a> {
        /// Its absolute path.
        path: &'a str;
        /// The topics with replicas to be in it.
        topics: Array<'a, AlterReplicaLogDirTopic<'a>>;
    }
}

wire_struct! {
    /// A topic with replicas to be in a directory.
    pub struct AlterReplicaLogDirTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// What became of it.
    pub struct AlterReplicaLogDirsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        results: Array<'a, AlterReplicaLogDirTopicResult<'a>>;
    }
}

wire_struct! {
    /// What became of a topic's replicas.
    pub struct AlterReplicaLogDirTopicResult<'a> {
        /// Its name.
        topic_name: &'a str;
        /// Its partitions.
        partitions: Array<'a, AlterReplicaLogDirPartitionResult>;
    }
}

wire_struct! {
    /// What became of a replica.
    pub struct AlterReplicaLogDirPartitionResult {
        /// Its partition.
        partition: PartitionIndex;
        /// Whether it is in the directory, or on its way there.
        error_code: ErrorCode;
    }
}
