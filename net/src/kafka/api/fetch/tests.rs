//! Fetch: bytes of requests and responses, and what is refused.

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicId};

use super::*;
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::header::{CorrelationId, ResponseHeader};
use crate::kafka::leader::{CurrentLeader, NodeEndpoint};
use crate::kafka::message::Response;
use crate::kafka::reply::{Part, Reply};
use crate::kafka::version::Version;
use crate::kafka::wire::{Array, EncodeError, Reader, Wire, Writer};

fn fetch(version: i16) -> Version {
    ApiKey::Fetch.version(version).unwrap()
}

fn flatten(reply: &Reply<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in reply.parts() {
        match part {
            Part::Bytes(part) => bytes.extend_from_slice(part),
            Part::Extent(extent) => bytes.extend_from_slice(extent),
        }
    }
    bytes
}

#[test]
fn a_streamed_response_is_the_same_as_a_built_one() {
    let aborted = [AbortedTransaction { producer_id: ProducerId(8), first_offset: Offset(3) }];
    let data = PartitionData {
        partition: PartitionIndex(6),
        high_watermark: Offset(100),
        aborted_transactions: Some((&aborted).into()),
        ..PartitionData::default()
    };
    let partitions = [
        FetchedPartition { data, records: Some((&b"first second"[..]).into()) },
        FetchedPartition { data: PartitionData::default(), records: Some((&b""[..]).into()) },
    ];
    let id = TopicId([3; 16]);
    let topics = [
        FetchTopicResponse { name: "a", id, partitions: (&partitions).into() },
        FetchTopicResponse { name: "empty", id, partitions: Array::EMPTY },
    ];
    let response =
        FetchResponse { throttle_time_ms: 9, topics: (&topics).into(), ..Default::default() };
    for version in ApiKey::Fetch.versions() {
        let mut built = Vec::new();
        response.encode_frame(version, CorrelationId(1), &mut built).unwrap();

        let mut reply: Reply<&[u8]> = Reply::new();
        let head = FetchResponseHead { throttle_time_ms: 9, ..Default::default() };
        let mut encoder =
            FetchResponseEncoder::begin(&mut reply, version, CorrelationId(1), head, 2).unwrap();
        encoder.topic("a", id, 2).unwrap();
        encoder.partition(&data, [&b"first "[..], &b""[..], &b"second"[..]]).unwrap();
        encoder.partition(&PartitionData::default(), []).unwrap();
        encoder.topic("empty", id, 0).unwrap();
        encoder.end(&[]).unwrap();
        assert_eq!(reply.cuts().len(), 2, "records are cut in, not copied");
        assert_eq!(flatten(&reply), built, "{version:?}");
        assert_eq!(reply.len(), built.len());
    }
}

#[test]
fn records_are_not_among_the_encoded_bytes() {
    let records = [0xab; 1000];
    let mut reply: Reply<&[u8]> = Reply::new();
    for correlation_id in [CorrelationId(1), CorrelationId(2)] {
        let head = FetchResponseHead::default();
        let mut encoder =
            FetchResponseEncoder::begin(&mut reply, fetch(12), correlation_id, head, 1).unwrap();
        encoder.topic("a", TopicId::NIL, 1).unwrap();
        encoder.partition(&PartitionData::default(), [&records[..]]).unwrap();
        encoder.end(&[]).unwrap();
    }
    assert!(!reply.bytes().contains(&0xab));

    let bytes = flatten(&reply);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (frame, correlation_id) in [(first, CorrelationId(1)), (second, CorrelationId(2))] {
        let len = u32::try_from(frame.len() - 4).unwrap();
        assert_eq!(frame[..4], len.to_be_bytes());
        let mut r = Reader::response(&frame[4..]);
        let header = ResponseHeader::read(fetch(12), &mut r).unwrap();
        assert_eq!(header.correlation_id, correlation_id);
        let response = FetchResponse::decode(fetch(12), &mut r).unwrap();
        let partition = response.topics.iter().next().unwrap().partitions.iter().next().unwrap();
        assert_eq!(partition.records.unwrap().bytes(), records);
    }
}

