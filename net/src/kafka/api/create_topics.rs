//! `CreateTopics`, key 19, versions 2-7, flexible from 5.
//!
//! - 4: -1 asks for the broker's defaults of partitions and replication (KIP-464).
//! - 5: partitions, replication and configurations in the response (KIP-525).
//! - 6: `THROTTLING_QUOTA_EXCEEDED` may be answered (KIP-599).
//! - 7: the topic's id in the response (KIP-516).
//!
//! Version 3 changes nothing on the wire.

use record::{NodeId, PartitionIndex, TopicId};

use crate::kafka::config::ConfigSource;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for topics to be created.
    pub struct CreateTopicsRequest<'a> {
        /// The topics.
        topics: Array<'a, CreatableTopic<'a>>;
        /// How long to wait for their creation.
        timeout_ms: i32 = 60_000;
        /// Whether to check only, and create nothing.
        validate_only: bool;
    }
}

wire_struct! {
    /// A topic to create.
    pub struct CreatableTopic<'a> {
        /// Its name.
        name: &'a str;
        /// How many partitions; -1 with `assignments`, or for the default.
        num_partitions: i32;
        /// How many replicas; -1 with `assignments`, or for the default.
        replication_factor: i16;
        /// Where to put which partition, or empty.
        assignments: Array<'a, CreatableReplicaAssignment<'a>>;
        /// Its configurations that are not the default.
        configs: Array<'a, CreatableTopicConfig<'a>>;
    }
}

wire_struct! {
    /// Where a partition is put.
    pub struct CreatableReplicaAssignment<'a> {
        /// Which partition.
        partition: PartitionIndex;
        /// On which brokers, the leader first.
        broker_ids: Array<'a, NodeId>;
    }
}

wire_struct! {
    /// A configuration of a topic to create.
    pub struct CreatableTopicConfig<'a> {
        /// Its name.
        name: &'a str;
        /// Its value.
        value: Option<&'a str> = Some("");
    }
}

wire_struct! {
    /// What became of the topics.
    pub struct CreateTopicsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        topics: Array<'a, CreatableTopicResult<'a>>;
    }
}

wire_struct! {
    /// What became of a topic.
    pub struct CreatableTopicResult<'a> {
        /// Its name.
        name: &'a str;
        /// Its id.
        topic_id: TopicId [7.., ignorable];
        /// Whether it was created.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
        /// How many partitions it has.
        num_partitions: i32 [5.., ignorable] = -1;
        /// How many replicas it has.
        replication_factor: i16 [5.., ignorable] = -1;
        /// Its configurations; null if the client may not see them.
        configs: Option<Array<'a, CreatableTopicConfigs<'a>>> [5.., ignorable] =
            Some(Array::EMPTY);
    }
    tagged {
        /// Why the configurations are not given.
        0 => topic_config_error_code: ErrorCode [5.., ignorable];
    }
}

wire_struct! {
    /// A configuration of a created topic.
    pub struct CreatableTopicConfigs<'a> {
        /// Its name.
        name: &'a str;
        /// Its value, null if it is secret.
        value: Option<&'a str> = Some("");
        /// Whether it can not be changed.
        read_only: bool;
        /// Where the value comes from; must be a real source, see [`ConfigSource::UNSET`].
        config_source: ConfigSource = ConfigSource::UNSET;
        /// Whether it is secret.
        is_sensitive: bool;
    }
}
