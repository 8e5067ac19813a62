//! What a broker answers to a produce request: for stubs, whose answers say nothing but `code`.

use net::kafka::api::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use net::kafka::header::{Preamble, RequestHeader};
use net::kafka::message::{Request, Response};
use net::kafka::wire::Reader;
use record::BatchView;

use crate::error::BenchError;
use crate::request::VERSION;

/// An answer with its length in front, and how many records the request had.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
}

/// Answers a frame, its length cut off, of one partition's records. An error if it is no such
/// request.
pub(super) fn answer(frame: &[u8], code: ErrorCode) -> Result<Answer, BenchError> {
    let wrong = || BenchError::Nothing("a request that is none of the load's");
    let mut reader = Reader::request(frame);
    let preamble = Preamble::read(&mut reader)?;
    let version = ApiKey::Produce.version(VERSION)?;
    let header = RequestHeader::read_after(preamble, version, &mut reader)?;
    let request = ProduceRequest::decode(version, &mut reader)?;
    let topic = request.topics.iter().next().ok_or_else(wrong)?;
    let partition = topic.partitions.iter().next().ok_or_else(wrong)?;
    let batch = BatchView::parse(partition.records.ok_or_else(wrong)?.bytes());
    let (batch, _) = batch.map_err(|_| wrong())?;
    let records = u64::try_from(batch.header().record_count()).map_err(|_| wrong())?;
    let partitions = [PartitionProduceResponse {
        partition: partition.partition,
        error_code: code,
        ..PartitionProduceResponse::default()
    }];
    let topics = [TopicProduceResponse {
        name: topic.name,
        partitions: (&partitions).into(),
        ..TopicProduceResponse::default()
    }];
    let response = ProduceResponse { topics: (&topics).into(), ..ProduceResponse::default() };
    let mut bytes = Vec::new();
    response.encode_frame(version, header.correlation_id, &mut bytes)?;
    Ok(Answer { bytes, records })
}
