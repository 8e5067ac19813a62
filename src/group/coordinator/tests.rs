//! A coordinator of both kinds of groups, and the same from its records.

mod migration;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use record::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use super::*;
use crate::group::classic::{self, ClassicError, Event, Join, Leave, LeavingMember, Now, Protocol};
use crate::group::consumer::{self, Heartbeat, LEAVE_EPOCH};
use crate::group::effects::{Effects, GroupRecord, Ticket};
use crate::group::id::{GroupId, MemberId};
use crate::group::log::GroupLogRecord;
use crate::group::offsets::{Commit, OffsetsConfig};

const T: Ticket = Ticket(7);
const TOPIC: TopicId = TopicId([3; 16]);

/// Topic "t" with four partitions, as long as it is there.
struct Known(Option<TopicId>);

impl consumer::Topics for Known {
    fn version(&self) -> i64 {
        1
    }

    fn topic(&self, name: &str) -> Option<consumer::Topic> {
        let id = self.0.filter(|_| name == "t")?;
        Some(consumer::Topic { id, partitions: 4 })
    }

    fn each_name(&self, visit: &mut dyn FnMut(&str)) {
        visit("t");
    }
}

/// A coordinator, its clock, and the log that it writes, compacted.
struct Site {
    coordinator: Coordinator,
    seconds: u64,
    topics: Known,
    timing: Timing,
    log: BTreeMap<Vec<u8>, Vec<u8>>,
}

fn settings(groups_max: usize) -> Settings {
    Settings {
        classic: Arc::default(),
        consumer: consumer::Settings::default(),
        upgrades: true,
        downgrades: true,
        offsets: OffsetsConfig { metadata_bytes_max: 8, retention: Duration::from_secs(1_000) },
        offsets_check_interval: Duration::from_secs(100),
        groups_max,
    }
}

impl Site {
    fn new() -> Self {
        let coordinator = Coordinator::new(settings(3));
        let timing = Timing {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(5),
        };
        let topics = Known(Some(TOPIC));
        Self { coordinator, seconds: 1, topics, timing, log: BTreeMap::new() }
    }

    fn now(&self) -> Now {
        let ms = i64::try_from(self.seconds).unwrap() * 1_000;
        Now { monotonic: Duration::from_secs(self.seconds), wall: Timestamp(ms) }
    }

    fn write(&mut self, records: Vec<GroupRecord>) {
        for GroupRecord { key, value } in records {
            match value {
                Some(value) => self.log.insert(key, value),
                None => self.log.remove(&key),
            };
        }
    }

