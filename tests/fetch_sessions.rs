//! Fetch sessions (KIP-227) as consumers use them, and as they should not: what is answered is
//! what is new, and whoever has no session is told to begin one.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use support::broker::{Broker, Setup, Site};
use support::connection::Connection;
use support::fetch_session::{BY_ID, BY_NAME, PartitionAnswer, SessionAnswer, SessionFetch};
use support::metrics::Metrics;
use support::produce::{Partition, code};
use support::topics::Blueprint;
use support::values::values;

const OFFSET_OUT_OF_RANGE: i16 = 1;
const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
const INVALID_FETCH_SESSION_EPOCH: i16 = 71;
const UNKNOWN_TOPIC_ID: i16 = 100;
const FETCH_SESSION_TOPIC_ID_ERROR: i16 = 106;
/// Longer than any of these tests may take.
const LONG_MS: i32 = 120_000;

fn setup(slots: &str) -> Setup {
    let mut setup = Setup::small();
    setup.settings.push(("max.incremental.fetch.session.cache.slots", slots.to_owned()));
    setup
}

/// A broker with the topics `a` and `b` of two partitions each.
fn start(site: &mut Site, slots: &str) -> (Broker, Connection) {
    let (broker, _) = site.start(&setup(slots));
    let mut connection = broker.connect();
    for topic in ["a", "b"] {
        let created = connection.create_topic(&Blueprint::new(topic, 2, &[])).unwrap();
        assert_eq!(created, code::NONE);
    }
    (broker, connection)
}

fn a(index: i32) -> Partition {
    Partition::new("a", index)
}

fn b(index: i32) -> Partition {
    Partition::new("b", index)
}

fn everything() -> Vec<(Partition, i64)> {
    vec![(a(0), 0), (a(1), 0), (b(0), 0), (b(1), 0)]
}

/// What is said of a partition that can be read.
fn fine(partition: Partition, end: i64, records: usize) -> PartitionAnswer {
    let (error_code, log_start) = (code::NONE, 0);
    PartitionAnswer { partition, error_code, high_watermark: end, log_start, records }
}

/// Begins a session with everything.
fn begin(connection: &mut Connection) -> i32 {
    let answer = connection.session_fetch(&SessionFetch::begin(&everything()));
    assert_eq!(answer.error_code, code::NONE);
    assert_ne!(answer.id, 0, "there is room for a session");
    answer.id
}

/// A refused request: no session, no partitions.
fn refused(error_code: i16) -> SessionAnswer {
    SessionAnswer { error_code, id: 0, partitions: Vec::new() }
}

fn append(connection: &mut Connection, partition: &Partition, count: usize) {
    connection.append(partition, values(0, count, 100)).unwrap();
}

#[test]
fn only_what_is_new_is_answered() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    append(&mut connection, &a(0), 3);
    let first = connection.session_fetch(&SessionFetch::begin(&everything()));
    let id = first.id;
    assert_eq!(
        first.partitions,
        [fine(a(0), 3, 3), fine(a(1), 0, 0), fine(b(0), 0, 0), fine(b(1), 0, 0)]
    );

    // The consumer goes on behind what it has.
    let moved = SessionFetch { wanted: vec![(a(0), 3)], ..SessionFetch::next(id, 1) };
    let nothing = SessionAnswer { error_code: code::NONE, id, partitions: Vec::new() };
    assert_eq!(connection.session_fetch(&moved), nothing);
    assert_eq!(connection.session_fetch(&SessionFetch::next(id, 2)), nothing);

    append(&mut connection, &b(1), 2);
    let answer = connection.session_fetch(&SessionFetch::next(id, 3));
    assert_eq!(answer.partitions, [fine(b(1), 2, 2)]);
    // It did not say that it has them: they come again.
    let answer = connection.session_fetch(&SessionFetch::next(id, 4));
    assert_eq!(answer.partitions, [fine(b(1), 2, 2)]);
    let moved = SessionFetch { wanted: vec![(b(1), 2)], ..SessionFetch::next(id, 5) };
    assert_eq!(connection.session_fetch(&moved), nothing);

    // A log's new start is news, though there are no records.
    assert_eq!(connection.delete_records(&a(0), 2).unwrap(), (code::NONE, 2));
    let answer = connection.session_fetch(&SessionFetch::next(id, 6));
    assert_eq!(answer.partitions, [PartitionAnswer { log_start: 2, ..fine(a(0), 3, 0) }]);
    assert_eq!(connection.session_fetch(&SessionFetch::next(id, 7)), nothing);
    broker.stop();
}

