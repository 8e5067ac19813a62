//! `DescribeQuorum` (key 55): the registry's log as Kafka's `__cluster_metadata`. This node is its
//! only voter, and so its leader.

use net::kafka::api::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, DescribedQuorumPartition, DescribedQuorumTopic,
    METADATA_TOPIC, QuorumListener, QuorumNode, QuorumReplica, QuorumTopic,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::log::REGISTRY_LOG;
use crate::shard::message::{LogAnswer, LogFailure, LogQuery};

/// The first version with the listeners of voters.
const NODES_FROM: i16 = 2;
/// Kafka's name of a listener without encryption.
const LISTENER: &str = "PLAINTEXT";

/// How far the registry's log has come.
struct MetadataLog {
    leader_epoch: LeaderEpoch,
    high_watermark: Offset,
    end: Offset,
}

impl Connection {
    /// Asks the registry's log.
    pub(in crate::frontend::kafka) async fn describe_quorum(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeQuorumRequest::decode(head.version, &mut reader)?;
        if !asks_for_metadata(&request) {
            return self.refuse_quorums(&request, head, reply);
        }
        let node = self.node();
        let now = Timestamp(self.shard.runtime.wall_millis());
        let replica = QuorumReplica {
            replica_id: node.id,
            replica_directory_id: TopicId::NIL,
            log_end_offset: Offset::NONE,
            last_fetch_timestamp: now,
            last_caught_up_timestamp: now,
        };
        let listeners = [QuorumListener { name: LISTENER, host: &node.host, port: node.port }];
        let nodes = [QuorumNode { node_id: node.id, listeners: Array::from(&listeners) }];
        let (voters, partition, nodes) = match self.metadata_log().await {
            Ok(log) => {
                let partition = DescribedQuorumPartition {
                    leader_id: node.id,
                    leader_epoch: log.leader_epoch,
                    high_watermark: log.high_watermark,
                    ..DescribedQuorumPartition::default()
                };
                let named = head.version.number() >= NODES_FROM;
                let nodes = if named { Array::from(&nodes) } else { Array::EMPTY };
                (vec![QuorumReplica { log_end_offset: log.end, ..replica }], partition, nodes)
            }
            Err(failure) => (Vec::new(), failed(error::of_log(&failure)), Array::EMPTY),
        };
        self.shard.metrics.error(head.api(), partition.error_code);
        let current_voters = Array::from(&voters[..]);
        let partitions = [DescribedQuorumPartition { current_voters, ..partition }];
        let topics = [DescribedQuorumTopic {
            topic_name: METADATA_TOPIC,
            partitions: Array::from(&partitions),
        }];
        let response = DescribeQuorumResponse {
            topics: Array::from(&topics),
            nodes,
            ..DescribeQuorumResponse::default()
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// As in Kafka, what is asked besides or instead of the metadata has all of it refused.
    fn refuse_quorums(
        &self,
        request: &DescribeQuorumRequest<'_>,
        head: Head,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        self.shard.metrics.error(head.api(), unknown);
        let topics = request.topics.iter().map(|topic| {
            let asked = topic.partitions.iter();
            let partitions = asked.map(|asked| DescribedQuorumPartition {
                partition: asked.partition,
                ..failed(unknown)
            });
            (topic.topic_name, partitions.collect::<Vec<_>>())
        });
        let topics: Vec<_> = topics.collect();
        let topics = topics.iter().map(|(topic_name, partitions)| DescribedQuorumTopic {
            topic_name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response = DescribeQuorumResponse {
            topics: Array::from(&topics[..]),
            ..DescribeQuorumResponse::default()
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn metadata_log(&self) -> Result<MetadataLog, LogFailure> {
        let bounds = self.shard.query(REGISTRY_LOG, LogQuery::Bounds).await?;
        let LogAnswer::Bounds { high_watermark, leader_epoch, .. } = bounds else {
            return Err(LogFailure::Stopping);
        };
        // Second, so that the end is not before the high watermark.
        let end = self.shard.query(REGISTRY_LOG, LogQuery::EpochEnd(leader_epoch)).await?;
        let LogAnswer::EpochEnd { end: Some((_, end)), .. } = end else {
            return Err(LogFailure::Stopping);
        };
        Ok(MetadataLog { leader_epoch, high_watermark, end })
    }
}

/// Whether the one partition of the metadata is asked for, and nothing else.
fn asks_for_metadata(request: &DescribeQuorumRequest<'_>) -> bool {
    let is_metadata = |topic: QuorumTopic<'_>| {
        topic.topic_name == METADATA_TOPIC
            && topic.partitions.len() == 1
            && topic.partitions.iter().all(|asked| asked.partition == PartitionIndex(0))
    };
    request.topics.len() == 1 && request.topics.iter().all(is_metadata)
}

fn failed(error_code: ErrorCode) -> DescribedQuorumPartition<'static> {
    DescribedQuorumPartition { error_code, ..DescribedQuorumPartition::default() }
}

#[cfg(test)]
mod tests {
    use net::kafka::api::describe_quorum::QuorumPartition;

    use super::*;

    #[test]
    fn the_metadata_is_one_partition_and_asked_for_alone() {
        let asks = |topics: &[(&str, &[i32])]| {
            let partitions: Vec<Vec<_>> = topics
                .iter()
                .map(|(_, partitions)| {
                    let partitions = partitions.iter().copied().map(PartitionIndex);
                    partitions.map(|partition| QuorumPartition { partition }).collect()
                })
                .collect();
            let topics: Vec<_> = topics
                .iter()
                .zip(&partitions)
                .map(|((topic_name, _), partitions)| QuorumTopic {
                    topic_name,
                    partitions: Array::from(&partitions[..]),
                })
                .collect();
            asks_for_metadata(&DescribeQuorumRequest { topics: Array::from(&topics[..]) })
        };
        assert!(asks(&[(METADATA_TOPIC, &[0])]));
        let others: [&[(&str, &[i32])]; 6] = [
            &[],
            &[(METADATA_TOPIC, &[])],
            &[(METADATA_TOPIC, &[1])],
            &[(METADATA_TOPIC, &[0, 0])],
            &[("t", &[0])],
            &[(METADATA_TOPIC, &[0]), ("t", &[0])],
        ];
        for topics in others {
            assert!(!asks(topics), "{topics:?}");
        }
    }
}
