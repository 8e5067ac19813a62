//! What is kept, what is refused, what is forgotten, and that the log says the same.

use std::sync::Arc;
use std::time::Duration;

use record::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use super::*;
use crate::group::effects::GroupRecord;
use crate::group::log::{GroupLogRecord, OffsetCommitValue};

const OLD: TopicId = TopicId([1; 16]);
const NEW: TopicId = TopicId([2; 16]);
const P0: PartitionIndex = PartitionIndex(0);

/// Offsets, and all their records so far.
struct Bench {
    offsets: GroupOffsets,
    config: OffsetsConfig,
    records: Vec<GroupRecord>,
}

fn commit(topic: &str, partition: i32, offset: i64) -> Commit {
    Commit {
        topic: topic.into(),
        topic_id: Some(OLD),
        partition: PartitionIndex(partition),
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(3),
        metadata: "m".into(),
        retention: None,
    }
}

impl Bench {
    fn new() -> Self {
        let config = OffsetsConfig { retention: Duration::from_millis(100), ..Default::default() };
        Self { offsets: GroupOffsets::new("g".into()), config, records: Vec::new() }
    }

    fn commit(&mut self, now: i64, commits: Vec<Commit>) -> Vec<Result<(), OffsetError>> {
        let committed = self.offsets.commit(Timestamp(now), &self.config, commits);
        self.append(committed.records);
        committed.results
    }

    fn expire(&mut self, now: i64, expiry: OffsetExpiry, subscribed: &[&str]) -> usize {
        let is_subscribed = |topic: &str| subscribed.contains(&topic);
        let records = self.offsets.expire(Timestamp(now), &self.config, expiry, is_subscribed);
        self.append(records)
    }

    /// Replaying the records gives the same offsets, always.
    fn append(&mut self, records: Vec<GroupRecord>) -> usize {
        let count = records.len();
        self.records.extend(records);
        let mut replayed = GroupOffsets::new("g".into());
        for record in &self.records {
            match GroupLogRecord::decode(&record.key, record.value.as_deref()) {
                Ok(GroupLogRecord::OffsetCommit { key, value }) => replayed.replay(key, value),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(replayed, self.offsets);
        count
    }

    fn fetch(&self, topic: &str) -> Option<&OffsetCommitValue> {
        self.offsets.fetch(topic, None, P0)
    }

    fn topics(&self) -> Vec<&str> {
        self.offsets.fetch_all().map(|(topic, ..)| &**topic).collect()
    }
}

#[test]
fn a_commit_is_fetched_with_all_that_came_with_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.commit(5, vec![commit("t", 0, 9), commit("t", 1, 8)]), [Ok(()), Ok(())]);
    let expected = OffsetCommitValue {
        offset: Offset(9),
        leader_epoch: LeaderEpoch(3),
        metadata: "m".into(),
        committed_at: Timestamp(5),
        expires_at: None,
        topic_id: Some(OLD),
    };
    assert_eq!(bench.fetch("t"), Some(&expected));
    assert_eq!(bench.fetch("u"), None);
    assert_eq!(bench.offsets.fetch("t", Some(OLD), PartitionIndex(2)), None);
    let all: Vec<_> =
        bench.offsets.fetch_all().map(|(_, at, value)| (at.0, value.offset.0)).collect();
    assert_eq!(all, [(0, 9), (1, 8)]);
}

/// Checklist, 4: only a client takes an offset back.
#[test]
fn a_lower_offset_is_the_clients_right() {
    let mut bench = Bench::new();
    bench.commit(5, vec![commit("t", 0, 9)]);
    bench.commit(6, vec![commit("t", 0, 4)]);
    assert_eq!(bench.fetch("t").unwrap().offset, Offset(4));
}

#[test]
fn too_much_metadata_is_refused_and_the_rest_kept() {
    let mut bench = Bench::new();
    let with = |bytes: usize| Commit { metadata: "x".repeat(bytes).into(), ..commit("t", 0, 1) };
    let large = Err(OffsetError::OffsetMetadataTooLarge);
    assert_eq!(bench.commit(5, vec![with(4097), with(4096)]), [large, Ok(())]);
    assert_eq!(bench.fetch("t").unwrap().metadata.len(), 4096);
    let topic: Arc<str> = "t".repeat(40_000).into();
    let unwritable = Commit { topic, ..commit("", 0, 1) };
    assert_eq!(bench.commit(5, vec![unwritable]), [Err(OffsetError::InvalidRequest)]);
}

/// Checklist, 6: an offset belongs to a topic, not to its name.
#[test]
fn a_topic_made_again_inherits_no_offset() {
    let mut bench = Bench::new();
    bench.commit(5, vec![commit("t", 0, 9)]);
    assert!(bench.offsets.fetch("t", Some(OLD), P0).is_some());
    assert_eq!(bench.offsets.fetch("t", Some(NEW), P0), None);
    let unknown = Commit { topic_id: None, ..commit("t", 1, 7) };
    bench.commit(5, vec![Commit { topic_id: Some(NEW), ..commit("t", 0, 1) }, unknown]);
    let records = bench.offsets.delete_topic("t", OLD);
    assert_eq!(bench.append(records), 1, "the deletion comes late: only the unknown one goes");
    assert_eq!(bench.offsets.fetch("t", Some(NEW), P0).unwrap().offset, Offset(1));
    let records = bench.offsets.delete_topic("t", NEW);
    assert_eq!(bench.append(records), 1);
    assert!(bench.offsets.is_empty());
}