#[test]
fn partitions_are_added_and_forgotten() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    for partition in [a(0), a(1), b(0)] {
        append(&mut connection, &partition, 1);
    }
    let first = connection.session_fetch(&SessionFetch::begin(&[(a(0), 0), (a(1), 0)]));
    let id = first.id;
    assert_eq!(first.named(), [a(0), a(1)]);
    let change = SessionFetch {
        wanted: vec![(b(0), 0), (b(1), 0)],
        forgotten: vec![a(0), Partition::new("nobody", 0)],
        ..SessionFetch::next(id, 1)
    };
    let answer = connection.session_fetch(&change);
    assert_eq!(answer.partitions, [fine(a(1), 1, 1), fine(b(0), 1, 1), fine(b(1), 0, 0)]);
    assert_eq!(Metrics::scrape(broker.http()).sum("tidemill_fetch_session_partitions", ""), 3);

    // With its last partition the session ends.
    let forget = SessionFetch { forgotten: vec![a(1), b(0), b(1)], ..SessionFetch::next(id, 2) };
    assert_eq!(connection.session_fetch(&forget), refused(code::NONE));
    let gone = connection.session_fetch(&SessionFetch::next(id, 3));
    assert_eq!(gone, refused(FETCH_SESSION_ID_NOT_FOUND));
    assert_eq!(Metrics::scrape(broker.http()).sum("tidemill_fetch_sessions", ""), 0);
    broker.stop();
}

#[test]
fn errors_are_answered_each_time_and_their_end_once() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    append(&mut connection, &a(0), 1);
    let nobody = Partition::new("nobody", 0);
    let wanted = [(a(0), 9), (a(1), 0), (nobody.clone(), 0)];
    let first = connection.session_fetch(&SessionFetch::begin(&wanted));
    let errors = |answer: &SessionAnswer| -> Vec<(Partition, i16)> {
        let all = answer.partitions.iter();
        all.map(|part| (part.partition.clone(), part.error_code)).collect()
    };
    let unknown = (nobody.clone(), code::UNKNOWN_TOPIC_OR_PARTITION);
    let out = (a(0), OFFSET_OUT_OF_RANGE);
    assert_eq!(errors(&first), [out.clone(), (a(1), code::NONE), unknown.clone()]);
    let second = connection.session_fetch(&SessionFetch::next(first.id, 1));
    assert_eq!(errors(&second), [out, unknown.clone()]);
    let right = SessionFetch { wanted: vec![(a(0), 1)], ..SessionFetch::next(first.id, 2) };
    let third = connection.session_fetch(&right);
    assert_eq!(errors(&third), [(a(0), code::NONE), unknown.clone()]);
    let fourth = connection.session_fetch(&SessionFetch::next(first.id, 3));
    assert_eq!(errors(&fourth), [unknown]);
    // The topic comes to be, and is read without being asked for again.
    connection.create_topic(&Blueprint::new("nobody", 1, &[])).unwrap();
    append(&mut connection, &nobody, 2);
    let fifth = connection.session_fetch(&SessionFetch::next(first.id, 4));
    assert_eq!(fifth.partitions, [fine(nobody, 2, 2)]);
    broker.stop();
}

#[test]
fn a_request_out_of_turn_is_refused_and_changes_nothing() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    let id = begin(&mut connection);
    for epoch in [2, 7, i32::MAX] {
        let answer = connection.session_fetch(&SessionFetch::next(id, epoch));
        assert_eq!(answer, refused(INVALID_FETCH_SESSION_EPOCH), "{epoch}");
    }
    for unknown in [0, id + 1, -4] {
        let answer = connection.session_fetch(&SessionFetch::next(unknown, 1));
        assert_eq!(answer, refused(FETCH_SESSION_ID_NOT_FOUND), "{unknown}");
    }
    let answer = connection.session_fetch(&SessionFetch::next(id, 1));
    assert_eq!((answer.error_code, answer.id), (code::NONE, id));
    let repeated = connection.session_fetch(&SessionFetch::next(id, 1));
    assert_eq!(repeated, refused(INVALID_FETCH_SESSION_EPOCH));

    // What a client does about it: everything anew, and the old session is given up.
    let anew = SessionFetch { id, ..SessionFetch::begin(&everything()) };
    let anew = connection.session_fetch(&anew);
    assert_eq!(anew.partitions.len(), 4);
    assert!(anew.id != 0 && anew.id != id);
    assert_eq!(Metrics::scrape(broker.http()).sum("tidemill_fetch_sessions", ""), 1);
    // And at its end.
    let last = SessionFetch { id: anew.id, epoch: -1, ..SessionFetch::begin(&everything()) };
    let last = connection.session_fetch(&last);
    assert_eq!((last.id, last.partitions.len()), (0, 4));
    assert_eq!(Metrics::scrape(broker.http()).sum("tidemill_fetch_sessions", ""), 0);
    broker.stop();
}

