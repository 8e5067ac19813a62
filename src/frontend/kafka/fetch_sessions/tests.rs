//! Sessions from their first request to their end, and who makes room for whom.

use std::time::Duration;

use net::kafka::api::fetch::{EpochEnd, PartitionData, SessionEpoch, SessionId};
use net::kafka::error_code::ErrorCode;
use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, ShardId, TopicId};
use runtime::Instant;

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const STALE: Duration = Duration::from_secs(121);

fn at(since_start: Duration) -> Instant {
    Instant::default().after(since_start)
}

fn name(text: &str) -> TopicKey {
    TopicKey::Name(text.into())
}

fn ask(partition: i32, offset: i64) -> Ask {
    let (partition, offset) = (PartitionIndex(partition), Offset(offset));
    Ask { partition, offset, bytes_max: 1 << 20, leader_epoch: LeaderEpoch::NONE }
}

fn asked(topic: &str, partitions: &[(i32, i64)]) -> Asked {
    let partitions = partitions.iter().map(|(index, offset)| ask(*index, *offset)).collect();
    Asked { topic: name(topic), partitions }
}

fn request(id: SessionId, epoch: i32, asked: &[Asked]) -> SessionRequest {
    let epoch = SessionEpoch(epoch);
    SessionRequest { id, epoch, by_ids: false, asked: asked.to_vec(), forgotten: Vec::new() }
}

fn data(high_watermark: i64, log_start: i64) -> PartitionData<'static> {
    PartitionData {
        high_watermark: Offset(high_watermark),
        log_start_offset: Offset(log_start),
        ..PartitionData::default()
    }
}

/// Begins a session whose client has been told that all logs end at offset 10.
fn begin(sessions: &mut FetchSessions, asked: &[Asked], now: Instant) -> (SessionId, u64) {
    let count: usize = asked.iter().map(|topic| topic.partitions.len()).sum();
    let seen = vec![Seen::of(&data(10, 0)); count];
    let random = u32::try_from(count).unwrap();
    sessions.create(&Proposal { by_ids: false, asked, seen: &seen, random }, now)
}

fn sized(sessions: &mut FetchSessions, partitions: i32, now: Instant) -> (SessionId, u64) {
    let partitions: Vec<_> = (0..partitions).map(|index| (index, 0)).collect();
    begin(sessions, &[asked("t", &partitions)], now)
}

fn turn(sessions: &mut FetchSessions, request: SessionRequest) -> Turn {
    match sessions.open(request, at(HOUR)) {
        Ok(Opened::Incremental(turn)) => turn,
        other => panic!("{other:?}"),
    }
}

fn roomy() -> FetchSessions {
    FetchSessions::with_limits(10, 100, 1..1000)
}

#[test]
fn a_session_reads_everything_that_was_ever_asked_and_not_forgotten() {
    let mut sessions = roomy();
    let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5), (1, 6)])], at(HOUR));
    assert_ne!(id, SessionId::NONE);
    let nothing_new = turn(&mut sessions, request(id, 1, &[]));
    assert_eq!(nothing_new.asked, [asked("a", &[(0, 5), (1, 6)])]);

    let changes = [asked("b", &[(3, 1)]), asked("a", &[(0, 50)])];
    let merged = turn(&mut sessions, request(id, 2, &changes));
    assert_eq!(merged.asked, [asked("a", &[(0, 50), (1, 6)]), asked("b", &[(3, 1)])]);
    assert_eq!(sessions.partitions(), 3);

    let mut forget = request(id, 3, &[]);
    forget.forgotten = vec![(name("a"), PartitionIndex(0)), (name("c"), PartitionIndex(0))];
    assert_eq!(turn(&mut sessions, forget).asked, [asked("a", &[(1, 6)]), asked("b", &[(3, 1)])]);
    assert_eq!((sessions.len(), sessions.partitions()), (1, 2));
}

#[test]
fn a_session_that_has_forgotten_everything_ends() {
    let mut sessions = roomy();
    let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5)])], at(HOUR));
    let mut forget = request(id, 1, &[]);
    forget.forgotten = vec![(name("a"), PartitionIndex(0))];
    let full = Opened::Full { asked: Vec::new(), wants_session: false };
    assert_eq!(sessions.open(forget, at(HOUR)), Ok(full));
    assert!(sessions.is_empty());
    assert_eq!(sessions.partitions(), 0);
}

