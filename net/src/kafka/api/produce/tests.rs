//! Produce: bytes of requests and responses, and what is refused.

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};

use super::*;
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::header::{CorrelationId, RequestHeader};
use crate::kafka::leader::{CurrentLeader, NodeEndpoint};
use crate::kafka::message::{Request, Response};
use crate::kafka::reply::Reply;
use crate::kafka::version::Version;
use crate::kafka::wire::{Array, EncodeError, Reader, Wire, Writer};

fn produce(version: i16) -> Version {
    ApiKey::Produce.version(version).unwrap()
}

fn in_partition(partition: i32, records: &[u8]) -> PartitionProduce<'_> {
    PartitionProduce { partition: PartitionIndex(partition), records: Some(records.into()) }
}

#[test]
fn slots_say_where_records_stand_in_the_frame() {
    let first = [in_partition(4, b"first"), in_partition(5, b"")];
    let second = [
        in_partition(0, b"second"),
        PartitionProduce { partition: PartitionIndex(1), records: None },
    ];
    let id = TopicId([3; 16]);
    let topics = [
        TopicProduce { name: "a", id, partitions: (&first).into() },
        TopicProduce { name: "b", id, partitions: (&second).into() },
    ];
    let request = ProduceRequest { topics: (&topics).into(), ..ProduceRequest::default() };
    for version in ApiKey::Produce.versions() {
        let header =
            RequestHeader { version, correlation_id: CorrelationId(1), client_id: Some("me") };
        let mut bytes = Vec::new();
        request.encode_frame(header, &mut bytes).unwrap();
        let frame = &mut bytes[4..];

        let mut r = Reader::request(frame);
        let preamble = crate::kafka::header::Preamble::read(&mut r).unwrap();
        RequestHeader::read_after(preamble, version, &mut r).unwrap();
        let decoded = ProduceRequest::decode(version, &mut r).unwrap();
        let slots: Vec<_> = decoded.slots().map(|slot| (slot.partition.0, slot.records)).collect();
        let texts: Vec<_> = slots
            .iter()
            .map(|(partition, range)| (*partition, range.clone().map(|range| &frame[range])))
            .collect();
        let expected: [(i32, Option<&[u8]>); 4] =
            [(4, Some(b"first")), (5, Some(b"")), (0, Some(b"second")), (1, None)];
        assert_eq!(texts, expected);

        let range = slots[0].1.clone().unwrap();
        frame[range].copy_from_slice(b"FIRST");
        assert!(frame.windows(5).any(|window| window == b"FIRST"));
    }
}

#[test]
fn topics_are_named_by_name_or_by_id() {
    let id = TopicId([3; 16]);
    let topics = [TopicProduce { name: "a", id, partitions: Array::EMPTY }];
    let request = ProduceRequest { topics: (&topics).into(), ..ProduceRequest::default() };
    let named = |version| {
        let mut bytes = Vec::new();
        request.write(&mut Writer::new(&mut bytes), version).unwrap();
        let decoded = ProduceRequest::decode(version, &mut Reader::request(&bytes)).unwrap();
        let topic = decoded.topics.iter().next().unwrap();
        (topic.name.to_owned(), topic.id)
    };
    assert_eq!(named(produce(12)), ("a".to_owned(), TopicId::NIL));
    assert_eq!(named(produce(13)), (String::new(), id));
}

fn some_results<'a>(errors: &'a [RecordError<'a>]) -> [PartitionProduceResponse<'a>; 2] {
    let appended = PartitionProduceResponse {
        partition: PartitionIndex(1),
        base_offset: Offset(77),
        log_start_offset: Offset(5),
        ..PartitionProduceResponse::default()
    };
    let refused = PartitionProduceResponse {
        partition: PartitionIndex(2),
        error_code: ErrorCode::INVALID_RECORD,
        base_offset: Offset::NONE,
        record_errors: errors.into(),
        error_message: Some("no key"),
        ..PartitionProduceResponse::default()
    };
    [appended, refused]
}

#[test]
fn a_streamed_response_is_the_same_as_a_built_one() {
    let errors = [RecordError { batch_index: 3, message: None }];
    let partitions = some_results(&errors);
    let id = TopicId([3; 16]);
    let topics = [
        TopicProduceResponse { name: "a", id, partitions: (&partitions).into() },
        TopicProduceResponse { name: "empty", id, partitions: Array::EMPTY },
    ];
    let response =
        ProduceResponse { topics: (&topics).into(), throttle_time_ms: 9, ..Default::default() };
    for version in ApiKey::Produce.versions() {
        let mut built = Vec::new();
        response.encode_frame(version, CorrelationId(1), &mut built).unwrap();

        let mut reply: Reply<&[u8]> = Reply::new();
        let mut encoder =
            ProduceResponseEncoder::begin(&mut reply, version, CorrelationId(1), 2).unwrap();
        encoder.topic("a", id, 2).unwrap();
        for partition in &partitions {
            encoder.partition(partition).unwrap();
        }
        encoder.topic("empty", id, 0).unwrap();
        encoder.end(9, &[]).unwrap();
        assert_eq!(reply.bytes(), built, "{version:?}");
    }
}

#[test]
fn a_moved_partition_is_said_from_version_10_and_refused_below() {
    let leader = CurrentLeader { leader_id: NodeId(2), leader_epoch: LeaderEpoch(7) };
    let moved = PartitionProduceResponse { current_leader: leader, ..Default::default() };
    let endpoint = NodeEndpoint { node_id: NodeId(2), host: "h", port: 1, rack: None };
    let mut reply: Reply<&[u8]> = Reply::new();
    let mut try_in = |version, moved: &PartitionProduceResponse<'_>, endpoints: &[_]| {
        let correlation_id = CorrelationId(1);
        let mut encoder = ProduceResponseEncoder::begin(&mut reply, version, correlation_id, 1)?;
        encoder.topic("a", TopicId([3; 16]), 1)?;
        encoder.partition(moved)?;
        encoder.end(0, endpoints)
    };
    assert_eq!(try_in(produce(10), &moved, &[endpoint]), Ok(()));
    let refused = |field| Err(EncodeError::NotInVersion { field, version: 9 });
    assert_eq!(try_in(produce(9), &moved, &[]), refused("PartitionProduceResponse.current_leader"));
    assert_eq!(
        try_in(produce(9), &PartitionProduceResponse::default(), &[endpoint]),
        refused("ProduceResponse.node_endpoints")
    );
}

#[test]
fn a_response_that_breaks_its_announcement_leaves_the_reply_as_it_was() {
    let mut reply: Reply<&[u8]> = Reply::new();
    let mut encoder =
        ProduceResponseEncoder::begin(&mut reply, produce(9), CorrelationId(1), 1).unwrap();
    encoder.topic("a", TopicId::NIL, 2).unwrap();
    encoder.partition(&PartitionProduceResponse::default()).unwrap();
    assert_eq!(encoder.end(0, &[]), Err(EncodeError::Count { what: "partitions" }));
    assert!(reply.is_empty());
}
