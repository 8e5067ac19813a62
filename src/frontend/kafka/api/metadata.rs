//! Metadata (key 3): this node, and topics by name, by id or all of them.
//!
//! A topic that is asked for and missing is created if request and broker allow it. Where Kafka
//! answers that request with an error and the next one with the topic, the topic is here at once:
//! it is durable and on every shard before the answer is made.

use std::collections::BTreeSet;
use std::ops::Range as Span;
use std::rc::Rc;

use net::kafka::api::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic, OPERATIONS_NOT_ASKED,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{NodeId, PartitionIndex, TopicId, TopicPartition};

use super::operations;
use crate::broker::range::Range;
use crate::broker::topics::{Topic, is_internal};
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::{Command, CommandError, NewTopic, Outcome, check_topic_name};

/// The first version in which topics are asked for by id alone.
const IDS_FROM: i16 = 12;

/// Which topics a request asks for, each once.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    All,
    Some(Vec<Wanted<'a>>),
    /// The request uses what its version does not have; Kafka refuses every topic of it.
    Refused(Vec<&'a str>),
}

/// One topic asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted<'a> {
    Name(&'a str),
    Id(TopicId),
}

/// A topic of the answer.
struct Entry<'a> {
    /// The name that it was asked for by.
    name: Option<&'a str>,
    /// The id that it was asked for by.
    id: TopicId,
    found: Result<Rc<Topic>, ErrorCode>,
}

impl Connection {
    /// Answers when every topic that was to be created is there.
    pub(in crate::frontend::kafka) async fn metadata(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = MetadataRequest::decode(head.version, &mut reader)?;
        let entries = self.entries(&request, head).await;
        let replicas = [NodeId(self.shard.config.settings.node_id)];
        let (partitions, spans) = self.led_partitions(&entries, &replicas).await;
        let topics: Vec<_> = entries
            .iter()
            .zip(spans)
            .map(|(entry, span)| MetadataTopic {
                partitions: Array::from(&partitions[span]),
                ..entry.response(request.include_topic_authorized_operations)
            })
            .collect();
        for topic in &topics {
            self.shard.metrics.error(head.api(), topic.error_code);
        }
        let node = self.node();
        let (host, port) = (&node.host, node.port.into());
        let brokers = [MetadataBroker { node_id: node.id, host, port, rack: None }];
        let cluster_asked = request.include_cluster_authorized_operations;
        let response = MetadataResponse {
            throttle_time_ms: 0,
            brokers: Array::from(&brokers),
            cluster_id: Some(&self.shard.cluster_id),
            controller_id: node.id,
            topics: Array::from(&topics[..]),
            cluster_authorized_operations: if cluster_asked {
                operations::ON_CLUSTER
            } else {
                OPERATIONS_NOT_ASKED
            },
            error_code: ErrorCode::NONE,
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn entries<'a>(&self, request: &MetadataRequest<'a>, head: Head) -> Vec<Entry<'a>> {
        let wanted = match asked(request.topics, head.version.number()) {
            Asked::All => {
                let all = self.shard.topics.borrow().all();
                let entry = |topic| Entry { name: None, id: TopicId::NIL, found: Ok(topic) };
                return all.into_iter().map(entry).collect();
            }
            Asked::Refused(names) => {
                let refused = |name| {
                    let found = Err(ErrorCode::INVALID_REQUEST);
                    Entry { name: Some(name), id: TopicId::NIL, found }
                };
                return names.into_iter().map(refused).collect();
            }
            Asked::Some(wanted) => wanted,
        };
        let settings = &self.shard.config.settings;
        let may_create = request.allow_auto_topic_creation && settings.auto_create_topics;
        let mut entries = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            entries.push(match wanted {
                Wanted::Id(id) => {
                    let found = self.shard.topics.borrow().with_id(id).cloned();
                    Entry { name: None, id, found: found.ok_or(ErrorCode::UNKNOWN_TOPIC_ID) }
                }
                Wanted::Name(name) => {
                    let found = self.named(name, may_create).await;
                    Entry { name: Some(name), id: TopicId::NIL, found }
                }
            });
            self.shard.runtime.yield_if_needed().await;
        }
        entries
    }

    async fn named(&self, name: &str, may_create: bool) -> Result<Rc<Topic>, ErrorCode> {
        let found = self.shard.topics.borrow().named(name).cloned();
        if let Some(topic) = found {
            return Ok(topic);
        }
        check_topic_name(name).map_err(|error| error::of_command(&error))?;
        if !may_create || is_internal(name) {
            return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        let new = NewTopic {
            name: name.to_owned(),
            partitions: None,
            configs: Vec::new(),
            validate_only: false,
            automatic: true,
        };
        match self.shard.command(Command::CreateTopic(new)).await {
            Ok(Outcome::Topic { id, .. }) => {
                // Somebody may have deleted it already.
                let created = self.shard.topics.borrow().with_id(id).cloned();
                created.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            }
            Ok(_) | Err(CommandError::Unavailable(_)) => Err(ErrorCode::LEADER_NOT_AVAILABLE),
            Err(error) => {
                tracing::debug!(topic = name, %error, "a topic was not created by being asked for");
                Err(error::of_command(&error))
            }
        }
    }

    /// All partitions of all topics, and which of them belong to which.
    async fn led_partitions<'a>(
        &self,
        entries: &[Entry<'_>],
        replicas: &'a [NodeId; 1],
    ) -> (Vec<MetadataPartition<'a>>, Vec<Span<usize>>) {
        let mut logs: Vec<TopicPartition> = Vec::new();
        let mut spans = Vec::with_capacity(entries.len());
        for entry in entries {
            let start = logs.len();
            if let Ok(topic) = &entry.found {
                let all = (0..topic.partition_count()).map(PartitionIndex);
                logs.extend(all.map(|partition| topic.log_id(partition)));
            }
            spans.push(start..logs.len());
            self.shard.runtime.yield_if_needed().await;
        }
        let epochs = self.shard.leader_epochs(&logs).await;
        let led = logs.iter().zip(epochs).map(|(log, leader_epoch)| MetadataPartition {
            error_code: ErrorCode::NONE,
            partition: log.partition,
            leader_id: replicas[0],
            leader_epoch,
            replica_nodes: Array::from(replicas),
            isr_nodes: Array::from(replicas),
            offline_replicas: Array::EMPTY,
        });
        (led.collect(), spans)
    }
}

