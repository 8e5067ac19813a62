//! What a cluster said about itself, kept: brokers, topics, leaders.

use std::collections::BTreeMap;

use record::{LeaderEpoch, NodeId, PartitionIndex, TopicId};

use super::endpoint::Endpoint;
use crate::kafka::api::metadata::{MetadataResponse, MetadataTopic};
use crate::kafka::error_code::ErrorCode;

/// The cluster as one broker described it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterMetadata {
    /// The cluster's id.
    pub cluster_id: Option<String>,
    /// The controller, -1 if unknown.
    pub controller: NodeId,
    /// The brokers that are alive, by id.
    pub brokers: Vec<BrokerInfo>,
    /// The topics asked for, by name; those that could not be described, too.
    pub topics: BTreeMap<String, TopicInfo>,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerInfo {
    /// Its id.
    pub id: NodeId,
    /// Where it is reached.
    pub endpoint: Endpoint,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// Whether it was found.
    pub code: ErrorCode,
    /// Its id, all zero from a broker that has none.
    pub id: TopicId,
    /// Whether it is the broker's own.
    pub is_internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionInfo>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Which.
    pub index: PartitionIndex,
    /// Whether it has a leader.
    pub code: ErrorCode,
    /// Its leader, -1 for none.
    pub leader: NodeId,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// The brokers that hold it.
    pub replicas: Vec<NodeId>,
    /// Those in sync with the leader.
    pub in_sync: Vec<NodeId>,
}

impl ClusterMetadata {
    /// A copy of an answer. Brokers with an impossible port and topics without a name are left out.
    pub fn of(response: &MetadataResponse<'_>) -> Self {
        let brokers = response.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            let endpoint = Endpoint { host: broker.host.to_owned(), port };
            Some(BrokerInfo { id: broker.node_id, endpoint })
        });
        let mut brokers: Vec<_> = brokers.collect();
        brokers.sort_by_key(|broker| broker.id);
        let topics = response.topics.iter();
        let topics =
            topics.filter_map(|topic| Some((topic.name?.to_owned(), TopicInfo::of(&topic))));
        Self {
            cluster_id: response.cluster_id.map(str::to_owned),
            controller: response.controller_id,
            brokers,
            topics: topics.collect(),
        }
    }

    /// Where a broker is reached.
    pub fn endpoint(&self, node: NodeId) -> Option<&Endpoint> {
        self.brokers.iter().find(|broker| broker.id == node).map(|broker| &broker.endpoint)
    }
}

impl TopicInfo {
    fn of(topic: &MetadataTopic<'_>) -> Self {
        let partitions = topic.partitions.iter().map(|partition| PartitionInfo {
            index: partition.partition,
            code: partition.error_code,
            leader: partition.leader_id,
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes.iter().collect(),
            in_sync: partition.isr_nodes.iter().collect(),
        });
        let mut partitions: Vec<_> = partitions.collect();
        partitions.sort_by_key(|partition| partition.index);
        Self {
            code: topic.error_code,
            id: topic.topic_id,
            is_internal: topic.is_internal,
            partitions,
        }
    }

    /// The partition of that number.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionInfo> {
        self.partitions.iter().find(|partition| partition.index == index)
    }
}