/// Checklist, 14: not under a reader.
#[test]
fn offsets_of_a_subscribed_topic_are_not_deleted() {
    let mut bench = Bench::new();
    bench.commit(5, vec![commit("t", 0, 9)]);
    assert_eq!(bench.offsets.delete("t", P0, true), Err(OffsetError::GroupSubscribedToTopic));
    let record = bench.offsets.delete("t", P0, false).unwrap().unwrap();
    assert_eq!(record.value, None);
    bench.append(vec![record]);
    assert_eq!(bench.offsets.delete("t", P0, false), Ok(None));
}

#[test]
fn a_deleted_group_leaves_a_tombstone_for_each_offset() {
    let mut bench = Bench::new();
    bench.commit(5, vec![commit("t", 0, 9), commit("t", 1, 9), commit("u", 0, 9)]);
    let records = bench.offsets.delete_all();
    assert!(records.iter().all(|record| record.value.is_none()));
    assert_eq!(bench.append(records), 3);
    assert!(bench.offsets.is_empty());
}

/// Checklist, 5 (KAFKA-13636).
#[test]
fn offsets_in_use_never_expire() {
    let mut bench = Bench::new();
    let ends = Commit { retention: Some(Duration::from_millis(1)), ..commit("u", 0, 9) };
    bench.commit(0, vec![commit("t", 0, 9), ends]);
    assert_eq!(bench.expire(i64::MAX, OffsetExpiry::Never, &[]), 0);
    assert_eq!(bench.expire(i64::MAX, OffsetExpiry::SinceCommit, &["t", "u"]), 0);
    assert_eq!(bench.topics(), ["t", "u"]);
}

/// KIP-211.
#[test]
fn offsets_of_an_empty_group_expire_from_when_it_became_empty() {
    let mut bench = Bench::new();
    bench.commit(0, vec![commit("t", 0, 9)]);
    let expiry = OffsetExpiry::Since(Timestamp(500));
    assert_eq!(bench.expire(599, expiry, &[]), 0);
    assert_eq!(bench.expire(600, expiry, &[]), 1);
    assert!(bench.offsets.is_empty());
}

#[test]
fn offsets_expire_from_their_commit_unless_the_topic_is_read() {
    let mut bench = Bench::new();
    bench.commit(0, vec![commit("t", 0, 9), commit("u", 0, 9)]);
    bench.commit(50, vec![commit("u", 1, 9)]);
    assert_eq!(bench.expire(99, OffsetExpiry::SinceCommit, &["t"]), 0);
    assert_eq!(bench.expire(100, OffsetExpiry::SinceCommit, &["t"]), 1);
    assert_eq!(bench.topics(), ["t", "u"]);
    assert_eq!(bench.expire(150, OffsetExpiry::SinceCommit, &[]), 2);
}

#[test]
fn an_offset_ends_when_its_client_said() {
    let mut bench = Bench::new();
    let ends = |ms| Commit { retention: Some(Duration::from_millis(ms)), ..commit("t", 0, 9) };
    bench.commit(0, vec![ends(1000)]);
    let kept = bench.fetch("t").unwrap();
    assert_eq!((kept.expires_at, kept.topic_id), (Some(Timestamp(1000)), None));
    assert_eq!(kept.leader_epoch, LeaderEpoch::NONE, "that version has no room for it");
    assert_eq!(bench.expire(999, OffsetExpiry::SinceCommit, &[]), 0);
    assert_eq!(bench.expire(1000, OffsetExpiry::SinceCommit, &[]), 1);
    bench.commit(i64::MAX, vec![Commit { retention: Some(Duration::MAX), ..commit("t", 0, 9) }]);
    assert_eq!(bench.fetch("t").unwrap().expires_at, Some(Timestamp(i64::MAX)));
}

#[test]
fn a_wall_clock_that_goes_back_expires_nothing() {
    let mut bench = Bench::new();
    bench.commit(1000, vec![commit("t", 0, 9)]);
    assert_eq!(bench.expire(0, OffsetExpiry::SinceCommit, &[]), 0);
    assert_eq!(bench.expire(i64::MIN, OffsetExpiry::Since(Timestamp(i64::MAX)), &[]), 0);
}

/// Checklist, 17: the log says the same after any history; [`Bench::append`] looks each time.
#[test]
fn replay_gives_the_same_offsets_after_any_history() {
    let mut state = 1_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from((state >> 33) % bound).unwrap()
    };
    let mut bench = Bench::new();
    for now in 0..300 {
        let topic = ["t", "u", "v"][usize::try_from(below(3)).unwrap()];
        let partition = i32::try_from(below(3)).unwrap();
        match below(6) {
            0..=2 => {
                let topic_id = [None, Some(OLD), Some(NEW)][usize::try_from(below(3)).unwrap()];
                let retention = (below(4) == 0).then_some(Duration::from_millis(20));
                let one = Commit { topic_id, retention, ..commit(topic, partition, below(1000)) };
                assert_eq!(bench.commit(now, vec![one]), [Ok(())]);
            }
            3 => {
                let deleted = bench.offsets.delete(topic, PartitionIndex(partition), false);
                bench.append(deleted.unwrap().into_iter().collect());
            }
            4 => {
                let records = bench.offsets.delete_topic(topic, OLD);
                bench.append(records);
            }
            _ => {
                bench.expire(now, OffsetExpiry::SinceCommit, &[topic]);
            }
        }
    }
    assert!(bench.records.len() > 100);
}
