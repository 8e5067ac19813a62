//! `AlterPartitionReassignments` (key 45): each partition has its one replica on this node, which
//! is the only place there is, so no reassignment ever begins.

use net::kafka::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{NodeId, PartitionIndex};

use super::assignment::check_replicas;
use crate::broker::range::Range;
use crate::broker::topics::Topic;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::CommandError;

/// A topic's name, and what came of its partitions.
type Answer<'a> = (&'a str, Vec<(PartitionIndex, Result<(), Problem>)>);

impl Connection {
    /// Answers for each partition as often as it is named, as Kafka does.
    pub(in crate::frontend::kafka) async fn alter_partition_reassignments(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = AlterPartitionReassignmentsRequest::decode(head.version, &mut reader)?;
        let node = NodeId(self.shard.config.settings.node_id);
        let mut answers: Vec<Answer<'_>> = Vec::with_capacity(request.topics.len());
        for asked in &request.topics {
            let topic = self.shard.topics.borrow().named(asked.name).cloned();
            let mut results = Vec::with_capacity(asked.partitions.len());
            for partition in &asked.partitions {
                let result = reassign(topic.as_deref(), &partition, node);
                self.shard.metrics.error(head.api(), error::code(&result));
                results.push((partition.partition, result));
                self.shard.runtime.yield_if_needed().await;
            }
            answers.push((asked.name, results));
        }
        let responses = answers.iter().map(|(name, results)| {
            let partitions =
                results.iter().map(|(partition, result)| ReassignablePartitionResponse {
                    partition: *partition,
                    error_code: error::code(result),
                    error_message: error::message(result),
                });
            (*name, partitions.collect::<Vec<_>>())
        });
        let responses: Vec<_> = responses.collect();
        let responses = responses.iter().map(|(name, partitions)| ReassignableTopicResponse {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let responses: Vec<_> = responses.collect();
        let response = AlterPartitionReassignmentsResponse {
            throttle_time_ms: 0,
            allow_replication_factor_change: request.allow_replication_factor_change,
            error_code: ErrorCode::NONE,
            error_message: None,
            responses: Array::from(&responses[..]),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

/// What comes of one reassignment. The one node is the one place, so what is allowed asks for what
/// is, and the number of replicas never changes.
fn reassign(
    topic: Option<&Topic>,
    asked: &ReassignablePartition<'_>,
    node: NodeId,
) -> Result<(), Problem> {
    let known = topic.is_some_and(|topic| topic.partition(asked.partition).is_some());
    // Words without the topic's name, which would make a long answer of a short request.
    known.then_some(()).ok_or(CommandError::UnknownTopic)?;
    let none_begun = || {
        let text = "No partition reassignment is in progress.";
        Problem::new(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, text)
    };
    check_replicas(asked.replicas.ok_or_else(none_begun)?, node)
}

#[cfg(test)]
mod tests {
    use record::{ShardId, TopicId};

    use super::*;
    use crate::broker::topics::Partition;
    use crate::config::Settings;
    use crate::topic_config::{Effective, Overrides};

    #[test]
    fn a_partition_stays_where_it_is_and_goes_nowhere_else() {
        let overrides = Overrides::default();
        let effective = Effective::new(&Settings::default(), &overrides);
        let topic = Topic::new(TopicId([1; 16]), "t", overrides, effective);
        topic.add_partition(Partition { owner: ShardId(0), log: None });
        let result = |topic, partition, replicas: Option<&[NodeId]>| {
            let partition = PartitionIndex(partition);
            let asked = ReassignablePartition { partition, replicas: replicas.map(Array::from) };
            error::code(&reassign(topic, &asked, NodeId(7)))
        };
        let (here, other, both) = ([NodeId(7)], [NodeId(8)], [NodeId(7), NodeId(8)]);
        assert_eq!(result(Some(&topic), 0, Some(&here)), ErrorCode::NONE);
        let twice = [NodeId(7), NodeId(7)];
        for elsewhere in [&[][..], &other[..], &both[..], &twice[..]] {
            let code = result(Some(&topic), 0, Some(elsewhere));
            assert_eq!(code, ErrorCode::INVALID_REPLICA_ASSIGNMENT, "{elsewhere:?}");
        }
        assert_eq!(result(Some(&topic), 0, None), ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
        for (topic, partition) in [(Some(&topic), 1), (Some(&topic), -1), (None, 0)] {
            for replicas in [Some(&here[..]), Some(&other[..]), None] {
                let code = result(topic, partition, replicas);
                assert_eq!(code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            }
        }
    }
}