#[test]
fn only_the_request_that_is_due_is_taken() {
    let mut sessions = roomy();
    let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5)])], at(HOUR));
    let mut open = |request| sessions.open(request, at(HOUR)).map(drop);
    for epoch in [2, 3, i32::MAX, -2] {
        assert_eq!(open(request(id, epoch, &[])), Err(SessionError::Epoch), "{epoch}");
    }
    for other in [SessionId(id.0 + 1), SessionId::NONE, SessionId(-5)] {
        assert_eq!(open(request(other, 1, &[])), Err(SessionError::UnknownId), "{other:?}");
    }
    let by_ids = SessionRequest { by_ids: true, ..request(id, 1, &[]) };
    assert_eq!(open(by_ids), Err(SessionError::TopicIds));
    assert_eq!(open(request(id, 1, &[])), Ok(()), "what was refused changed nothing");
    assert_eq!(open(request(id, 1, &[])), Err(SessionError::Epoch), "it was taken");
}

#[test]
fn a_full_request_ends_the_session_that_it_names() {
    for (epoch, wants_session) in [(0, true), (-1, false)] {
        let mut sessions = roomy();
        let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5)])], at(HOUR));
        let all = vec![asked("b", &[(0, 0)])];
        let opened = sessions.open(request(id, epoch, &all), at(HOUR));
        assert_eq!(opened, Ok(Opened::Full { asked: all, wants_session }));
        assert!(sessions.is_empty());
    }
}

#[test]
fn behind_the_last_epoch_comes_the_first() {
    assert_eq!(next_epoch(SessionEpoch::INITIAL), SessionEpoch(1));
    assert_eq!(next_epoch(SessionEpoch(1)), SessionEpoch(2));
    assert_eq!(next_epoch(SessionEpoch(i32::MAX)), SessionEpoch(1));
}

#[test]
fn names_and_ids_are_different_topics() {
    let id = TopicId([7; 16]);
    let by_id = TopicKey::Id(id);
    assert_eq!((by_id.name(), by_id.id()), ("", id));
    assert_eq!((name("a").name(), name("a").id()), ("a", TopicId::NIL));
    let mut session = Session::new(true);
    for key in [TopicKey::Id(id), TopicKey::Id(TopicId([8; 16])), TopicKey::Id(id)] {
        assert!(session.put(&key, ask(0, 0), Seen::NOTHING));
    }
    assert_eq!(session.len(), 2);
}

#[test]
fn only_what_is_new_is_answered() {
    let mut session = Session::new(false);
    session.put(&name("a"), ask(0, 0), Seen::of(&data(10, 0)));
    let place = session.turn(SessionId(1)).places[0];
    let mut tell = |data: PartitionData<'_>| session.must_answer(place, &data, false);
    assert!(!tell(data(10, 0)), "nothing has changed");
    assert!(tell(data(11, 0)), "the high watermark");
    assert!(!tell(data(11, 0)), "it was told");
    assert!(tell(data(11, 4)), "the log's start");
    assert!(!tell(data(11, 4)), "it was told");
    let failed = PartitionData { error_code: ErrorCode::UNKNOWN_TOPIC_ID, ..data(11, 4) };
    assert!(tell(failed) && tell(failed), "an error is told each time");
    assert!(tell(data(11, 4)), "and its end");
    assert!(!tell(data(11, 4)), "once");
    let elsewhere = PartitionData { preferred_read_replica: NodeId(2), ..data(11, 4) };
    assert!(tell(elsewhere) && tell(elsewhere), "where else to read");
    let diverging_epoch = EpochEnd { epoch: LeaderEpoch(1), end_offset: Offset(2) };
    assert!(tell(PartitionData { diverging_epoch, ..data(11, 4) }), "where logs part");
    assert!(!tell(data(11, 4)));
    assert!(session.must_answer(place, &data(11, 4), true), "records");
}