impl Entry<'_> {
    /// The topic without its partitions.
    fn response(&self, operations_asked: bool) -> MetadataTopic<'_> {
        let found = match &self.found {
            Ok(topic) => topic,
            Err(error_code) => {
                return MetadataTopic {
                    error_code: *error_code,
                    name: self.name,
                    topic_id: self.id,
                    ..MetadataTopic::default()
                };
            }
        };
        MetadataTopic {
            error_code: ErrorCode::NONE,
            name: Some(&found.name),
            topic_id: found.id,
            is_internal: found.is_internal(),
            partitions: Array::EMPTY,
            topic_authorized_operations: if operations_asked {
                operations::ON_TOPIC
            } else {
                OPERATIONS_NOT_ASKED
            },
        }
    }
}

/// Reads the list of topics. Each is wanted once, as in Kafka: an answer is never larger than all
/// the topics there are.
fn asked<'a>(topics: Option<Array<'a, MetadataRequestTopic<'a>>>, version: i16) -> Asked<'a> {
    let Some(topics) = topics.filter(|topics| version > 0 || !topics.is_empty()) else {
        return Asked::All;
    };
    let by_id = |topic: &MetadataRequestTopic<'_>| topic.name.is_none() || !topic.topic_id.is_nil();
    if version < IDS_FROM && topics.iter().any(|topic| by_id(&topic)) {
        let names: BTreeSet<_> =
            topics.iter().map(|topic| topic.name.unwrap_or_default()).collect();
        return Asked::Refused(names.into_iter().collect());
    }
    let mut seen = BTreeSet::new();
    let wanted = topics.iter().map(|topic| match topic.name {
        Some(name) if topic.topic_id.is_nil() => Wanted::Name(name),
        _ => Wanted::Id(topic.topic_id),
    });
    Asked::Some(wanted.filter(|wanted| seen.insert(*wanted)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TopicId = TopicId([7; 16]);

    fn by_name(name: &str) -> MetadataRequestTopic<'_> {
        MetadataRequestTopic { topic_id: TopicId::NIL, name: Some(name) }
    }

    fn by_id(id: TopicId) -> MetadataRequestTopic<'static> {
        MetadataRequestTopic { topic_id: id, name: None }
    }

    fn asked_of<'a>(topics: &'a [MetadataRequestTopic<'a>], version: i16) -> Asked<'a> {
        asked(Some(Array::from(topics)), version)
    }

    #[test]
    fn an_empty_list_is_all_topics_in_version_0_and_none_later() {
        assert_eq!(asked_of(&[], 0), Asked::All);
        assert_eq!(asked_of(&[], 1), Asked::Some(Vec::new()));
        assert_eq!(asked(None, 1), Asked::All);
        assert_eq!(asked_of(&[by_name("a")], 0), Asked::Some(vec![Wanted::Name("a")]));
    }

    #[test]
    fn a_topic_is_wanted_once_however_often_it_is_named() {
        let topics = [by_name("b"), by_name("a"), by_name("b"), by_id(ID), by_id(ID)];
        let wanted = vec![Wanted::Name("b"), Wanted::Name("a"), Wanted::Id(ID)];
        assert_eq!(asked_of(&topics, 12), Asked::Some(wanted));
    }

    #[test]
    fn an_id_goes_before_a_name() {
        let both = MetadataRequestTopic { topic_id: ID, name: Some("a") };
        assert_eq!(asked_of(&[both], 13), Asked::Some(vec![Wanted::Id(ID)]));
        assert_eq!(asked_of(&[by_id(TopicId::NIL)], 13), {
            Asked::Some(vec![Wanted::Id(TopicId::NIL)])
        });
    }

    #[test]
    fn ids_alone_are_refused_before_version_12() {
        let refused = Asked::Refused(vec!["", "a"]);
        assert_eq!(asked_of(&[by_name("a"), by_id(ID)], 11), refused);
        assert_eq!(asked_of(&[by_name("a"), by_id(TopicId::NIL)], 10), refused);
    }

    #[test]
    fn a_topic_that_is_not_found_keeps_what_it_was_asked_for_by() {
        let found = Err(ErrorCode::UNKNOWN_TOPIC_ID);
        let unknown = Entry { name: None, id: ID, found };
        let response = unknown.response(true);
        assert_eq!(response.error_code, ErrorCode::UNKNOWN_TOPIC_ID);
        assert_eq!((response.name, response.topic_id), (None, ID));
        assert_eq!(response.topic_authorized_operations, OPERATIONS_NOT_ASKED);
    }
}
