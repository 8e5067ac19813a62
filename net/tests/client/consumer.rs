//! A consumer whose position is gone, whose broker is silent, or whose batches are damaged.

use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};

use net::client::{ClientError, ConnectionError, Consumer, ConsumerConfig, StartAt};
use net::kafka::api::fetch::{FetchResponse, FetchTopicResponse, FetchedPartition, PartitionData};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::RequestBody;
use record::{BatchBuilder, Decompressor, NewRecord, Offset, Seal, Timestamp, TopicId};

use super::script::{Act, Asking, TOPIC, start, with_client};

/// The offset that a fetch asks for.
fn asked_offset(asking: &Asking<'_>) -> i64 {
    let RequestBody::Fetch(request) = asking.body else { panic!("only Fetch is sent") };
    let topic = request.topics.iter().next().unwrap();
    topic.partitions.iter().next().unwrap().fetch_offset.0
}

fn fetched(asking: &Asking<'_>, error_code: ErrorCode, records: &[u8]) -> Act {
    let data = PartitionData { error_code, ..Default::default() };
    let partitions = [FetchedPartition { data, records: Some(records.into()) }];
    let topics = [FetchTopicResponse {
        name: TOPIC,
        id: TopicId([7; 16]),
        partitions: (&partitions).into(),
    }];
    asking.answer(&FetchResponse { topics: (&topics).into(), ..Default::default() })
}

/// A batch of three records from `base` on.
fn batch(base: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for offset in base..base + 3 {
        let value = offset.to_string();
        let value = Some(value.as_bytes());
        let record = NewRecord { timestamp: Timestamp(1), key: None, value, headers: &[] };
        builder.append(&record).unwrap();
    }
    builder.seal(&Seal { base_offset: Offset(base), ..Seal::default() }).unwrap()
}

/// Consumes until the end that the broker has at first, or an error.
fn consume(
    start_at: StartAt,
    log: (i64, i64),
    mut script: impl FnMut(&mut (Offset, Offset), Asking<'_>) -> Act + Send + 'static,
) -> (Vec<i64>, Option<ClientError>) {
    let (results, result) = channel();
    let log = (Offset(log.0), Offset(log.1));
    let endpoint = start(log, move |broker, asking| script(&mut broker.offsets, asking));
    with_client(endpoint, move |client| async move {
        let config =
            ConsumerConfig { start: start_at, stop_at_end: true, ..ConsumerConfig::default() };
        let mut consumer = Consumer::open(client, TOPIC, config).await.unwrap();
        let mut offsets = Vec::new();
        let error = read(&mut consumer, &mut offsets).await.err();
        send(&results, (offsets, error));
    });
    result.recv().unwrap()
}

fn send<T>(results: &Sender<T>, result: T) {
    assert!(results.send(result).is_ok(), "the test waits for it");
}

async fn read(consumer: &mut Consumer, offsets: &mut Vec<i64>) -> Result<(), ClientError> {
    let mut decompressor = Decompressor::new();
    while let Some(fetched) = consumer.next().await? {
        fetched.for_each(&mut decompressor, |record| {
            assert_eq!(record.value, Some(record.offset.0.to_string().as_bytes()));
            offsets.push(record.offset.0);
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}

#[test]
fn a_batch_is_read_from_the_wanted_offset_and_to_the_end() {
    let (offsets, error) = consume(StartAt::Offset(Offset(4)), (0, 8), |_, asking| {
        let base = asked_offset(&asking) / 3 * 3;
        fetched(&asking, ErrorCode::NONE, &batch(base))
    });
    assert!(error.is_none(), "{error:?}");
    assert_eq!(offsets, [4, 5, 6, 7]);
}

#[test]
fn a_batch_that_is_cut_off_is_fetched_again() {
    let (offsets, error) = consume(StartAt::Beginning, (0, 6), |_, asking| {
        let base = asked_offset(&asking);
        let next = batch(base + 3);
        let half = next.split_at(next.len() / 2).0;
        fetched(&asking, ErrorCode::NONE, &[&batch(base), half].concat())
    });
    assert!(error.is_none(), "{error:?}");
    assert_eq!(offsets, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_broker_that_never_gives_a_whole_batch_is_an_error() {
    let (offsets, error) = consume(StartAt::Beginning, (0, 3), |_, asking| {
        let whole = batch(0);
        fetched(&asking, ErrorCode::NONE, whole.split_at(whole.len() - 1).0)
    });
    assert!(offsets.is_empty());
    assert!(error.is_some_and(|error| error.to_string().contains("only a part of a batch")));
}

#[test]
fn a_position_that_retention_has_overtaken_moves_to_the_logs_beginning() {
    let (offsets, error) = consume(StartAt::Beginning, (0, 9), |log, asking| {
        let base = asked_offset(&asking);
        if base == 0 {
            log.0 = Offset(6);
            return fetched(&asking, ErrorCode::OFFSET_OUT_OF_RANGE, &[]);
        }
        fetched(&asking, ErrorCode::NONE, &batch(base))
    });
    assert!(error.is_none(), "{error:?}");
    assert_eq!(offsets, [6, 7, 8]);
}

#[test]
fn a_moved_leader_and_a_lost_connection_are_tried_again() {
    let mut count = 0;
    let (offsets, error) = consume(StartAt::Beginning, (0, 3), move |_, asking| {
        count += 1;
        match count {
            1 => fetched(&asking, ErrorCode::NOT_LEADER_OR_FOLLOWER, &[]),
            2 => Act::Close,
            _ => fetched(&asking, ErrorCode::NONE, &batch(0)),
        }
    });
    assert!(error.is_none(), "{error:?}");
    assert_eq!(offsets, [0, 1, 2]);
}

#[test]
fn a_silent_broker_is_given_up_and_asked_again_over_a_new_connection() {
    let mut count = 0;
    let (offsets, error) = consume(StartAt::Beginning, (0, 3), move |_, asking| {
        count += 1;
        if count == 1 { Act::Silence } else { fetched(&asking, ErrorCode::NONE, &batch(0)) }
    });
    assert!(error.is_none(), "{error:?}");
    assert_eq!(offsets, [0, 1, 2]);
}

#[test]
fn a_damaged_batch_is_an_error_that_says_where() {
    let (offsets, error) = consume(StartAt::Beginning, (0, 3), |_, asking| {
        let mut damaged = batch(0);
        *damaged.last_mut().unwrap() ^= 1;
        fetched(&asking, ErrorCode::NONE, &damaged)
    });
    assert!(offsets.is_empty());
    assert!(matches!(error, Some(ClientError::Damaged { offset: Offset(0), .. })), "{error:?}");
}

#[test]
fn what_is_no_answer_is_an_error_and_not_tried_again() {
    let (_, error) = consume(StartAt::Beginning, (0, 3), |_, _| Act::Answer(vec![0xff; 8]));
    let frame = matches!(error, Some(ClientError::Connection(ConnectionError::Frame { .. })));
    assert!(frame, "{error:?}");
}