#[test]
fn a_partition_that_was_added_is_answered_first_thing() {
    let mut sessions = roomy();
    let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5)])], at(HOUR));
    let Turn { next, places, .. } =
        turn(&mut sessions, request(id, 1, &[asked("a", &[(0, 9), (1, 0)])]));
    let session = sessions.answering(id, next).unwrap().unwrap();
    assert!(!session.must_answer(places[0], &data(10, 0), false), "a new offset is no news");
    assert!(session.must_answer(places[1], &data(0, 0), false), "its client knows nothing");
}

#[test]
fn partitions_with_records_go_behind_those_without() {
    let mut sessions = roomy();
    let all = [asked("a", &[(0, 0), (1, 0)]), asked("b", &[(0, 0), (1, 0)])];
    let (id, _) = begin(&mut sessions, &all, at(HOUR));
    let first = turn(&mut sessions, request(id, 1, &[]));
    let session = sessions.answering(id, first.next).unwrap().unwrap();
    for (place, has_records) in first.places.into_iter().zip([true, false, true, false]) {
        assert_eq!(session.must_answer(place, &data(10, 0), has_records), has_records);
    }
    let second = turn(&mut sessions, request(id, 2, &[]));
    let order = [
        asked("a", &[(1, 0)]),
        asked("b", &[(1, 0)]),
        asked("a", &[(0, 0)]),
        asked("b", &[(0, 0)]),
    ];
    assert_eq!(second.asked, order);
    let mut forget = request(id, 3, &[asked("b", &[(0, 4)])]);
    forget.forgotten = vec![(name("a"), PartitionIndex(0))];
    let order = [asked("a", &[(1, 0)]), asked("b", &[(1, 0), (0, 4)])];
    assert_eq!(turn(&mut sessions, forget).asked, order, "they are still found by name");
}

#[test]
fn an_answer_that_was_overtaken_says_so_and_one_whose_session_is_gone_says_all() {
    let mut sessions = roomy();
    let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5)])], at(HOUR));
    let slow = turn(&mut sessions, request(id, 1, &[]));
    let fast = turn(&mut sessions, request(id, 2, &[]));
    let overtaken = sessions.answering(id, slow.next).map(drop);
    assert_eq!(overtaken, Err(SessionError::Epoch));
    assert!(sessions.answering(id, fast.next).unwrap().is_some());
    sessions.open(request(id, -1, &[]), at(HOUR)).unwrap();
    assert!(sessions.answering(id, fast.next).unwrap().is_none());
}

#[test]
fn young_sessions_are_not_evicted_and_stale_ones_are() {
    let mut sessions = FetchSessions::with_limits(2, 100, 1..1000);
    let (old, _) = sized(&mut sessions, 3, at(HOUR));
    let (used, _) = sized(&mut sessions, 3, at(HOUR));
    assert_eq!(sized(&mut sessions, 50, at(HOUR)), (SessionId::NONE, 0), "nobody goes for it");
    sessions.open(request(used, 1, &[]), at(HOUR + STALE)).unwrap();
    let (new, evicted) = sized(&mut sessions, 1, at(HOUR + STALE));
    assert_ne!(new, SessionId::NONE);
    assert_eq!((evicted, sessions.len(), sessions.partitions()), (1, 2, 4));
    let now = at(HOUR + STALE);
    assert_eq!(sessions.open(request(old, 1, &[]), now), Err(SessionError::UnknownId));
    assert!(sessions.open(request(used, 2, &[]), now).is_ok());
}

#[test]
fn of_those_in_use_a_larger_one_evicts_the_smallest() {
    let mut sessions = FetchSessions::with_limits(2, 100, 1..1000);
    let (small, _) = sized(&mut sessions, 3, at(HOUR));
    let (large, _) = sized(&mut sessions, 8, at(HOUR));
    let now = at(HOUR + STALE);
    for id in [small, large] {
        sessions.open(request(id, 1, &[]), now).unwrap();
    }
    assert_eq!(sized(&mut sessions, 3, now), (SessionId::NONE, 0), "it is no larger");
    assert_ne!(sized(&mut sessions, 4, now).0, SessionId::NONE);
    assert_eq!(sessions.open(request(small, 2, &[]), now), Err(SessionError::UnknownId));
    assert!(sessions.open(request(large, 2, &[]), now).is_ok());
    assert_eq!(sessions.partitions(), 12);
}

