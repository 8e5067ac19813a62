//! `DescribeQuorum`, key 55, versions 0-2, flexible in all: who keeps the cluster's metadata, and
//! how far each has come (KIP-595).
//!
//! - 1: when a replica last fetched, and when it last had everything (KIP-836).
//! - 2: the directories of replicas, the listeners of voters, errors in words (KIP-853).

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp, TopicId};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

/// The topic of the cluster's metadata, which has partition 0 only.
pub const METADATA_TOPIC: &str = "__cluster_metadata";

wire_struct! {
    /// Asks about quorums; there is one, that of [`METADATA_TOPIC`].
    pub struct DescribeQuorumRequest<'a> {
        /// The topics asked about.
        topics: Array<'a, QuorumTopic<'a>>;
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct QuorumTopic<'a> {
        /// Its name.
        topic_name: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, QuorumPartition>;
    }
}

wire_struct! {
    /// A partition asked about.
    pub struct QuorumPartition {
        /// Which.
        partition: PartitionIndex;
    }
}

wire_struct! {
    /// The quorums.
    pub struct DescribeQuorumResponse<'a> {
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> [2.., ignorable] = Some("");
        /// The topics.
        topics: Array<'a, DescribedQuorumTopic<'a>>;
        /// The voters and where they are reached.
        nodes: Array<'a, QuorumNode<'a>> [2.., strict];
    }
}

wire_struct! {
    /// A topic.
    pub struct DescribedQuorumTopic<'a> {
        /// Its name.
        topic_name: &'a str;
        /// Its partitions.
        partitions: Array<'a, DescribedQuorumPartition<'a>>;
    }
}

wire_struct! {
    /// A partition and its quorum.
    pub struct DescribedQuorumPartition<'a> {
        /// Which.
        partition: PartitionIndex;
        /// Whether it could be described.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> [2.., ignorable] = Some("");
        /// Who leads it, -1 if unknown.
        leader_id: NodeId;
        /// In which epoch.
        leader_epoch: LeaderEpoch;
        /// What a majority of the voters has: the first offset that it has not.
        high_watermark: Offset;
        /// The replicas that elect the leader.
        current_voters: Array<'a, QuorumReplica>;
        /// The replicas that only read.
        observers: Array<'a, QuorumReplica>;
    }
}

wire_struct! {
    /// How far a replica has come.
    pub struct QuorumReplica {
        /// Which.
        replica_id: NodeId;
        /// The id of its directory, nil if it has none.
        replica_directory_id: TopicId [2.., strict];
        /// Where its log ends, -1 if unknown.
        log_end_offset: Offset;
        /// When it last fetched by the leader's clock, -1 if unknown; now for the leader.
        last_fetch_timestamp: Timestamp [1.., ignorable] = Timestamp::NONE;
        /// When it last had all that the leader had, -1 if unknown; now for the leader.
        last_caught_up_timestamp: Timestamp [1.., ignorable] = Timestamp::NONE;
    }
}

wire_struct! {
    /// A voter and where it is reached.
    pub struct QuorumNode<'a> {
        /// Which.
        node_id: NodeId;
        /// Its listeners.
        listeners: Array<'a, QuorumListener<'a>>;
    }
}

wire_struct! {
    /// A listener of a voter.
    pub struct QuorumListener<'a> {
        /// Its name.
        name: &'a str;
        /// A host name or address.
        host: &'a str;
        /// A port.
        port: u16;
    }
}