#[test]
fn sessions_name_topics_by_id_or_by_name() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    let topic_ids: Vec<_> =
        ["a", "b"].map(|name| (name.to_owned(), connection.topic_id(name).unwrap())).into();
    append(&mut connection, &b(1), 1);
    let by_id = SessionFetch {
        version: BY_ID,
        topic_ids: topic_ids.clone(),
        ..SessionFetch::begin(&everything())
    };
    let first = connection.session_fetch(&by_id);
    assert_eq!(first.named(), [a(0), a(1), b(0), b(1)]);
    let next = SessionFetch { version: BY_ID, topic_ids, ..SessionFetch::next(first.id, 1) };
    let by_name = SessionFetch { version: BY_NAME, ..next.clone() };
    assert_eq!(connection.session_fetch(&by_name), refused(FETCH_SESSION_TOPIC_ID_ERROR));
    let named = begin(&mut connection);
    let mixed = SessionFetch { id: named, ..next.clone() };
    assert_eq!(connection.session_fetch(&mixed), refused(FETCH_SESSION_TOPIC_ID_ERROR));

    let second = SessionFetch { forgotten: vec![b(0)], ..next.clone() };
    assert_eq!(connection.session_fetch(&second).partitions, [fine(b(1), 1, 1)]);
    // A topic made anew is another one.
    assert_eq!(connection.delete_topic("a").unwrap(), code::NONE);
    connection.create_topic(&Blueprint::new("a", 2, &[])).unwrap();
    let third = connection.session_fetch(&SessionFetch { epoch: 2, ..next });
    let errors: Vec<_> = third.partitions.iter().map(|part| part.error_code).collect();
    assert_eq!(third.named(), [a(0), a(1), b(1)]);
    assert_eq!(errors, [UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID, code::NONE]);
    broker.stop();
}

#[test]
fn no_partition_starves_where_answers_are_small() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    for (partition, _) in everything() {
        for _ in 0..4 {
            append(&mut connection, &partition, 10);
        }
    }
    // Room for less than one batch: one partition an answer.
    let small = |fetch| SessionFetch { bytes_max: 100, ..fetch };
    let first = connection.session_fetch(&small(SessionFetch::begin(&everything())));
    let with_records = |answer: &SessionAnswer| -> Vec<Partition> {
        let full = answer.partitions.iter().filter(|part| part.records > 0);
        full.map(|part| part.partition.clone()).collect()
    };
    assert_eq!(with_records(&first), [a(0)]);
    let mut order = Vec::new();
    for epoch in 1..=8 {
        let answer = connection.session_fetch(&small(SessionFetch::next(first.id, epoch)));
        assert_eq!(answer.error_code, code::NONE);
        order.extend(with_records(&answer));
    }
    let turn = [a(0), a(1), b(0), b(1)];
    assert_eq!(order, [turn.clone(), turn].concat());
    broker.stop();
}

#[test]
fn a_session_waits_for_records_of_any_of_its_partitions() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    let id = begin(&mut connection);
    let patient = SessionFetch { wait_ms: LONG_MS, ..SessionFetch::next(id, 1) };
    connection.send_session_fetch(&patient);
    append(&mut broker.connect(), &b(0), 2);
    let answer = connection.receive_session_fetch(&patient);
    assert_eq!(answer.partitions, [fine(b(0), 2, 2)]);
    broker.stop();
}

#[test]
fn requests_in_flight_are_taken_one_after_the_other() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    append(&mut connection, &a(0), 1);
    let id = begin(&mut connection);
    let fetches: Vec<_> = (1..=5)
        .map(|epoch| SessionFetch { wanted: vec![(a(0), 0)], ..SessionFetch::next(id, epoch) })
        .collect();
    for fetch in &fetches {
        connection.send_session_fetch(fetch);
    }
    for fetch in &fetches {
        let answer = connection.receive_session_fetch(fetch);
        assert_eq!((answer.error_code, answer.id), (code::NONE, id));
        assert_eq!(answer.partitions, [fine(a(0), 1, 1)]);
    }
    broker.stop();
}