#[test]
fn partitions_are_bounded_too() {
    let mut sessions = FetchSessions::with_limits(10, 20, 1..1000);
    assert_eq!(sized(&mut sessions, 21, at(HOUR)).0, SessionId::NONE);
    let (first, _) = sized(&mut sessions, 8, at(HOUR));
    let (second, _) = sized(&mut sessions, 8, at(HOUR));
    assert_eq!(sized(&mut sessions, 5, at(HOUR)), (SessionId::NONE, 0));
    // One that outgrows the bound ends.
    let grown = request(first, 1, &[asked("u", &[(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)])]);
    assert_eq!(sessions.open(grown, at(HOUR)), Err(SessionError::UnknownId));
    assert_eq!((sessions.len(), sessions.partitions()), (1, 8));
    let grown = request(second, 1, &[asked("u", &[(0, 0), (1, 0), (2, 0), (3, 0)])]);
    assert!(sessions.open(grown, at(HOUR)).is_ok());
    // Several go for one that is large.
    assert_ne!(sized(&mut sessions, 8, at(HOUR)).0, SessionId::NONE);
    let (id, evicted) = sized(&mut sessions, 20, at(HOUR + STALE));
    assert_ne!(id, SessionId::NONE);
    assert_eq!((evicted, sessions.len(), sessions.partitions()), (2, 1, 20));
}

#[test]
fn a_name_that_no_topic_can_have_is_not_kept() {
    let mut sessions = roomy();
    let (long, longest) = ("x".repeat(250), "x".repeat(249));
    assert_eq!(begin(&mut sessions, &[asked(&long, &[(0, 0)])], at(HOUR)).0, SessionId::NONE);
    let (id, _) = begin(&mut sessions, &[asked(&longest, &[(0, 0)])], at(HOUR));
    assert_ne!(id, SessionId::NONE);
    let refused = sessions.open(request(id, 1, &[asked(&long, &[(0, 0)])]), at(HOUR));
    assert_eq!(refused, Err(SessionError::UnknownId));
    assert!(sessions.is_empty());
}

#[test]
fn a_partition_named_twice_is_kept_once() {
    let mut sessions = roomy();
    let (id, _) = begin(&mut sessions, &[asked("a", &[(0, 5), (0, 6)])], at(HOUR));
    assert_eq!(sessions.partitions(), 1);
    assert_eq!(turn(&mut sessions, request(id, 1, &[])).asked, [asked("a", &[(0, 6)])]);
}

#[test]
fn numbers_tell_the_shard_and_are_not_given_twice() {
    for shards in [1, 2, 3, 1024] {
        let mut ranges = Vec::new();
        for shard in 0..shards {
            let mut sessions = FetchSessions::new(4096, ShardId(shard), shards);
            let mut ids = Vec::new();
            for random in [0, 0, u32::MAX, u32::MAX] {
                let proposal = Proposal { by_ids: false, asked: &[], seen: &[], random };
                ids.push(sessions.create(&proposal, at(HOUR)).0.0);
            }
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 4);
            assert!(ids[0] > 0);
            ranges.push((ids[0], ids[3]));
        }
        assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ranges:?}");
    }
    let mut few = FetchSessions::with_limits(2, 100, 5..8);
    let proposal = Proposal { by_ids: false, asked: &[], seen: &[], random: 2 };
    let ids = [(); 2].map(|()| few.create(&proposal, at(HOUR)).0.0);
    assert_eq!(ids, [7, 5], "behind the last comes the first");
}

#[test]
fn the_broker_s_slots_are_divided_among_the_shards() {
    let slots = |slots, shards| -> Vec<usize> {
        let shard = |shard| {
            let mut sessions = FetchSessions::new(slots, ShardId(shard), shards);
            while sized(&mut sessions, 1, at(HOUR)).0 != SessionId::NONE {}
            sessions.len()
        };
        (0..shards).map(shard).collect()
    };
    assert_eq!(slots(10, 1), [10]);
    assert_eq!(slots(10, 4), [3, 3, 2, 2]);
    assert_eq!(slots(1, 2), [1, 0]);
    assert_eq!(slots(0, 2), [0, 0]);
}
