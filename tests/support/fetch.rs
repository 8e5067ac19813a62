//! Fetching, and asking where a log begins and ends.

use std::io;

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, ListOffsetsRequest};
use kafka_protocol::records::Record;

use super::batch;
use super::connection::Connection;
use super::produce::Partition;

const FETCH_VERSION: i16 = 12;
const LIST_OFFSETS_VERSION: i16 = 7;
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

/// How much is fetched and how long is waited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appetite {
    pub(crate) bytes_max: i32,
    pub(crate) wait_ms: i32,
}

/// An answer for one partition.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) error_code: i16,
    pub(crate) high_watermark: i64,
    pub(crate) log_start: i64,
    /// From the offset that was asked for on; decoding has checked each batch.
    pub(crate) records: Vec<Record>,
    /// Bytes of the batches.
    pub(crate) bytes: usize,
    /// Behind the last whole batch, which need not have a record.
    pub(crate) next_offset: Option<i64>,
}

impl Connection {
    /// Fetches from one partition.
    pub(crate) fn fetch(
        &mut self,
        partition: &Partition,
        offset: i64,
        appetite: Appetite,
    ) -> io::Result<Fetched> {
        let part = FetchPartition::default()
            .with_partition(partition.index)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(offset)
            .with_last_fetched_epoch(-1)
            .with_log_start_offset(-1)
            .with_partition_max_bytes(appetite.bytes_max);
        let topic =
            FetchTopic::default().with_topic(partition.topic_name()).with_partitions(vec![part]);
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(appetite.wait_ms)
            .with_min_bytes(1)
            .with_max_bytes(appetite.bytes_max)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        let mut answer = self.call(&request, FETCH_VERSION)?;
        if answer.error_code != 0 {
            return Err(io::Error::other(format!("Fetch: error {}", answer.error_code)));
        }
        let mut topic = answer.responses.pop().expect("the topic that was asked for");
        let part = topic.partitions.pop().expect("the partition that was asked for");
        let batches = part.records.unwrap_or_default();
        let bytes = batches.len();
        let next_offset = batch::next_offset(&batches);
        let mut records = batch::decode(batches).map_err(io::Error::other)?;
        records.retain(|record| record.offset >= offset);
        Ok(Fetched {
            error_code: part.error_code,
            high_watermark: part.high_watermark,
            log_start: part.log_start_offset,
            records,
            bytes,
            next_offset,
        })
    }

    /// The first offset of a log.
    pub(crate) fn earliest(&mut self, partition: &Partition) -> io::Result<i64> {
        self.list_offset(partition, EARLIEST)
    }

    /// The high watermark of a log.
    pub(crate) fn latest(&mut self, partition: &Partition) -> io::Result<i64> {
        self.list_offset(partition, LATEST)
    }

    fn list_offset(&mut self, partition: &Partition, timestamp: i64) -> io::Result<i64> {
        let part = ListOffsetsPartition::default()
            .with_partition_index(partition.index)
            .with_current_leader_epoch(-1)
            .with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default()
            .with_name(partition.topic_name())
            .with_partitions(vec![part]);
        let request =
            ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![topic]);
        let mut answer = self.call(&request, LIST_OFFSETS_VERSION)?;
        let mut topic = answer.topics.pop().expect("the topic that was asked for");
        let part = topic.partitions.pop().expect("the partition that was asked for");
        if part.error_code != 0 {
            let what = format!("ListOffsets of {partition:?}: error {}", part.error_code);
            return Err(io::Error::other(what));
        }
        Ok(part.offset)
    }
}