#[test]
fn what_old_versions_can_not_say_is_refused() {
    let try_in = |version: i16, data: PartitionData<'_>, session: i32, endpoints: &[_]| {
        let mut reply: Reply<&[u8]> = Reply::new();
        let session_id = SessionId(session);
        // An error without a session is left out silently below version 7.
        let error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
        let head = FetchResponseHead { session_id, error_code, throttle_time_ms: 0 };
        let correlation_id = CorrelationId(1);
        let mut encoder =
            FetchResponseEncoder::begin(&mut reply, fetch(version), correlation_id, head, 1)?;
        encoder.topic("a", TopicId::NIL, 1)?;
        encoder.partition(&data, [])?;
        encoder.end(endpoints)
    };
    let check = |field, from: i16, data: PartitionData<'_>, session: i32, endpoints: &[_]| {
        let refused = Err(EncodeError::NotInVersion { field, version: from - 1 });
        assert_eq!(try_in(from - 1, data, session, endpoints), refused);
        assert_eq!(try_in(from, data, session, endpoints), Ok(()));
    };
    let plain = PartitionData::default();
    check("FetchResponse.session_id", 7, plain, 1, &[]);
    let elsewhere = PartitionData { preferred_read_replica: NodeId(1), ..plain };
    check("PartitionData.preferred_read_replica", 11, elsewhere, 0, &[]);
    let leader = CurrentLeader { leader_id: NodeId(1), leader_epoch: LeaderEpoch(1) };
    let moved = PartitionData { current_leader: leader, ..plain };
    check("PartitionData.current_leader", 12, moved, 0, &[]);
    let epoch = EpochEnd { epoch: LeaderEpoch(1), end_offset: Offset(2) };
    let diverged = PartitionData { diverging_epoch: epoch, ..plain };
    check("PartitionData.diverging_epoch", 12, diverged, 0, &[]);
    let snapshot_id = SnapshotId { end_offset: Offset(2), epoch: LeaderEpoch(1) };
    let behind = PartitionData { snapshot_id, ..plain };
    check("PartitionData.snapshot_id", 12, behind, 0, &[]);
    let endpoint = NodeEndpoint { node_id: NodeId(1), host: "h", port: 1, rack: None };
    check("FetchResponse.node_endpoints", 16, plain, 0, &[endpoint]);
}

#[test]
fn what_old_requests_can_not_ask_is_refused() {
    let refused_below = |from: i16, field, request: FetchRequest<'_>| {
        let encode = |version| request.write(&mut Writer::new(&mut Vec::new()), fetch(version));
        assert_eq!(encode(from - 1), Err(EncodeError::NotInVersion { field, version: from - 1 }));
        assert_eq!(encode(from), Ok(()));
    };
    let plain = FetchRequest::default();
    let forgotten = [ForgottenTopic::default()];
    let request = FetchRequest { forgotten_topics: (&forgotten).into(), ..plain };
    refused_below(7, "FetchRequest.forgotten_topics", request);
    let last_fetched_epoch = LeaderEpoch(1);
    let partitions = [FetchPartition { last_fetched_epoch, ..Default::default() }];
    let topics = [FetchTopic { partitions: (&partitions).into(), ..Default::default() }];
    let request = FetchRequest { topics: (&topics).into(), ..plain };
    refused_below(12, "FetchPartition.last_fetched_epoch", request);
    let replica_state = ReplicaState { replica_id: NodeId(1), replica_epoch: 1 };
    refused_below(15, "FetchRequest.replica_state", FetchRequest { replica_state, ..plain });

    let follower = FetchRequest { replica_id: NodeId(1), ..plain };
    let field = "FetchRequest.replica_id";
    assert_eq!(follower.write(&mut Writer::new(&mut Vec::new()), fetch(14)), Ok(()));
    assert_eq!(
        follower.write(&mut Writer::new(&mut Vec::new()), fetch(15)),
        Err(EncodeError::NotInVersion { field, version: 15 })
    );
}

#[test]
fn a_response_that_breaks_its_announcement_leaves_the_reply_as_it_was() {
    let mut reply: Reply<&[u8]> = Reply::new();
    let head = FetchResponseHead::default();
    let records = [1; 100];
    let mut encoder =
        FetchResponseEncoder::begin(&mut reply, fetch(4), CorrelationId(1), head, 1).unwrap();
    encoder.topic("a", TopicId::NIL, 1).unwrap();
    encoder.partition(&PartitionData::default(), [&records[..]]).unwrap();
    let more = encoder.partition(&PartitionData::default(), [&records[..]]);
    assert_eq!(more, Err(EncodeError::Count { what: "partitions" }));
    drop(encoder);
    assert!(reply.is_empty() && reply.cuts().is_empty());

    let encoder =
        FetchResponseEncoder::begin(&mut reply, fetch(4), CorrelationId(1), head, 1).unwrap();
    assert_eq!(encoder.end(&[]), Err(EncodeError::Count { what: "topics" }));
    assert!(reply.is_empty());
}
