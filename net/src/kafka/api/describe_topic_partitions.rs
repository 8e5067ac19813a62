//! `DescribeTopicPartitions`, key 75, version 0, flexible: topics page by page (KIP-966).

use record::{LeaderEpoch, NodeId, PartitionIndex, TopicId};

use crate::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_nullable, wire_struct};

wire_struct! {
    /// Asks for a page of partitions.
    pub struct DescribeTopicPartitionsRequest<'a> {
        /// The topics; empty for all.
        topics: Array<'a, TopicRequest<'a>>;
        /// How many partitions the answer may hold.
        response_partition_limit: i32 = 2_000;
        /// Where to start; null for the beginning.
        cursor: Option<Cursor<'a>>;
    }
}

wire_struct! {
    /// A topic asked for.
    pub struct TopicRequest<'a> {
        /// Its name.
        name: &'a str;
    }
}

wire_struct! {
    /// Where a page starts.
    pub struct Cursor<'a> {
        /// With which topic.
        topic_name: &'a str;
        /// With which of its partitions.
        partition: PartitionIndex;
    }
}

wire_struct! {
    /// A page of partitions.
    pub struct DescribeTopicPartitionsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics, by name.
        topics: Array<'a, DescribedTopic<'a>>;
        /// Where the next page starts; null if there is none.
        next_cursor: Option<Cursor<'a>>;
    }
}

wire_struct! {
    /// A topic.
    pub struct DescribedTopic<'a> {
        /// Whether it was found.
        error_code: ErrorCode;
        /// Its name.
        name: Option<&'a str> = Some("");
        /// Its id.
        topic_id: TopicId;
        /// Whether it belongs to the broker itself.
        is_internal: bool;
        /// Its partitions, those on this page.
        partitions: Array<'a, DescribedPartition<'a>>;
        /// What the client may do to the topic, a bit per operation.
        topic_authorized_operations: i32 = OPERATIONS_NOT_ASKED;
    }
}

wire_struct! {
    /// A partition.
    pub struct DescribedPartition<'a> {
        /// Whether it has a leader.
        error_code: ErrorCode;
        /// Which.
        partition: PartitionIndex;
        /// The broker that leads it, -1 for none.
        leader_id: NodeId;
        /// The leader's epoch.
        leader_epoch: LeaderEpoch = LeaderEpoch::NONE;
        /// The brokers that hold it.
        replica_nodes: Array<'a, NodeId>;
        /// Those in sync with the leader.
        isr_nodes: Array<'a, NodeId>;
        /// Those out of sync that may still lead without loss, null if not kept.
        eligible_leader_replicas: Option<Array<'a, NodeId>>;
        /// The last of those that were known, null if not kept.
        last_known_elr: Option<Array<'a, NodeId>>;
        /// Those that are down.
        offline_replicas: Array<'a, NodeId>;
    }
}

wire_nullable!(Cursor<'a>);