    fn follow(&mut self, effects: Effects<Answer>) -> Vec<Answer> {
        self.write(effects.records);
        effects.answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn ask(&mut self, request: Request) -> Vec<Answer> {
        let effects = self.coordinator.apply(self.now(), request, &self.topics);
        self.follow(effects)
    }

    fn one(&mut self, request: Request) -> Answer {
        let mut answers = self.ask(request);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    fn pass(&mut self, seconds: u64) -> Vec<Answer> {
        self.seconds += seconds;
        let effects = self.coordinator.tick(self.now(), &self.topics);
        self.follow(effects)
    }

    /// Another coordinator, from the log alone.
    fn restart(&mut self) {
        let mut coordinator = Coordinator::new(settings(3));
        for (key, value) in &self.log {
            let record = GroupLogRecord::decode(key, Some(value)).unwrap();
            coordinator.replay(self.now(), record);
        }
        let records = coordinator.start(self.now(), &self.topics, |_| self.timing);
        self.coordinator = coordinator;
        self.write(records);
    }

    fn join(&mut self, group: &str, member: Option<&str>) -> Vec<Answer> {
        let protocol = Protocol { name: "range".into(), metadata: Arc::from([]) };
        let join = Join {
            ticket: T,
            member: member.map(MemberId::from),
            instance: None,
            client_id: "client".into(),
            client_host: "/127.0.0.1".into(),
            session_timeout: Duration::from_secs(10),
            rebalance_timeout: Duration::from_secs(10),
            protocol_type: "consumer".into(),
            protocols: classic::Protocols::new(vec![protocol]),
            needs_member_id: false,
            can_skip_assignment: false,
            random: 5,
        };
        self.ask(Request::Classic(GroupId::from(group), Box::new(Event::Join(join))))
    }

    /// A classic group with one member, whose id is given back.
    fn joined(&mut self, group: &str) -> MemberId {
        assert_eq!(self.join(group, None), []);
        let answers = self.pass(4);
        let [Answer::Classic(classic::Answer::Join(Ok(joined)))] = &answers[..] else {
            panic!("{answers:?}");
        };
        let member = joined.member.clone();
        let sync = classic::Sync {
            ticket: T,
            member: member.clone(),
            instance: None,
            generation: joined.generation,
            protocol_type: None,
            protocol: None,
            assignments: vec![(member.clone(), Arc::from([1]))],
        };
        let synced = self.one(Request::Classic(group.into(), Box::new(Event::Sync(sync))));
        assert!(matches!(synced, Answer::Classic(classic::Answer::Sync(Ok(_)))), "{synced:?}");
        member
    }

    fn leave(&mut self, group: &str, member: &MemberId) -> Answer {
        let leaving = LeavingMember { member: Some(member.clone()), instance: None };
        let leave = Event::Leave(Leave { ticket: T, members: vec![leaving] });
        self.one(Request::Classic(group.into(), Box::new(leave)))
    }

    fn beat(&mut self, group: &str, member: &str, member_epoch: i32) -> Answer {
        let joins = member_epoch == 0;
        let heartbeat = Heartbeat {
            member_id: member.into(),
            new_id: None,
            member_epoch,
            instance_id: None,
            rack_id: None,
            rebalance_timeout: joins.then_some(Duration::from_secs(10)),
            client_id: "client".into(),
            client_host: "/127.0.0.1".into(),
            topics: joins.then(|| vec!["t".into()]),
            regex: None,
            assignor: None,
            owned: joins.then(Vec::new),
        };
        let timing = self.timing;
        self.one(Request::Heartbeat(T, group.into(), Box::new(heartbeat), timing))
    }

    fn commit_by(&mut self, group: &str, committer: Committer, knows_epochs: bool) -> Answer {
        let commit = |metadata: &str| Commit {
            topic: "t".into(),
            topic_id: self.topics.0,
            partition: PartitionIndex(1),
            offset: Offset(42),
            leader_epoch: LeaderEpoch(0),
            metadata: metadata.into(),
            retention: None,
        };
        let commits = vec![commit("fits"), commit("too much of it")];
        let commit = CommitOffsets { group: group.into(), committer, commits, knows_epochs };
        self.one(Request::CommitOffsets(T, commit))
    }

    fn commit(&mut self, group: &str) -> Answer {
        let nobody = Committer { generation: -1, ..Committer::default() };
        self.commit_by(group, nobody, false)
    }

    fn fetched(&mut self, group: &str) -> Vec<(Arc<str>, i64)> {
        let fetch = FetchOffsets { group: group.into(), asker: None, topics: None };
        let Answer::FetchOffsets(Ok(topics)) = self.one(Request::FetchOffsets(T, fetch)) else {
            panic!("offsets can be fetched");
        };
        let offset = |topic: FetchedTopic| {
            let (_, value) = topic.offsets[0].clone();
            (topic.name, value.unwrap().offset.0)
        };
        topics.into_iter().map(offset).collect()
    }

    fn listed(&mut self) -> Vec<(String, &'static str, &'static str)> {
        let Answer::List(groups) = self.one(Request::List(T)) else { panic!("it is a list") };
        let listed = |it: GroupListing| (it.group.to_string(), it.protocol.as_str(), it.state);
        groups.into_iter().map(listed).collect()
    }
}

fn is_refused(answer: &Answer, error: GroupError) -> bool {
    matches!(answer, Answer::CommitOffsets(Err(found)) if *found == error)
}

#[test]
fn nobody_in_particular_may_commit_to_a_group_that_there_is_not() {
    let mut site = Site::new();
    let Answer::CommitOffsets(Ok(results)) = site.commit("g") else { panic!("committed") };
    assert!(results[0].is_ok() && results[1].is_err(), "the second has too much metadata");
    assert_eq!(site.fetched("g"), [(Arc::from("t"), 42)]);
    assert_eq!(site.listed(), [("g".into(), "classic", "Empty")]);
    let member = Committer { member: Some("m".into()), instance: None, generation: 3 };
    let old = site.commit_by("other", member.clone(), false);
    assert!(is_refused(&old, ClassicError::IllegalGeneration.into()), "{old:?}");
    let new = site.commit_by("other", member, true);
    assert!(is_refused(&new, ClassicError::GroupIdNotFound.into()), "{new:?}");
    assert_eq!(site.coordinator.len(), 1, "no group was made by what was refused");
}

#[test]
fn a_group_comes_back_from_its_records_as_it_was() {
    let mut site = Site::new();
    let member = site.joined("classic");
    assert!(matches!(site.beat("modern", "m", 0), Answer::Heartbeat(Ok(_))));
    site.commit("simple");
    let before = site.listed();
    assert_eq!(before[0], ("classic".into(), "classic", "Stable"));
    assert_eq!(before[1], ("modern".into(), "consumer", "Stable"));
    site.restart();
    assert_eq!(site.listed(), before);
    assert_eq!(site.fetched("simple"), [(Arc::from("t"), 42)]);
    let still = Committer { member: Some(member), instance: None, generation: 1 };
    let committed = site.commit_by("classic", still, false);
    assert!(matches!(committed, Answer::CommitOffsets(Ok(_))), "{committed:?}");
    // Nobody is heard of any more.
    site.pass(60);
    assert_eq!(site.listed()[0].2, "Empty");
    assert_eq!(site.listed()[1].2, "Empty");
}

#[test]
fn an_empty_group_changes_its_protocol_and_one_with_members_does_not() {
    let mut site = Site::new();
    let member = site.joined("g");
    let stranger = site.beat("g", "m", 3);
    assert_eq!(stranger, Answer::Heartbeat(Err(HeartbeatError::NotAConsumerGroup)));
    // Its members can not be understood.
    let refused = site.beat("g", "m", 0);
    assert_eq!(refused, Answer::Heartbeat(Err(HeartbeatError::NotAConsumerGroup)));
    let left = site.leave("g", &member);
    assert!(matches!(left, Answer::Classic(classic::Answer::Leave(Ok(_)))));
    assert!(matches!(site.beat("g", "m", 0), Answer::Heartbeat(Ok(_))));
    assert_eq!(site.listed(), [("g".into(), "consumer", "Stable")]);
    site.restart();
    assert_eq!(site.listed(), [("g".into(), "consumer", "Stable")]);
    let answers = site.join("g", None);
    let [Answer::Classic(classic::Answer::Join(Err(refused)))] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!(refused.error, ClassicError::InconsistentGroupProtocol);
    assert!(matches!(site.beat("g", "m", LEAVE_EPOCH), Answer::Heartbeat(Ok(_))));
    site.joined("g");
    assert_eq!(site.listed(), [("g".into(), "classic", "Stable")]);
    site.restart();
    assert_eq!(site.listed(), [("g".into(), "classic", "Stable")]);
}

#[test]
fn a_member_of_a_consumer_group_commits_in_its_epoch_only() {
    let mut site = Site::new();
    let Answer::Heartbeat(Ok(told)) = site.beat("g", "m", 0) else { panic!("it joins") };
    let by = |generation| Committer { member: Some("m".into()), instance: None, generation };
    let committed = site.commit_by("g", by(told.member_epoch), true);
    assert!(matches!(committed, Answer::CommitOffsets(Ok(_))));
    let stale = consumer::NotAMember::StaleMemberEpoch {
        received: told.member_epoch + 1,
        known: told.member_epoch,
    };
    let refused = site.commit_by("g", by(told.member_epoch + 1), true);
    assert!(is_refused(&refused, stale.into()), "{refused:?}");
    let refused = site.commit_by("g", by(told.member_epoch), false);
    assert!(is_refused(&refused, GroupError::UnsupportedVersion), "{refused:?}");
    let refused = site.commit("g");
    assert!(is_refused(&refused, consumer::NotAMember::UnknownMemberId.into()), "{refused:?}");
}

#[test]
fn deleting_takes_offsets_along_and_members_prevent_it() {
    let mut site = Site::new();
    let member = site.joined("g");
    let busy = site.one(Request::Delete(T, "g".into()));
    assert_eq!(busy, Answer::Delete(Err(ClassicError::NonEmptyGroup.into())));
    site.leave("g", &member);
    site.commit("g");
    assert_eq!(site.one(Request::Delete(T, "g".into())), Answer::Delete(Ok(())));
    assert!(site.log.is_empty() && site.coordinator.is_empty());
    let gone = site.one(Request::Delete(T, "g".into()));
    assert_eq!(gone, Answer::Delete(Err(ClassicError::GroupIdNotFound.into())));
}

#[test]
fn offsets_end_with_their_topic_even_while_nobody_looked() {
    let mut site = Site::new();
    site.commit("g");
    site.ask(Request::TopicDeleted("t".into(), TopicId([9; 16])));
    assert_eq!(site.fetched("g").len(), 1, "another topic of that name was deleted");
    let kept = site.log.clone();
    site.ask(Request::TopicDeleted("t".into(), TOPIC));
    assert!(site.fetched("g").is_empty() && site.log.is_empty());
    assert!(site.coordinator.is_empty(), "nothing is left of the group");
    // Deleted while the broker was down, or before the record could be written.
    site.log = kept;
    site.topics = Known(Some(TopicId([4; 16])));
    site.restart();
    assert!(site.log.is_empty() && site.coordinator.is_empty());
}

#[test]
fn what_nobody_uses_is_forgotten_after_the_retention() {
    let mut site = Site::new();
    let member = site.joined("g");
    site.commit("simple");
    site.leave("g", &member);
    for _ in 0..9 {
        site.pass(100);
    }
    assert_eq!(site.listed().len(), 1, "a group without members and offsets goes at once");
    site.pass(100);
    site.pass(100);
    assert!(site.log.is_empty() && site.coordinator.is_empty(), "{:?}", site.coordinator);
}

#[test]
fn groups_are_bounded_and_strangers_make_none() {
    let mut site = Site::new();
    let unknown = site.join("g", Some("nobody"));
    let [Answer::Classic(classic::Answer::Join(Err(refused)))] = &unknown[..] else {
        panic!("{unknown:?}");
    };
    assert_eq!(refused.error, ClassicError::UnknownMemberId);
    let unknown = site.beat("g", "m", 3);
    let error = HeartbeatError::Refused(consumer::Refusal::UnknownMemberId);
    assert_eq!(unknown, Answer::Heartbeat(Err(error)));
    let senseless = site.beat("g", "m", -3);
    let Answer::Heartbeat(Err(HeartbeatError::Refused(refused))) = senseless else {
        panic!("{senseless:?}");
    };
    assert!(matches!(refused, consumer::Refusal::InvalidRequest(_)), "{refused:?}");
    assert!(site.coordinator.is_empty());
    for group in ["a", "b", "c"] {
        site.commit(group);
    }
    assert!(is_refused(&site.commit("d"), GroupError::TooManyGroups));
    let full = site.beat("d", "m", 0);
    assert_eq!(full, Answer::Heartbeat(Err(HeartbeatError::TooManyGroups)));
    let full = site.join("d", None);
    let [Answer::Classic(classic::Answer::Join(Err(refused)))] = &full[..] else {
        panic!("{full:?}");
    };
    assert_eq!(refused.error, ClassicError::GroupMaxSizeReached);
}

#[test]
fn a_group_s_own_times_count_from_the_next_heartbeat_and_after_a_restart() {
    let mut site = Site::new();
    site.beat("g", "m", 0);
    site.timing = Timing {
        session_timeout: Duration::from_secs(100),
        heartbeat_interval: Duration::from_secs(9),
    };
    let Answer::Heartbeat(Ok(told)) = site.beat("g", "m", 1) else { panic!("it lives") };
    assert_eq!(told.heartbeat_interval, Duration::from_secs(9));
    site.pass(90);
    assert_eq!(site.listed()[0].2, "Stable");
    site.restart();
    site.pass(90);
    assert_eq!(site.listed()[0].2, "Stable");
    site.pass(20);
    assert_eq!(site.listed()[0].2, "Empty");
}
