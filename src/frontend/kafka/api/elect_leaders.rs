//! `ElectLeaders` (key 43): each partition is led by its only replica, which is the one that
//! should lead it, so no election is ever needed.

use net::kafka::api::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, ElectionPartitionResult, ElectionTopicResult,
    ElectionType,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::PartitionIndex;

use crate::broker::range::Range;
use crate::broker::topics::Topic;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::Problem;
use crate::frontend::kafka::request::{Hangup, Head};

/// A topic's name, and what there is to say of its partitions.
type Answer = (String, Vec<(PartitionIndex, Problem)>);

impl Connection {
    /// Answers at once. Where all partitions are meant, only those are told of that have not the
    /// leader they should have, which is none; their topics are named, as in Kafka.
    pub(in crate::frontend::kafka) async fn elect_leaders(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ElectLeadersRequest::decode(head.version, &mut reader)?;
        let error_code = match request.election_type {
            ElectionType::PREFERRED | ElectionType::UNCLEAN => ErrorCode::NONE,
            ElectionType(_) => ErrorCode::INVALID_REQUEST,
        };
        let mut answers: Vec<Answer> = Vec::new();
        match request.topic_partitions {
            _ if error_code != ErrorCode::NONE => self.shard.metrics.error(head.api(), error_code),
            None => {
                let topics = self.shard.topics.borrow().all();
                answers.extend(topics.iter().map(|topic| (topic.name.to_string(), Vec::new())));
            }
            Some(topics) => {
                for asked in &topics {
                    let topic = self.shard.topics.borrow().named(asked.topic).cloned();
                    let elected = asked.partitions.iter().map(|index| {
                        let problem = elect(index, topic.as_deref());
                        self.shard.metrics.error(head.api(), problem.code);
                        (index, problem)
                    });
                    answers.push((asked.topic.to_owned(), elected.collect()));
                    self.shard.runtime.yield_if_needed().await;
                }
            }
        }
        let results = answers.iter().map(|(topic, partitions)| {
            let results = partitions.iter().map(|(partition, problem)| ElectionPartitionResult {
                partition: *partition,
                error_code: problem.code,
                error_message: Some(&problem.message),
            });
            (topic, results.collect::<Vec<_>>())
        });
        let results: Vec<_> = results.collect();
        let results = results.iter().map(|(topic, partitions)| ElectionTopicResult {
            topic,
            partition_result: Array::from(&partitions[..]),
        });
        let results: Vec<_> = results.collect();
        let response = ElectLeadersResponse {
            throttle_time_ms: 0,
            error_code,
            replica_election_results: Array::from(&results[..]),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

/// What comes of one election. Kafka repeats the topic's name for each partition; here a short
/// request does not make a huge answer.
fn elect(index: PartitionIndex, topic: Option<&Topic>) -> Problem {
    let unknown = |text| Problem::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text);
    match topic {
        None => unknown("No such topic"),
        Some(topic) if topic.partition(index).is_none() => unknown("No such partition"),
        Some(_) => Problem::new(
            ErrorCode::ELECTION_NOT_NEEDED,
            "Leader election not needed for topic partition.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use record::{ShardId, TopicId};

    use super::*;
    use crate::broker::topics::Partition;
    use crate::config::Settings;
    use crate::topic_config::{Effective, Overrides};

    #[test]
    fn what_there_is_has_its_leader() {
        let overrides = Overrides::default();
        let effective = Effective::new(&Settings::default(), &overrides);
        let topic = Topic::new(TopicId([1; 16]), "t", overrides, effective);
        topic.add_partition(Partition { owner: ShardId(0), log: None });
        let elect = |index, topic| {
            let problem = elect(PartitionIndex(index), topic);
            (problem.code, problem.message)
        };
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        assert_eq!(elect(0, Some(&topic)).0, ErrorCode::ELECTION_NOT_NEEDED);
        assert_eq!(elect(1, Some(&topic)), (unknown, "No such partition".to_owned()));
        assert_eq!(elect(-1, Some(&topic)), (unknown, "No such partition".to_owned()));
        assert_eq!(elect(0, None), (unknown, "No such topic".to_owned()));
    }
}
