//! `DescribeProducers` (key 61): the idempotent producers that partitions know (KIP-664). There
//! are no transactions yet, so none is open. The time of a producer is the broker's when it last
//! wrote, where Kafka has the largest timestamp of its last batch.

use std::collections::BTreeSet;

use net::kafka::api::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, ProducerState, ProducersPartitionResult,
    ProducersTopicResult,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{Offset, PartitionIndex};

use super::repeated::repeated;
use crate::broker::producers::KnownProducer;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::check_topic_name;

/// The epoch of the coordinator of a producer that has ended no transaction.
const NO_COORDINATOR: i32 = -1;

/// A partition as it was asked for, and what came of it.
type Answer = (PartitionIndex, Result<Vec<ProducerState>, Problem>);

impl Connection {
    /// Asks the partitions one after the other.
    pub(in crate::frontend::kafka) async fn describe_producers(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeProducersRequest::decode(head.version, &mut reader)?;
        let named = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(move |partition| (topic.name, partition))
        });
        let twice = repeated(named);
        let mut topics: Vec<(&str, Vec<Answer>)> = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let mut answers = Vec::with_capacity(topic.partitions.len());
            for partition in &topic.partitions {
                let result = self.producers_of(topic.name, partition, &twice).await;
                self.shard.metrics.error(head.api(), error::code(&result));
                answers.push((partition, result));
                self.shard.runtime.yield_if_needed().await;
            }
            topics.push((topic.name, answers));
        }
        let results = topics.iter().map(|(name, answers)| {
            let partitions = answers.iter().map(|(partition, result)| ProducersPartitionResult {
                partition: *partition,
                error_code: error::code(result),
                error_message: error::message(result),
                active_producers: Array::from(result.as_deref().unwrap_or_default()),
            });
            (*name, partitions.collect::<Vec<_>>())
        });
        let results: Vec<_> = results.collect();
        let topics = results.iter().map(|(name, partitions)| ProducersTopicResult {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response =
            DescribeProducersResponse { throttle_time_ms: 0, topics: Array::from(&topics[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn producers_of(
        &self,
        name: &str,
        partition: PartitionIndex,
        twice: &BTreeSet<(&str, PartitionIndex)>,
    ) -> Result<Vec<ProducerState>, Problem> {
        if twice.contains(&(name, partition)) {
            // Kafka answers each time; here a small request stays a small answer.
            return Err(Problem::invalid_request("Each partition must appear at most once."));
        }
        check_topic_name(name)?;
        let topic = self.shard.topics.borrow().named(name).cloned();
        let topic = topic.filter(|topic| topic.partition(partition).is_some());
        let unknown = || {
            let text = "This server does not host this topic-partition.";
            Problem::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text)
        };
        let log = topic.ok_or_else(unknown)?.log_id(partition);
        match self.shard.producers(log).await {
            Ok(known) => Ok(known.iter().map(state).collect()),
            Err(failure) => Err(Problem::new(error::of_log(&failure), failure.to_string())),
        }
    }
}

fn state(producer: &KnownProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.id,
        producer_epoch: i32::from(producer.epoch.0),
        last_sequence: producer.last_sequence.0,
        last_timestamp: producer.last_seen,
        coordinator_epoch: NO_COORDINATOR,
        current_txn_start_offset: Offset::NONE,
    }
}
