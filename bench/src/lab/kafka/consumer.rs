//! One consumer: it fetches its partitions again and again, from where it is.

use net::kafka::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use net::kafka::api_key::ApiKey;
use net::kafka::header::{CorrelationId, RequestHeader, ResponseHeader};
use net::kafka::message::{Request, Response};
use net::kafka::wire::Reader;
use record::{BatchView, Offset, PartitionIndex};

use super::super::ledger::Ledger;
use super::composer::Mark;
use crate::error::BenchError;

/// The version asked in: the last with names and without compact lengths.
const VERSION: i16 = 11;
/// How long the broker may wait for a byte.
const WAIT_MS: i32 = 500;
/// Bytes of an answer, and of a partition in it.
const BYTES_MAX: i32 = 16 << 20;
const PARTITION_BYTES_MAX: i32 = 1 << 20;

/// A connection that fetches.
#[derive(Debug)]
pub(super) struct Consumer {
    topic: String,
    /// Its partitions, and the next offset of each.
    places: Vec<(i32, i64)>,
    asked: i32,
}

impl Consumer {
    /// The `share`-th of `of` consumers of a group; `from` is where each partition begins.
    pub(super) fn new(topic: &str, from: &[i64], share: usize, of: usize) -> Self {
        let places = (0_i32..).zip(from).skip(share).step_by(of);
        let places = places.map(|(partition, offset)| (partition, *offset)).collect();
        Self { topic: topic.to_owned(), places, asked: 0 }
    }

    /// Appends the next fetch; nothing if no partition is its own.
    pub(super) fn ask(&mut self, bytes: &mut Vec<u8>) -> Result<(), BenchError> {
        if self.places.is_empty() {
            return Ok(());
        }
        let partitions: Vec<FetchPartition> = self
            .places
            .iter()
            .map(|(partition, offset)| FetchPartition {
                partition: PartitionIndex(*partition),
                fetch_offset: Offset(*offset),
                max_bytes: PARTITION_BYTES_MAX,
                ..FetchPartition::default()
            })
            .collect();
        let topics = [FetchTopic {
            name: &self.topic,
            partitions: partitions.as_slice().into(),
            ..FetchTopic::default()
        }];
        let request = FetchRequest {
            max_wait_ms: WAIT_MS,
            min_bytes: 1,
            max_bytes: BYTES_MAX,
            topics: (&topics).into(),
            ..FetchRequest::default()
        };
        self.asked = self.asked.wrapping_add(1);
        let header = RequestHeader {
            version: ApiKey::Fetch.version(VERSION)?,
            correlation_id: CorrelationId(self.asked),
            client_id: Some("tidemill-bench"),
        };
        // The one that fetches first goes first next time, so that none starves.
        self.places.rotate_left(1);
        Ok(request.encode_frame(header, bytes)?)
    }

    /// Takes an answer: enters this run's records, and returns how many others there were.
    pub(super) fn on_answer(
        &mut self,
        frame: &[u8],
        mark: Mark,
        now_ns: u64,
        ledger: &mut Ledger<'_>,
    ) -> Result<u64, BenchError> {
        let version = ApiKey::Fetch.version(VERSION)?;
        let mut reader = Reader::response(frame);
        let header = ResponseHeader::read(version, &mut reader)?;
        if header.correlation_id != CorrelationId(self.asked) {
            return Err(BenchError::Nothing("an answer to something else"));
        }
        let response = FetchResponse::decode(version, &mut reader)?;
        refuse(response.error_code)?;
        let mut others = 0;
        for partition in response.topics.iter().flat_map(|topic| topic.partitions.iter()) {
            refuse(partition.data.error_code)?;
            let index = partition.data.partition.0;
            let Some(place) = self.places.iter_mut().find(|(own, _)| *own == index) else {
                return Err(BenchError::Nothing("a partition that was not asked for"));
            };
            let mut bytes = partition.records.map_or(&[][..], |records| records.bytes());
            // The last batch may be cut off, as Kafka allows.
            while let Ok((batch, rest)) = BatchView::parse(bytes) {
                bytes = rest;
                let Some(records) = batch.plain_records() else {
                    return Err(BenchError::Nothing("a compressed batch"));
                };
                for record in records.iter().filter_map(Result::ok) {
                    // A batch may begin before the offset that was asked for.
                    if records.offset(&record).0 < place.1 {
                        continue;
                    }
                    match record.value.and_then(|value| mark.due_ns(value)) {
                        Some(due_ns) => ledger.on_read(due_ns, now_ns),
                        None => others += 1,
                    }
                }
                place.1 = place.1.max(batch.next_offset().0);
            }
        }
        Ok(others)
    }
}