#[test]
fn a_session_goes_on_over_another_connection_and_not_over_a_restart() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    let id = begin(&mut connection);
    drop(connection);
    let mut connection = broker.connect();
    append(&mut connection, &a(1), 1);
    let answer = connection.session_fetch(&SessionFetch::next(id, 1));
    assert_eq!((answer.id, answer.partitions), (id, vec![fine(a(1), 1, 1)]));
    broker.kill();
    let (mut broker, _) = site.start(&setup("1000"));
    let mut connection = broker.connect();
    let gone = connection.session_fetch(&SessionFetch::next(id, 2));
    assert_eq!(gone, refused(FETCH_SESSION_ID_NOT_FOUND));
    begin(&mut connection);
    broker.stop();
}

/// The one that waits is answered with an error once it has something to say.
#[test]
fn a_request_that_was_overtaken_is_refused() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "1000");
    let id = begin(&mut connection);
    let patient = SessionFetch { wait_ms: LONG_MS, ..SessionFetch::next(id, 1) };
    connection.send_session_fetch(&patient);
    let mut other = broker.connect();
    // Until the first has been taken, the second is out of turn.
    let overtaking = loop {
        let answer = other.session_fetch(&SessionFetch::next(id, 2));
        if answer.error_code != INVALID_FETCH_SESSION_EPOCH {
            break answer;
        }
    };
    assert_eq!((overtaking.error_code, overtaking.id), (code::NONE, id));
    append(&mut other, &a(0), 1);
    let overtaken = connection.receive_session_fetch(&patient);
    let expected = SessionAnswer { id, ..refused(INVALID_FETCH_SESSION_EPOCH) };
    assert_eq!(overtaken, expected);
    broker.stop();
}

#[test]
fn whoever_finds_no_room_is_served_without_a_session() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site, "2");
    append(&mut connection, &a(0), 1);
    let ids = [begin(&mut connection), begin(&mut connection)];
    for _ in 0..3 {
        let answer = connection.session_fetch(&SessionFetch::begin(&everything()));
        assert_eq!((answer.error_code, answer.id), (code::NONE, 0), "both others are young");
        assert_eq!(answer.partitions.len(), 4);
        assert_eq!(answer.partitions[0], fine(a(0), 1, 1));
    }
    let page = Metrics::scrape(broker.http());
    assert_eq!(page.sum("tidemill_fetch_sessions", ""), 2);
    assert_eq!(page.sum("tidemill_fetch_session_partitions", ""), 8);
    assert_eq!(page.sum("tidemill_fetch_session_evictions_total", ""), 0);
    // One that ends makes room.
    let last = SessionFetch { id: ids[0], epoch: -1, ..SessionFetch::begin(&everything()) };
    connection.session_fetch(&last);
    begin(&mut connection);
    let goes_on = connection.session_fetch(&SessionFetch::next(ids[1], 1));
    assert_eq!(goes_on.error_code, code::NONE);
    broker.stop();

    let (mut broker, _) = site.start(&setup("0"));
    let answer = broker.connect().session_fetch(&SessionFetch::begin(&everything()));
    assert_eq!((answer.error_code, answer.id), (code::NONE, 0));
    assert_eq!(answer.partitions.len(), 4);
    broker.stop();
}

/// A consumer whose session is lost as its connection moves begins a new one, and misses nothing.
#[test]
fn a_connection_that_moves_begins_anew() {
    let mut site = Site::new();
    let mut setup = setup("1000");
    setup.shards = 2;
    let (mut broker, _) = site.start(&setup);
    let mut producer = broker.connect();
    producer.create_topic(&Blueprint::new("t", 6, &[])).unwrap();
    for index in 0..6 {
        let partition = Partition::new("t", index);
        let mut consumer = broker.connect();
        let (mut id, mut epoch, mut offset) = (0, 0, 0);
        let mut begun = 0;
        while offset < 60 {
            append(&mut producer, &partition, 1);
            let wanted = vec![(partition.clone(), offset)];
            let fetch = SessionFetch { wait_ms: LONG_MS, wanted, ..SessionFetch::next(id, epoch) };
            let answer = consumer.session_fetch(&fetch);
            if answer.error_code == FETCH_SESSION_ID_NOT_FOUND {
                (id, epoch) = (0, 0);
                continue;
            }
            assert_eq!(answer.error_code, code::NONE);
            begun += u32::from(epoch == 0);
            (id, epoch) = (answer.id, epoch + 1);
            let records = answer.partitions.iter().map(|part| part.records).sum::<usize>();
            offset += i64::try_from(records).unwrap();
        }
        assert!((1..=2).contains(&begun), "{begun} sessions: it moves once at most");
    }
    let moved = Metrics::scrape(broker.http()).sum("tidemill_connections_moved_total", "");
    assert!(moved > 0, "some moved");
    broker.stop();
}
