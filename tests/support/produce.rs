//! Producing: requests with one batch for each of some partitions, and what becomes of them.

use std::io;

use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{InitProducerIdRequest, ProduceRequest, ProduceResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::batch::Identity;
use super::connection::Connection;

const PRODUCE_VERSION: i16 = 11;
/// How long the broker may let a produce wait for room.
const TIMEOUT_MS: i32 = 60_000;

/// Kafka's numbers of errors that these suites tell apart.
pub(crate) mod code {
    pub(crate) const NONE: i16 = 0;
    pub(crate) const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
    pub(crate) const NOT_LEADER_OR_FOLLOWER: i16 = 6;
    pub(crate) const DUPLICATE_SEQUENCE_NUMBER: i16 = 46;
    pub(crate) const KAFKA_STORAGE_ERROR: i16 = 56;
    pub(crate) const INVALID_RECORD: i16 = 87;
}

/// Where a batch goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Partition {
    pub(crate) topic: String,
    pub(crate) index: i32,
}

/// What a broker says of one batch.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) partition: Partition,
    pub(crate) error_code: i16,
    pub(crate) base_offset: i64,
}

impl Partition {
    pub(crate) fn new(topic: &str, index: i32) -> Self {
        Self { topic: topic.to_owned(), index }
    }

    pub(crate) fn topic_name(&self) -> TopicName {
        topic_name(&self.topic)
    }
}

/// A name as the wire has it.
pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

/// A request for `acks=all`.
pub(crate) fn request(batches: &[(Partition, Bytes)]) -> ProduceRequest {
    let topics = batches.iter().map(|(partition, bytes)| {
        let data = PartitionProduceData::default()
            .with_index(partition.index)
            .with_records(Some(bytes.clone()));
        TopicProduceData::default()
            .with_name(partition.topic_name())
            .with_partition_data(vec![data])
    });
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(TIMEOUT_MS)
        .with_topic_data(topics.collect())
}

impl Connection {
    pub(crate) fn send_produce(&mut self, batches: &[(Partition, Bytes)]) -> io::Result<()> {
        self.send(&request(batches), PRODUCE_VERSION)
    }

    pub(crate) fn receive_produce(&mut self) -> io::Result<Vec<Outcome>> {
        Ok(outcomes(self.receive::<ProduceRequest>(PRODUCE_VERSION)?))
    }

    /// Produces one batch and waits.
    pub(crate) fn produce(&mut self, partition: &Partition, bytes: Bytes) -> io::Result<Outcome> {
        self.send_produce(&[(partition.clone(), bytes)])?;
        let outcome = self.receive_produce()?.pop();
        Ok(outcome.expect("an outcome for each partition"))
    }

    /// A new idempotent producer.
    pub(crate) fn init_producer_id(&mut self) -> io::Result<Identity> {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        let answer = self.call(&request, 4)?;
        if answer.error_code != code::NONE {
            return Err(io::Error::other(format!("InitProducerId: error {}", answer.error_code)));
        }
        Ok(Identity { producer_id: answer.producer_id.0, producer_epoch: answer.producer_epoch })
    }
}

fn outcomes(answer: ProduceResponse) -> Vec<Outcome> {
    let topics = answer.responses.into_iter();
    let outcomes = topics.flat_map(|topic| {
        let name = topic.name.0.to_string();
        topic.partition_responses.into_iter().map(move |part| Outcome {
            partition: Partition::new(&name, part.index),
            error_code: part.error_code,
            base_offset: part.base_offset,
        })
    });
    outcomes.collect()
}
