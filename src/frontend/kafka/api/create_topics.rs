//! `CreateTopics` (key 19). Each topic is durable and on every shard before it is answered, so
//! that the client's next request finds it; Kafka's may not.
//!
//! The time that the client grants is not looked at: a creation takes one commit.

use std::collections::{BTreeMap, BTreeSet};

use net::kafka::api::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest,
    CreateTopicsResponse,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{NodeId, TopicId};

use super::assignment::check_replicas;
use super::config_source::source;
use super::repeated::repeated;
use crate::broker::range::Range;
use crate::config::{Config, Described};
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::{Command, CommandError, NewTopic, Outcome, check_topic_name};
use crate::topic_config::{Overrides, describe};

/// The first version whose response describes the topic.
const DESCRIBED_FROM: i16 = 5;
/// Every topic has one replica.
const REPLICAS: i16 = 1;

/// A created topic, or one that could be.
struct Created {
    id: TopicId,
    partitions: i32,
    /// As far as the response has them.
    configs: Vec<Described>,
}

impl Connection {
    /// Creates the topics one after the other.
    pub(in crate::frontend::kafka) async fn create_topics(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = CreateTopicsRequest::decode(head.version, &mut reader)?;
        let twice = repeated(request.topics.iter().map(|topic| topic.name));
        let mut answered_twice = BTreeSet::new();
        let mut results = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let result = if twice.contains(topic.name) {
                if !answered_twice.insert(topic.name) {
                    continue;
                }
                Err(Problem::invalid_request("Duplicate topic name."))
            } else {
                self.create_topic(&topic, request.validate_only, head.version.number()).await
            };
            self.shard.metrics.error(head.api(), error::code(&result));
            results.push((topic.name, result));
            self.shard.runtime.yield_if_needed().await;
        }
        let configs: Vec<Vec<_>> = results.iter().map(|(_, result)| configs(result)).collect();
        let topics = results.iter().zip(&configs).map(|((name, result), configs)| {
            let configs = Some(Array::from(&configs[..]));
            CreatableTopicResult { configs, ..response(name, result) }
        });
        let topics: Vec<_> = topics.collect();
        let response =
            CreateTopicsResponse { throttle_time_ms: 0, topics: Array::from(&topics[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn create_topic(
        &self,
        topic: &CreatableTopic<'_>,
        validate_only: bool,
        version: i16,
    ) -> Result<Created, Problem> {
        let config = self.shard.dynamic.config();
        let name = topic.name.to_owned();
        check_topic_name(&name)?;
        // The registry looks again; here it is for the order of Kafka's errors.
        if self.shard.topics.borrow().named(&name).is_some() {
            return Err(CommandError::TopicExists { name }.into());
        }
        let partitions = partitions(topic, NodeId(config.settings.node_id))?;
        let configs = topic.configs.iter();
        let configs =
            configs.map(|config| (config.name.to_owned(), config.value.map(str::to_owned)));
        let configs = configs.collect();
        let new = NewTopic { name, partitions, configs, validate_only, automatic: false };
        match self.shard.command(Command::CreateTopic(new)).await? {
            Outcome::Topic { id, partitions, configs, .. } => {
                let described = version >= DESCRIBED_FROM;
                let configs =
                    if described { describe_stored(&config, &configs) } else { Vec::new() };
                Ok(Created { id, partitions, configs })
            }
            Outcome::Altered | Outcome::ProducerIds { .. } => {
                Err(Problem::new(ErrorCode::UNKNOWN_SERVER_ERROR, "no topic was created"))
            }
        }
    }
}

fn describe_stored(config: &Config, stored: &BTreeMap<String, String>) -> Vec<Described> {
    let stored = stored.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (overrides, _) = Overrides::restore(stored);
    describe(config, &overrides)
}

/// How many partitions are asked for, none for the default; and whether one node can hold them.
fn partitions(topic: &CreatableTopic<'_>, node: NodeId) -> Result<Option<i32>, Problem> {
    if !topic.assignments.is_empty() {
        return assigned_partitions(topic, node).map(Some);
    }
    let refuse = |text: String| Err(Problem::new(ErrorCode::INVALID_REPLICATION_FACTOR, text));
    match topic.replication_factor {
        -1 | REPLICAS => {}
        ..=0 => {
            let text = "Replication factor must be larger than 0, or -1 to use the default value.";
            return refuse(text.into());
        }
        factor => {
            return refuse(format!(
                "Unable to replicate the partition {factor} time(s): The target replication \
                 factor of {factor} cannot be reached because only 1 broker(s) are registered."
            ));
        }
    }
    match topic.num_partitions {
        -1 => Ok(None),
        ..=0 => {
            let text = "Number of partitions was set to an invalid non-positive value.";
            Err(Problem::new(ErrorCode::INVALID_PARTITIONS, text))
        }
        partitions => Ok(Some(partitions)),
    }
}

/// How many partitions are placed by hand.
fn assigned_partitions(topic: &CreatableTopic<'_>, node: NodeId) -> Result<i32, Problem> {
    let manual = |rest| {
        let text = format!("A manual partition assignment was specified, but {rest}");
        Err(Problem::invalid_request(text))
    };
    if topic.replication_factor != -1 {
        return manual("replication factor was not set to -1.");
    }
    if topic.num_partitions != -1 {
        return manual("numPartitions was not set to -1.");
    }
    let refuse = |text: String| Err(Problem::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
    let indexes = topic.assignments.iter().map(|assignment| assignment.partition);
    if let Some(index) = repeated(indexes.clone()).first() {
        return refuse(format!(
            "Found multiple manual partition assignments for partition {index}"
        ));
    }
    for assignment in &topic.assignments {
        check_replicas(assignment.broker_ids, node)?;
    }
    // They differ, so they are consecutive if none is out of bounds.
    let count = i32::try_from(topic.assignments.len()).unwrap_or(i32::MAX);
    if !indexes.clone().all(|index| (0..count).contains(&index.0)) {
        return refuse("partitions should be a consecutive 0-based integer sequence".into());
    }
    Ok(count)
}

fn response<'a>(name: &'a str, result: &'a Result<Created, Problem>) -> CreatableTopicResult<'a> {
    let answer = CreatableTopicResult {
        name,
        error_code: error::code(result),
        error_message: error::message(result),
        ..CreatableTopicResult::default()
    };
    match result {
        Ok(created) => CreatableTopicResult {
            topic_id: created.id,
            num_partitions: created.partitions,
            replication_factor: REPLICAS,
            ..answer
        },
        Err(_) => answer,
    }
}

fn configs(result: &Result<Created, Problem>) -> Vec<CreatableTopicConfigs<'_>> {
    let described = result.as_ref().map_or(&[][..], |created| &created.configs);
    let configs = described.iter().map(|described| CreatableTopicConfigs {
        name: described.name,
        value: described.value.as_deref().filter(|_| !described.sensitive),
        read_only: described.read_only,
        config_source: source(described.source),
        is_sensitive: described.sensitive,
    });
    configs.collect()
}

#[cfg(test)]
mod tests {
    use net::kafka::api::create_topics::CreatableReplicaAssignment;
    use record::PartitionIndex;

    use super::*;

    fn topic(num_partitions: i32, replication_factor: i16) -> CreatableTopic<'static> {
        CreatableTopic {
            name: "t",
            num_partitions,
            replication_factor,
            ..CreatableTopic::default()
        }
    }

    fn asked(topic: &CreatableTopic<'_>) -> Result<Option<i32>, ErrorCode> {
        partitions(topic, NodeId(1)).map_err(|problem| problem.code)
    }

    fn assigned(indexes: &[i32]) -> Result<Option<i32>, ErrorCode> {
        let here = [NodeId(1)];
        let assignments: Vec<_> = indexes
            .iter()
            .map(|index| CreatableReplicaAssignment {
                partition: PartitionIndex(*index),
                broker_ids: Array::from(&here),
            })
            .collect();
        asked(&CreatableTopic { assignments: Array::from(&assignments[..]), ..topic(-1, -1) })
    }

    #[test]
    fn one_replica_and_any_number_of_partitions_can_be_had() {
        assert_eq!(asked(&topic(-1, -1)), Ok(None));
        assert_eq!(asked(&topic(7, 1)), Ok(Some(7)));
        for partitions in [0, -2, i32::MIN] {
            assert_eq!(asked(&topic(partitions, 1)), Err(ErrorCode::INVALID_PARTITIONS));
        }
        for factor in [0, -2, 2, 3, i16::MAX, i16::MIN] {
            assert_eq!(asked(&topic(1, factor)), Err(ErrorCode::INVALID_REPLICATION_FACTOR));
        }
        let problem = partitions(&topic(1, 3), NodeId(1)).unwrap_err();
        assert!(problem.message.starts_with("Unable to replicate the partition 3 time(s): The"));
    }

    #[test]
    fn partitions_placed_by_hand_are_consecutive() {
        assert_eq!(assigned(&[0]), Ok(Some(1)));
        assert_eq!(assigned(&[2, 0, 1]), Ok(Some(3)));
        for wrong in [&[1][..], &[0, 0], &[0, 2], &[-1, 0], &[i32::MAX]] {
            assert_eq!(assigned(wrong), Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_placed_by_hand_is_not_counted_too() {
        let (other, here) = ([NodeId(9)], [NodeId(1)]);
        let with = |brokers, template| {
            let one = [CreatableReplicaAssignment {
                partition: PartitionIndex(0),
                broker_ids: Array::from(brokers),
            }];
            asked(&CreatableTopic { assignments: Array::from(&one), ..template })
        };
        assert_eq!(with(&here, topic(-1, 1)), Err(ErrorCode::INVALID_REQUEST));
        assert_eq!(with(&here, topic(1, -1)), Err(ErrorCode::INVALID_REQUEST));
        let refused = Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT);
        assert_eq!(with(&other, topic(-1, -1)), refused);
    }

    #[test]
    fn every_configuration_of_a_response_has_a_source() {
        let stored = [("retention.ms".to_owned(), "5".to_owned())].into();
        let described = describe_stored(&Config::default(), &stored);
        let (id, partitions) = (TopicId([1; 16]), 3);
        let result = Ok(Created { id, partitions, configs: described });
        let configs = configs(&result);
        assert!(configs.iter().all(|config| config.config_source.0 > 0));
        let retention = configs.iter().find(|config| config.name == "retention.ms").unwrap();
        assert_eq!(retention.value, Some("5"));
        assert_eq!(retention.config_source, net::kafka::config::ConfigSource::TOPIC);
        let response = response("t", &result);
        assert_eq!((response.topic_id, response.num_partitions), (id, 3));
        assert_eq!((response.replication_factor, response.error_message), (1, None));
    }
}
