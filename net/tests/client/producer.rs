//! A producer whose batches are refused, lost, answered twice, or not at all.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use net::client::{Acknowledgement, Client, NewMessage, Producer, ProducerConfig, Tally};
use net::kafka::api::produce::{PartitionProduceResponse, ProduceResponse, TopicProduceResponse};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::RequestBody;
use record::{BatchHeader, NewRecord, Timestamp, TopicId};

use super::script::{Act, Asking, EMPTY, TOPIC, start, with_client};

/// What the broker does with the next batch.
#[derive(Clone, Copy)]
enum Next {
    Code(ErrorCode),
    Close,
}

const FINE: Next = Next::Code(ErrorCode::NONE);

/// A batch as the broker saw it: producer id, base sequence, records.
type Seen = (i64, i32, i32);

fn act(asking: &Asking<'_>, next: Next, seen: &Sender<Seen>) -> Act {
    let RequestBody::Produce(request) = asking.body else { panic!("only Produce is sent") };
    let batch = request.topics.iter().next().unwrap().partitions.iter().next().unwrap();
    let header = BatchHeader::decode(batch.records.unwrap().bytes()).unwrap();
    let place = (header.producer_id.0, header.base_sequence.0, header.record_count);
    seen.send(place).unwrap();
    let error_code = match next {
        Next::Code(code) => code,
        Next::Close => return Act::Close,
    };
    let partitions = [PartitionProduceResponse { error_code, ..Default::default() }];
    let topics = [TopicProduceResponse {
        name: TOPIC,
        id: TopicId([7; 16]),
        partitions: (&partitions).into(),
    }];
    asking.answer(&ProduceResponse { topics: (&topics).into(), ..Default::default() })
}

/// Sends `records` records, two a batch, to a broker that does this with each batch it gets, and
/// is fine with the rest.
fn produce<const N: usize>(
    acks: Acknowledgement,
    records: usize,
    script: [Next; N],
) -> (Tally, Vec<Seen>) {
    let (seen_sender, seen): (_, Receiver<Seen>) = channel();
    let (tally_sender, tally) = channel();
    let mut script = script.into_iter();
    let endpoint =
        start(EMPTY, move |_, asking| act(&asking, script.next().unwrap_or(FINE), &seen_sender));
    let config = ProducerConfig {
        acks,
        batch_records: 2,
        linger: Duration::from_hours(1),
        ..ProducerConfig::default()
    };
    with_client(endpoint, move |client: Client| async move {
        let producer = Producer::open(client, TOPIC, config).await.unwrap();
        for _ in 0..records {
            let value = Some(&b"v"[..]);
            let record = NewRecord { timestamp: Timestamp(1), key: None, value, headers: &[] };
            producer.send(&NewMessage { partition: None, record }).await.unwrap();
        }
        tally_sender.send(producer.flush().await).unwrap();
    });
    (tally.recv().unwrap(), seen.try_iter().collect())
}

fn check(tally: &Tally, acknowledged: u64, failed: u64) {
    assert_eq!((tally.acknowledged, tally.failed, tally.unresolved), (acknowledged, failed, 0));
}

#[test]
fn sequences_run_on_through_a_partitions_batches() {
    let (tally, seen) = produce(Acknowledgement::All, 5, []);
    check(&tally, 5, 0);
    assert_eq!(seen, [(1, 0, 2), (1, 2, 2), (1, 4, 1)]);
}

#[test]
fn what_may_pass_is_tried_again_with_the_same_sequence() {
    for code in [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::REQUEST_TIMED_OUT] {
        let (tally, seen) = produce(Acknowledgement::All, 2, [Next::Code(code)]);
        check(&tally, 2, 0);
        assert_eq!(seen, [(1, 0, 2), (1, 0, 2)]);
    }
}

#[test]
fn batches_behind_a_failed_one_are_sent_again_in_order() {
    let late = Next::Code(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let script = [Next::Code(ErrorCode::NOT_LEADER_OR_FOLLOWER), late, late];
    let (tally, seen) = produce(Acknowledgement::All, 6, script);
    check(&tally, 6, 0);
    assert_eq!(seen.get(3..).unwrap(), [(1, 0, 2), (1, 2, 2), (1, 4, 2)]);
}

#[test]
fn a_batch_whose_answer_was_lost_counts_once() {
    let duplicate = Next::Code(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    let (tally, seen) = produce(Acknowledgement::All, 2, [Next::Close, duplicate]);
    check(&tally, 2, 0);
    assert_eq!(seen, [(1, 0, 2), (1, 0, 2)]);
}

#[test]
fn behind_a_refused_batch_it_goes_on_under_a_new_producer_id() {
    let late = Next::Code(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let script = [Next::Code(ErrorCode::INVALID_RECORD), late];
    let (tally, seen) = produce(Acknowledgement::All, 4, script);
    check(&tally, 2, 2);
    assert_eq!(tally.first_failure.and_then(|e| e.code()), Some(ErrorCode::INVALID_RECORD));
    assert_eq!(seen.first(), Some(&(1, 0, 2)));
    assert_eq!(seen.last(), Some(&(2, 0, 2)));
}

#[test]
fn a_broker_that_forgot_the_producer_is_given_a_new_one() {
    let script = [FINE, Next::Code(ErrorCode::UNKNOWN_PRODUCER_ID)];
    let (tally, seen) = produce(Acknowledgement::All, 4, script);
    check(&tally, 4, 0);
    assert_eq!(seen, [(1, 0, 2), (1, 2, 2), (2, 0, 2)]);
}

#[test]
fn the_leaders_acknowledgement_needs_no_sequences() {
    let script = [Next::Code(ErrorCode::NOT_LEADER_OR_FOLLOWER)];
    let (tally, seen) = produce(Acknowledgement::Leader, 4, script);
    check(&tally, 4, 0);
    assert_eq!(seen, [(-1, -1, 2); 3]);
}
