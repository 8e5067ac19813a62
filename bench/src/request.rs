//! A Produce request encoded once and sent again and again, with other partitions.
//!
//! Encoding is not what is measured, and must not cost the load its core. Only two fields differ
//! from request to request, the correlation id and the partition, and neither is under the batch's
//! checksum. Where they stand, and where the answer has its error code, is found by encoding twice.

use std::ops::Range;

use net::kafka::api::produce::{
    Acks, PartitionProduce, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduce, TopicProduceResponse,
};
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use net::kafka::header::{CorrelationId, RequestHeader};
use net::kafka::message::{Request, Response};
use net::kafka::version::Version;
use record::{BatchBuilder, NewRecord, PartitionIndex, Seal, Timestamp};
use runtime::floor::Rotation;

use crate::error::BenchError;

/// The last version with fixed-size lengths, so that every field stands at a fixed place.
pub(crate) const VERSION: i16 = 7;

/// How long the broker may take before it refuses, so that waiting for room is not an error.
pub(crate) const TIMEOUT_MS: i32 = 60_000;

/// Every byte of it differs from zero.
const MARK: i32 = 0x7F7F_7F7F;

/// A request to be repeated.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// The whole frame, for partition 0.
    pub(crate) request: Vec<u8>,
    /// Where the partition stands, and how many there are.
    pub(crate) rotation: Rotation,
    /// Where an answer has its error code.
    pub(crate) error_code: Range<usize>,
    /// Records in it.
    pub(crate) records: u32,
}

/// What a template is made of.
pub(crate) struct Ingredients<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partitions: u32,
    pub(crate) records: u32,
    pub(crate) record_bytes: u32,
    pub(crate) acks: Acks,
    /// The key of all records.
    pub(crate) key: Option<&'a [u8]>,
}

impl Template {
    /// Encodes it.
    pub(crate) fn new(of: &Ingredients<'_>) -> Result<Self, BenchError> {
        let value = vec![0xA5_u8; of.record_bytes as usize];
        let mut builder = BatchBuilder::new();
        for _ in 0..of.records {
            builder.append(&NewRecord {
                timestamp: Timestamp(runtime::wall_millis()),
                key: of.key,
                value: Some(&value),
                headers: &[],
            })?;
        }
        let batch = builder.seal(&Seal::default())?;
        let version = ApiKey::Produce.version(VERSION)?;
        let request = encode_request(of, &batch, PartitionIndex(0), version)?;
        let marked = encode_request(of, &batch, PartitionIndex(MARK), version)?;
        let at = first_difference(&request, &marked)?;
        let answer = encode_answer(of.topic, ErrorCode::NONE, version)?;
        let marked = encode_answer(of.topic, ErrorCode(0x7F7F), version)?;
        let error_code = first_difference(&answer, &marked)?;
        Ok(Self {
            request,
            rotation: Rotation { at, count: of.partitions },
            error_code: error_code..error_code + 2,
            records: of.records,
        })
    }
}

fn encode_request(
    of: &Ingredients<'_>,
    batch: &[u8],
    partition: PartitionIndex,
    version: Version,
) -> Result<Vec<u8>, BenchError> {
    let partitions = [PartitionProduce { partition, records: Some(batch.into()) }];
    let topics = [TopicProduce {
        name: of.topic,
        partitions: (&partitions).into(),
        ..TopicProduce::default()
    }];
    let request = ProduceRequest {
        acks: of.acks,
        timeout_ms: TIMEOUT_MS,
        topics: (&topics).into(),
        ..ProduceRequest::default()
    };
    let correlation_id = CorrelationId(0);
    let header = RequestHeader { version, correlation_id, client_id: Some("tidemill-bench") };
    let mut bytes = Vec::new();
    request.encode_frame(header, &mut bytes)?;
    Ok(bytes)
}

fn encode_answer(topic: &str, code: ErrorCode, version: Version) -> Result<Vec<u8>, BenchError> {
    let partitions =
        [PartitionProduceResponse { error_code: code, ..PartitionProduceResponse::default() }];
    let topics = [TopicProduceResponse {
        name: topic,
        partitions: (&partitions).into(),
        ..TopicProduceResponse::default()
    }];
    let response = ProduceResponse { topics: (&topics).into(), ..ProduceResponse::default() };
    let mut bytes = Vec::new();
    response.encode_frame(version, CorrelationId(0), &mut bytes)?;
    Ok(bytes)
}

fn first_difference(one: &[u8], other: &[u8]) -> Result<usize, BenchError> {
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    differs.ok_or(BenchError::Nothing("a field that is not encoded"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use net::kafka::header::Preamble;
    use net::kafka::wire::Reader;

    #[test]
    fn the_partition_is_where_the_rotation_says() {
        let of = Ingredients {
            topic: "a-topic",
            partitions: 10_000,
            records: 3,
            record_bytes: 100,
            acks: Acks::ALL,
            key: None,
        };
        let mut template = Template::new(&of).unwrap();
        let at = template.rotation.at;
        template.request[at..at + 4].copy_from_slice(&4711_u32.to_be_bytes());
        let mut r = Reader::request(&template.request[4..]);
        let preamble = Preamble::read(&mut r).unwrap();
        let version = ApiKey::Produce.version(VERSION).unwrap();
        RequestHeader::read_after(preamble, version, &mut r).unwrap();
        let request = ProduceRequest::decode(version, &mut r).unwrap();
        let slots: Vec<_> = request.slots().collect();
        assert_eq!((slots.len(), slots[0].partition), (1, PartitionIndex(4711)));
        let topic = request.topics.iter().next().unwrap();
        let records = topic.partitions.iter().next().unwrap().records.unwrap().bytes();
        let (batch, rest) = record::BatchView::parse(records).unwrap();
        assert!(batch.crc_is_valid() && rest.is_empty());
        assert_eq!(batch.header().record_count(), 3);
    }

    #[test]
    fn the_error_code_is_where_the_template_says() {
        let (acks, key) = (Acks::ALL, Some(&b"key"[..]));
        let of = Ingredients { topic: "t", partitions: 1, records: 1, record_bytes: 1, acks, key };
        let place = Template::new(&of).unwrap().error_code;
        let version = ApiKey::Produce.version(VERSION).unwrap();
        let answer = encode_answer("t", ErrorCode::TOPIC_ALREADY_EXISTS, version).unwrap();
        assert_eq!(answer[place], [0, 36]);
    }
}
