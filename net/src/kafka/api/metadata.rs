//! `Metadata`, key 3, versions 0-13, flexible from 9: brokers, topics and who leads what.
//!
//! - 1: null topics ask for all, an empty list for none (in 0 an empty list asks for all); racks,
//!   controller and whether a topic is internal.
//! - 2: cluster id.
//! - 3: throttle time.
//! - 4: whether topics may be created.
//! - 5: offline replicas.
//! - 7: leader epochs (KIP-320).
//! - 8: authorized operations (KIP-430).
//! - 10: topic ids, in the request beside or in place of names (KIP-516).
//! - 11: authorized operations of the cluster are gone (KIP-700).
//! - 12: topics may be asked for by id alone; then an unknown topic's name is null.
//! - 13: an error code for the whole answer (KIP-1102).
//!
//! Version 6 changes nothing on the wire.

use record::{LeaderEpoch, NodeId, PartitionIndex, TopicId};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

/// Authorized operations that were not asked for.
pub const OPERATIONS_NOT_ASKED: i32 = i32::MIN;

wire_struct! {
    /// Asks for metadata.
    pub struct MetadataRequest<'a> {
        /// The topics; null, or in version 0 none, for all.
        topics: Option<Array<'a, MetadataRequestTopic<'a>>> [null 1..] = Some(Array::EMPTY);
        /// Whether missing topics may be created if the broker is set so.
        allow_auto_topic_creation: bool [4.., strict] = true;
        /// Whether what the client may do to the cluster is asked for.
        include_cluster_authorized_operations: bool [8..=10, strict];
        /// Whether what the client may do to each topic is asked for.
        include_topic_authorized_operations: bool [8.., strict];
    }
}

wire_struct! {
    /// A topic asked for.
    pub struct MetadataRequestTopic<'a> {
        /// Its id; all zero if it is asked for by name.
        topic_id: TopicId [10.., ignorable];
        /// Its name; null if it is asked for by id.
        name: Option<&'a str> [null 10..] = Some("");
    }
}

wire_struct! {
    /// Metadata.
    pub struct MetadataResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [3.., ignorable];
        /// Every live broker.
        brokers: Array<'a, MetadataBroker<'a>>;
        /// The cluster's id.
        cluster_id: Option<&'a str> [2.., ignorable];
        /// The controller, -1 if unknown.
        controller_id: NodeId [1.., ignorable] = NodeId(-1);
        /// The topics asked for.
        topics: Array<'a, MetadataTopic<'a>>;
        /// What the client may do to the cluster, a bit per operation.
        cluster_authorized_operations: i32 [8..=10, strict] = OPERATIONS_NOT_ASKED;
        /// What went wrong with the request as a whole.
        error_code: ErrorCode [13.., ignorable];
    }
}

wire_struct! {
    /// A broker.
    pub struct MetadataBroker<'a> {
        /// Its id.
        node_id: NodeId;
        /// Its host name or address, as this client reaches it.
        host: &'a str;
        /// Its port.
        port: i32;
        /// Its rack, if it has one.
        rack: Option<&'a str> [1.., ignorable];
    }
}

wire_struct! {
    /// A topic.
    pub struct MetadataTopic<'a> {
        /// Whether it was found.
        error_code: ErrorCode;
        /// Its name; null for an id that is unknown.
        name: Option<&'a str> [null 12..] = Some("");
        /// Its id.
        topic_id: TopicId [10.., ignorable];
        /// Whether it belongs to the broker itself.
        is_internal: bool [1.., ignorable];
        /// Its partitions.
        partitions: Array<'a, MetadataPartition<'a>>;
        /// What the client may do to the topic, a bit per operation.
        topic_authorized_operations: i32 [8.., strict] = OPERATIONS_NOT_ASKED;
    }
}

wire_struct! {
    /// A partition.
    pub struct MetadataPartition<'a> {
        /// Whether it has a leader.
        error_code: ErrorCode;
        /// Which.
        partition: PartitionIndex;
        /// The broker that leads it, -1 for none.
        leader_id: NodeId;
        /// The leader's epoch.
        leader_epoch: LeaderEpoch [7.., ignorable] = LeaderEpoch::NONE;
        /// The brokers that hold it.
        replica_nodes: Array<'a, NodeId>;
        /// Those in sync with the leader.
        isr_nodes: Array<'a, NodeId>;
        /// Those that are down.
        offline_replicas: Array<'a, NodeId> [5.., ignorable];
    }
}
