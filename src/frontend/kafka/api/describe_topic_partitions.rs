//! `DescribeTopicPartitions` (key 75): topics by name, some partitions a page (KIP-966).

use std::collections::BTreeSet;
use std::ops::Range as Span;
use std::rc::Rc;

use net::kafka::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribedPartition,
    DescribedTopic,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{NodeId, PartitionIndex, TopicPartition};

use super::internal::is_internal;
use super::operations;
use crate::broker::range::Range;
use crate::broker::topics::Topic;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::check_topic_name;

/// The most partitions of one page, whatever the client asks for: Kafka's default.
const PARTITIONS_MAX: i32 = 2_000;

/// A topic that may be on the page.
struct Candidate {
    name: Rc<str>,
    /// None if it is not there, which is said.
    topic: Option<Rc<Topic>>,
}

/// What is on a page.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    /// For each candidate from the first on, the partitions that are on the page.
    spans: Vec<Span<i32>>,
    /// With which candidate and partition the next page starts.
    next: Option<(usize, i32)>,
}

impl Connection {
    /// Answers with the page that the cursor asks for.
    pub(in crate::frontend::kafka) async fn describe_topic_partitions(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeTopicPartitionsRequest::decode(head.version, &mut reader)?;
        if request.cursor.is_some_and(|cursor| cursor.partition.0 < 0) {
            return self.refuse_cursor(head, &request, reply);
        }
        let candidates = self.candidates(&request);
        let counts: Vec<_> = candidates.iter().map(Candidate::partition_count).collect();
        let limit = request.response_partition_limit.clamp(1, PARTITIONS_MAX);
        let page = page(&counts, start(&request, &candidates), limit);
        let replicas = [NodeId(self.shard.config.settings.node_id)];
        let described = self.described_partitions(&candidates, &page, &replicas).await;
        let topics: Vec<_> = candidates
            .iter()
            .zip(&described)
            .map(|(candidate, partitions)| {
                let topic = candidate.response(&partitions[..]);
                self.shard.metrics.error(head.api(), topic.error_code);
                topic
            })
            .collect();
        let next_cursor = page.next.map(|(index, partition)| Cursor {
            topic_name: &candidates[index].name,
            partition: PartitionIndex(partition),
        });
        let topics = Array::from(&topics[..]);
        let response = DescribeTopicPartitionsResponse { throttle_time_ms: 0, topics, next_cursor };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    fn refuse_cursor(
        &self,
        head: Head,
        request: &DescribeTopicPartitionsRequest<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let error_code = ErrorCode::INVALID_REQUEST;
        self.shard.metrics.error(head.api(), error_code);
        let topics = request.topics.iter().map(|topic| DescribedTopic {
            error_code,
            name: Some(topic.name),
            ..DescribedTopic::default()
        });
        let topics: Vec<_> = topics.collect();
        let response = DescribeTopicPartitionsResponse {
            topics: Array::from(&topics[..]),
            ..DescribeTopicPartitionsResponse::default()
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// What is asked for from the cursor on, by name.
    fn candidates(&self, request: &DescribeTopicPartitionsRequest<'_>) -> Vec<Candidate> {
        let topics = self.shard.topics.borrow();
        let from = request.cursor.map_or("", |cursor| cursor.topic_name);
        if request.topics.is_empty() {
            let all = topics.all().into_iter().filter(|topic| &*topic.name >= from);
            return all.map(|topic| Candidate::from(&topic)).collect();
        }
        let names: BTreeSet<&str> = request.topics.iter().map(|topic| topic.name).collect();
        let candidate = |name: &str| match topics.named(name) {
            Some(topic) => Candidate::from(topic),
            None => Candidate { name: name.into(), topic: None },
        };
        names.range(from..).map(|name| candidate(name)).collect()
    }

    async fn described_partitions<'a>(
        &self,
        candidates: &[Candidate],
        page: &Page,
        replicas: &'a [NodeId; 1],
    ) -> Vec<Vec<DescribedPartition<'a>>> {
        let mut logs: Vec<TopicPartition> = Vec::new();
        for (candidate, span) in candidates.iter().zip(&page.spans) {
            let Some(topic) = &candidate.topic else { continue };
            logs.extend(span.clone().map(|index| topic.log_id(PartitionIndex(index))));
        }
        let mut epochs = self.shard.leader_epochs(&logs).await.into_iter();
        let mut partitions = Vec::with_capacity(page.spans.len());
        for span in &page.spans {
            let described =
                span.clone().zip(&mut epochs).map(|(index, leader_epoch)| DescribedPartition {
                    error_code: ErrorCode::NONE,
                    partition: PartitionIndex(index),
                    leader_id: replicas[0],
                    leader_epoch,
                    replica_nodes: Array::from(replicas),
                    isr_nodes: Array::from(replicas),
                    eligible_leader_replicas: Some(Array::EMPTY),
                    last_known_elr: Some(Array::EMPTY),
                    offline_replicas: Array::EMPTY,
                });
            partitions.push(described.collect());
        }
        partitions
    }
}

impl Candidate {
    fn from(topic: &Rc<Topic>) -> Self {
        Self { name: Rc::clone(&topic.name), topic: Some(Rc::clone(topic)) }
    }

