//! Fetching in sessions (KIP-227): what a consumer says to them, and what it is told.

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};

use super::batch;
use super::connection::Connection;
use super::produce::{Partition, topic_name};

/// The last version that names topics.
pub(crate) const BY_NAME: i16 = 12;
/// The first version with topic ids.
pub(crate) const BY_ID: i16 = 13;

/// One request; what is not set is as in a consumer's first.
#[derive(Clone, Debug)]
pub(crate) struct SessionFetch {
    pub(crate) version: i16,
    pub(crate) id: i32,
    pub(crate) epoch: i32,
    /// Partitions and where to read on.
    pub(crate) wanted: Vec<(Partition, i64)>,
    pub(crate) forgotten: Vec<Partition>,
    /// The ids of topics as text, for versions that have them.
    pub(crate) topic_ids: Vec<(String, String)>,
    pub(crate) bytes_max: i32,
    pub(crate) wait_ms: i32,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionAnswer {
    pub(crate) error_code: i16,
    pub(crate) id: i32,
    /// In the answer's order.
    pub(crate) partitions: Vec<PartitionAnswer>,
}

/// Of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionAnswer {
    pub(crate) partition: Partition,
    pub(crate) error_code: i16,
    pub(crate) high_watermark: i64,
    pub(crate) log_start: i64,
    pub(crate) records: usize,
}

impl SessionFetch {
    /// Asks for everything and a session.
    pub(crate) fn begin(wanted: &[(Partition, i64)]) -> Self {
        Self {
            version: BY_NAME,
            id: 0,
            epoch: 0,
            wanted: wanted.to_vec(),
            forgotten: Vec::new(),
            topic_ids: Vec::new(),
            bytes_max: 1 << 20,
            wait_ms: 0,
        }
    }

    /// Goes on with a session.
    pub(crate) fn next(id: i32, epoch: i32) -> Self {
        Self { id, epoch, ..Self::begin(&[]) }
    }

    fn topic_id(&self, partition: &Partition) -> &str {
        let known = self.topic_ids.iter().find(|(name, _)| *name == partition.topic);
        &known.expect("its topic has an id").1
    }

    fn encode(&self) -> FetchRequest {
        let topics = self.wanted.iter().map(|(partition, offset)| {
            let part = FetchPartition::default()
                .with_partition(partition.index)
                .with_current_leader_epoch(-1)
                .with_fetch_offset(*offset)
                .with_last_fetched_epoch(-1)
                .with_log_start_offset(-1)
                .with_partition_max_bytes(self.bytes_max);
            let topic = FetchTopic::default().with_partitions(vec![part]);
            if self.version < BY_ID {
                topic.with_topic(partition.topic_name())
            } else {
                topic.with_topic_id(self.topic_id(partition).parse().expect("an id"))
            }
        });
        let forgotten = self.forgotten.iter().map(|partition| {
            let topic = ForgottenTopic::default().with_partitions(vec![partition.index]);
            if self.version < BY_ID {
                topic.with_topic(topic_name(&partition.topic))
            } else {
                topic.with_topic_id(self.topic_id(partition).parse().expect("an id"))
            }
        });
        FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(self.wait_ms)
            .with_min_bytes(1)
            .with_max_bytes(self.bytes_max)
            .with_session_id(self.id)
            .with_session_epoch(self.epoch)
            .with_topics(topics.collect())
            .with_forgotten_topics_data(forgotten.collect())
    }

    fn decode(&self, answer: FetchResponse) -> SessionAnswer {
        let topics = answer.responses.into_iter();
        let partitions = topics.flat_map(|topic| {
            let by_id = self.topic_ids.iter().find(|(_, id)| *id == topic.topic_id.to_string());
            let name = match by_id {
                Some((name, _)) if self.version >= BY_ID => name.clone(),
                _ => topic.topic.to_string(),
            };
            topic.partitions.into_iter().map(move |part| PartitionAnswer {
                partition: Partition::new(&name, part.partition_index),
                error_code: part.error_code,
                high_watermark: part.high_watermark,
                log_start: part.log_start_offset,
                records: batch::decode(part.records.unwrap_or_default()).expect("whole").len(),
            })
        });
        let partitions = partitions.collect();
        SessionAnswer { error_code: answer.error_code, id: answer.session_id, partitions }
    }
}

impl SessionAnswer {
    /// Which partitions it has.
    pub(crate) fn named(&self) -> Vec<Partition> {
        self.partitions.iter().map(|answer| answer.partition.clone()).collect()
    }
}

impl Connection {
    /// Fetches; the connection must hold.
    pub(crate) fn session_fetch(&mut self, fetch: &SessionFetch) -> SessionAnswer {
        let answer = self.call(&fetch.encode(), fetch.version).expect("an answer to Fetch");
        fetch.decode(answer)
    }

    /// Sends a fetch without waiting.
    pub(crate) fn send_session_fetch(&mut self, fetch: &SessionFetch) {
        self.send(&fetch.encode(), fetch.version).expect("it can be sent");
    }

    /// The answer to a fetch that was sent.
    pub(crate) fn receive_session_fetch(&mut self, fetch: &SessionFetch) -> SessionAnswer {
        let answer = self.receive::<FetchRequest>(fetch.version).expect("an answer to Fetch");
        fetch.decode(answer)
    }
}