fn refuse(code: net::kafka::error_code::ErrorCode) -> Result<(), BenchError> {
    if code.is_none() { Ok(()) } else { Err(BenchError::Refused { what: "a fetch", code }) }
}

#[cfg(test)]
mod tests {
    use super::super::super::flags::WorkloadFlags;
    use super::super::super::ledger::{Ledger, Nobody};
    use super::*;
    use net::kafka::api::fetch::{FetchTopicResponse, FetchedPartition, PartitionData};
    use record::{BatchBuilder, NewRecord, Seal, Timestamp};

    /// A batch from an offset on: each value is of the run that its mark says.
    fn batch(base_offset: i64, marks: &[u64]) -> Vec<u8> {
        let mut builder = BatchBuilder::new();
        for mark in marks {
            let value = [mark.to_be_bytes(), 100_u64.to_be_bytes()].concat();
            let (timestamp, value) = (Timestamp(1), Some(value.as_slice()));
            builder.append(&NewRecord { timestamp, key: None, value, headers: &[] }).unwrap();
        }
        builder.seal(&Seal { base_offset: Offset(base_offset), ..Seal::default() }).unwrap()
    }

    /// The frame that answers the `asked`-th fetch with records of partition 1.
    fn answer(asked: i32, records: &[u8]) -> Vec<u8> {
        let data = PartitionData { partition: PartitionIndex(1), ..PartitionData::default() };
        let partitions = [FetchedPartition { data, records: Some(records.into()) }];
        let topics = [FetchTopicResponse {
            name: "t",
            partitions: (&partitions).into(),
            ..FetchTopicResponse::default()
        }];
        let response = FetchResponse { topics: (&topics).into(), ..FetchResponse::default() };
        let mut frame = Vec::new();
        let version = ApiKey::Fetch.version(VERSION).unwrap();
        response.encode_frame(version, CorrelationId(asked), &mut frame).unwrap();
        frame.split_off(4)
    }

    #[test]
    fn every_record_of_the_run_is_read_once_and_others_are_told_apart() {
        let flags: WorkloadFlags = toml::from_str("warmup = 0").unwrap();
        let workload = flags.resolve(String::new()).unwrap();
        let mut nobody = Nobody;
        let mut ledger = Ledger::new(&workload, 0, &mut nobody);
        let mut consumer = Consumer::new("t", &[5, 11], 1, 2);
        let (mark, mut frame) = (Mark(7), Vec::new());
        consumer.ask(&mut frame).unwrap();
        // The first record was read before; of the second batch only a part came.
        let cut = batch(14, &[7, 7])[..70].to_vec();
        let records = [batch(10, &[7, 7, 9, 7]), cut].concat();
        let others = consumer.on_answer(&answer(1, &records), mark, 500, &mut ledger).unwrap();
        assert_eq!((others, ledger.all().read), (1, 2));
        assert_eq!(consumer.places, [(1, 14)]);
        assert!(consumer.on_answer(&answer(2, &[]), mark, 500, &mut ledger).is_err());
    }

    #[test]
    fn a_group_shares_the_partitions() {
        let places = |share| Consumer::new("t", &[0, 1, 2, 3, 4], share, 2).places;
        assert_eq!(places(0), [(0, 0), (2, 2), (4, 4)]);
        assert_eq!(places(1), [(1, 1), (3, 3)]);
    }
}