    fn partition_count(&self) -> i32 {
        self.topic.as_ref().map_or(0, |topic| topic.partition_count())
    }

    fn response<'a>(&'a self, partitions: &'a [DescribedPartition<'a>]) -> DescribedTopic<'a> {
        let Some(topic) = &self.topic else {
            let invalid = check_topic_name(&self.name).err();
            let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return DescribedTopic {
                error_code: invalid.map_or(unknown, |error| error::of_command(&error)),
                name: Some(&self.name),
                ..DescribedTopic::default()
            };
        };
        DescribedTopic {
            error_code: ErrorCode::NONE,
            name: Some(&self.name),
            topic_id: topic.id,
            is_internal: is_internal(&self.name),
            partitions: Array::from(partitions),
            topic_authorized_operations: operations::ON_TOPIC,
        }
    }
}

/// The first partition of the first candidate: the cursor's, if it is the cursor's topic.
fn start(request: &DescribeTopicPartitionsRequest<'_>, candidates: &[Candidate]) -> i32 {
    let Some((cursor, first)) = request.cursor.zip(candidates.first()) else { return 0 };
    if *first.name == *cursor.topic_name { cursor.partition.0 } else { 0 }
}

/// Lays out a page of at most `limit` partitions, `counts` being those of the candidates and
/// `start` the first one's first partition. A topic without partitions takes no room, but none is
/// begun when there is no room left.
fn page(counts: &[i32], start: i32, limit: i32) -> Page {
    assert!(limit > 0, "a page makes progress");
    let mut left = limit;
    let mut spans = Vec::new();
    for (index, count) in counts.iter().enumerate() {
        let first = if index == 0 { start.min(*count) } else { 0 };
        if left == 0 {
            return Page { spans, next: Some((index, first)) };
        }
        let end = first.saturating_add(left).min(*count);
        spans.push(first..end);
        left -= end - first;
        if end < *count {
            return Page { spans, next: Some((index, end)) };
        }
    }
    Page { spans, next: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_put_together_are_everything_once() {
        let counts = [3, 0, 5, 1, 7];
        for limit in 1..20 {
            let (mut topic, mut start) = (0, 0);
            let mut seen = Vec::new();
            loop {
                let page = page(&counts[topic..], start, limit);
                let on_page: i32 = page.spans.iter().map(|span| span.end - span.start).sum();
                assert!(on_page <= limit);
                for (offset, span) in page.spans.iter().enumerate() {
                    seen.extend(span.clone().map(|partition| (topic + offset, partition)));
                }
                let Some((next, partition)) = page.next else { break };
                assert_eq!(on_page, limit, "only a full page has a next one");
                (topic, start) = (topic + next, partition);
            }
            let all: Vec<_> = (0..counts.len())
                .flat_map(|topic| (0..counts[topic]).map(move |partition| (topic, partition)))
                .collect();
            assert_eq!(seen, all, "with a limit of {limit}");
        }
    }

    #[test]
    fn a_cursor_behind_the_last_partition_goes_on_with_the_next_topic() {
        assert_eq!(page(&[3, 2], 9, 5), Page { spans: vec![3..3, 0..2], next: None });
        assert_eq!(page(&[], 9, 5), Page { spans: vec![], next: None });
        let behind = page(&[3, 2], i32::MAX, i32::MAX);
        assert_eq!(behind, Page { spans: vec![3..3, 0..2], next: None });
    }

    #[test]
    fn the_cursor_counts_for_its_own_topic_alone() {
        let candidate = |name: &str| Candidate { name: name.into(), topic: None };
        let cursor = Cursor { topic_name: "b", partition: PartitionIndex(4) };
        let request = DescribeTopicPartitionsRequest {
            cursor: Some(cursor),
            ..DescribeTopicPartitionsRequest::default()
        };
        assert_eq!(start(&request, &[candidate("b"), candidate("c")]), 4);
        assert_eq!(start(&request, &[candidate("c")]), 0);
        assert_eq!(start(&request, &[]), 0);
    }

    #[test]
    fn a_topic_that_is_not_there_is_unknown_or_can_not_be() {
        let code =
            |name: &str| Candidate { name: name.into(), topic: None }.response(&[]).error_code;
        assert_eq!(code("t"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(code("a b"), ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
}
