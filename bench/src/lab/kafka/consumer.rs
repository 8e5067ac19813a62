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
