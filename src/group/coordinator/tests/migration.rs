//! A group moves to KIP-848 and back while its members work.

use super::*;
use crate::group::classic::Sync;
use crate::group::log::{NamedPartitions, read_assignment, write_assignment};

/// A member of the classic protocol, with what it has.
struct Old {
    id: Option<MemberId>,
    random: u128,
    generation: i32,
    owned: Vec<PartitionIndex>,
}

impl Old {
    fn new(random: u128) -> Self {
        Self { id: None, random, generation: -1, owned: Vec::new() }
    }

    fn id(&self) -> MemberId {
        self.id.clone().unwrap()
    }

    fn subscription(&self) -> Arc<[u8]> {
        // Version 1: the topic, no user data, and what it has.
        let mut bytes = b"\0\x01\0\0\0\x01\0\x01t\xff\xff\xff\xff\0\0\0\x01\0\x01t".to_vec();
        let count = i32::try_from(self.owned.len()).unwrap();
        bytes.extend(count.to_be_bytes());
        bytes.extend(self.owned.iter().flat_map(|partition| partition.0.to_be_bytes()));
        bytes.into()
    }

    fn join(&self, site: &mut Site) -> Vec<Answer> {
        let protocol =
            Protocol { name: "cooperative-sticky".into(), metadata: self.subscription() };
        let join = Join {
            ticket: T,
            member: self.id.clone(),
            instance: None,
            client_id: "old".into(),
            client_host: "/127.0.0.1".into(),
            session_timeout: Duration::from_secs(10),
            rebalance_timeout: Duration::from_secs(20),
            protocol_type: "consumer".into(),
            protocols: classic::Protocols::new(vec![protocol]),
            needs_member_id: false,
            can_skip_assignment: false,
            random: self.random,
        };
        site.ask(Request::Classic("g".into(), Box::new(Event::Join(join))))
    }

    fn hear_join(&mut self, answers: &[Answer]) {
        let [Answer::Classic(classic::Answer::Join(Ok(joined)))] = answers else {
            panic!("{answers:?}");
        };
        self.id = Some(joined.member.clone());
        self.generation = joined.generation;
    }

    fn sync(&mut self, site: &mut Site, brings: &[PartitionIndex]) {
        let brings = [NamedPartitions { topic: "t".into(), partitions: brings.to_vec() }];
        let bytes = write_assignment(&brings, &self.subscription());
        let sync = Sync {
            ticket: T,
            member: self.id(),
            instance: None,
            generation: self.generation,
            protocol_type: Some("consumer".into()),
            protocol: Some("cooperative-sticky".into()),
            assignments: vec![(self.id(), bytes.into())],
        };
        let answer = site.one(Request::Classic("g".into(), Box::new(Event::Sync(sync))));
        let Answer::Classic(classic::Answer::Sync(Ok(synced))) = answer else {
            panic!("{answer:?}");
        };
        let read = read_assignment(&synced.assignment).unwrap();
        self.owned = read.into_iter().flat_map(|named| named.partitions).collect();
    }

    fn beat(&self, site: &mut Site) -> Result<(), ClassicError> {
        let beat = classic::Heartbeat {
            ticket: T,
            member: self.id(),
            instance: None,
            generation: self.generation,
        };
        let answer = site.one(Request::Classic("g".into(), Box::new(Event::Heartbeat(beat))));
        let Answer::Classic(classic::Answer::Heartbeat(result)) = answer else {
            panic!("{answer:?}");
        };
        result
    }
}

fn indexes(range: std::ops::Range<i32>) -> Vec<PartitionIndex> {
    range.map(PartitionIndex).collect()
}

/// A classic group of one member that has everything.
fn site() -> (Site, Old) {
    let (mut site, mut old) = (Site::new(), Old::new(1));
    assert_eq!(old.join(&mut site), []);
    let answers = site.pass(4);
    old.hear_join(&answers);
    old.sync(&mut site, &indexes(0..4));
    assert_eq!(old.owned, indexes(0..4));
    assert_eq!(site.listed(), [("g".into(), "classic", "Stable")]);
    (site, old)
}

fn assigned(answer: &Answer) -> (i32, Option<Vec<PartitionIndex>>) {
    let Answer::Heartbeat(Ok(told)) = answer else { panic!("{answer:?}") };
    let partitions = told.assignment.as_ref();
    let indexes = partitions.map(|it| it.as_slice().iter().map(|it| it.partition).collect());
    (told.member_epoch, indexes)
}

/// The new member has come, and the old one has given up half of what it had.
fn mixed() -> (Site, Old, i32) {
    let (mut site, mut old) = site();
    let (epoch, nothing) = assigned(&site.beat("g", "new", 0));
    assert_eq!(nothing, Some(Vec::new()), "the old one has everything still");
    assert_eq!(site.listed(), [("g".into(), "consumer", "Reconciling")]);
    assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
    let answers = old.join(&mut site);
    let before = old.generation;
    old.hear_join(&answers);
    assert_eq!(old.generation, before, "it stays until it has given up what it must");
    old.sync(&mut site, &[]);
    assert_eq!(old.owned.len(), 2);
    assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
    let answers = old.join(&mut site);
    old.hear_join(&answers);
    assert_eq!(old.generation, epoch);
    old.sync(&mut site, &[]);
    assert_eq!((old.owned.len(), old.beat(&mut site)), (2, Ok(())));
    let (epoch, rest) = assigned(&site.beat("g", "new", epoch));
    let mut all = [rest.unwrap(), old.owned.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, indexes(0..4), "all is read, nothing twice");
    assert_eq!(site.listed(), [("g".into(), "consumer", "Stable")]);
    (site, old, epoch)
}

#[test]
fn a_group_takes_in_members_of_the_new_protocol_and_keeps_the_old_ones() {
    let (mut site, old, _) = mixed();
    site.restart();
    assert_eq!(site.listed(), [("g".into(), "consumer", "Stable")]);
    assert_eq!(old.beat(&mut site), Ok(()));
    let by = |generation| Committer { member: old.id.clone(), instance: None, generation };
    let committed = site.commit_by("g", by(old.generation), false);
    assert!(matches!(committed, Answer::CommitOffsets(Ok(_))), "{committed:?}");
    let refused = site.commit_by("g", by(old.generation + 1), false);
    assert!(is_refused(&refused, consumer::NotAMember::IllegalGeneration.into()), "{refused:?}");
    // Each is out after its own silence.
    site.pass(11);
    assert_eq!(old.beat(&mut site), Err(ClassicError::UnknownMemberId));
}

#[test]
fn a_group_is_classic_again_when_its_last_member_of_the_new_protocol_goes() {
    let (mut site, mut old, _) = mixed();
    assert!(matches!(site.beat("g", "new", LEAVE_EPOCH), Answer::Heartbeat(Ok(_))));
    assert_eq!(site.listed(), [("g".into(), "classic", "PreparingRebalance")]);
    assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
    let answers = old.join(&mut site);
    old.hear_join(&answers);
    old.sync(&mut site, &indexes(0..4));
    assert_eq!((old.owned.clone(), old.beat(&mut site)), (indexes(0..4), Ok(())));
    let before = site.listed();
    assert_eq!(before, [("g".into(), "classic", "Stable")]);
    site.restart();
    assert_eq!(site.listed(), before);
    assert_eq!(old.beat(&mut site), Ok(()));
}

#[test]
fn a_group_that_went_back_is_classic_after_a_crash_before_anybody_rejoined() {
    let (mut site, old, _) = mixed();
    site.pass(5);
    assert_eq!(old.beat(&mut site), Ok(()));
    // The new member is silent for its whole session, the old one not.
    for _ in 0..8 {
        site.pass(5);
        assert_ne!(old.beat(&mut site), Err(ClassicError::UnknownMemberId));
    }
    assert_eq!(site.listed()[0].1, "classic");
    site.restart();
    assert_eq!(site.listed()[0].1, "classic");
    assert_ne!(old.beat(&mut site), Err(ClassicError::UnknownMemberId));
}

#[test]
fn who_does_not_come_back_in_time_is_out() {
    let (mut site, old) = site();
    site.beat("g", "new", 0);
    assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
    // Its heartbeats alone do not keep it: it has to join.
    for _ in 0..3 {
        site.pass(5);
        assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
    }
    site.pass(5);
    assert_eq!(old.beat(&mut site), Err(ClassicError::UnknownMemberId));
    let Answer::Heartbeat(Ok(told)) = site.beat("g", "new", 2) else { panic!("it lives") };
    assert_eq!(told.assignment.map(|it| it.len()), Some(4));
}

#[test]
fn members_wait_in_no_join_of_a_group_that_moved() {
    let (mut site, old) = site();
    let second = Old::new(2);
    assert_eq!(second.join(&mut site), [], "it waits for the first");
    let heartbeat = Heartbeat {
        member_id: "new".into(),
        new_id: None,
        member_epoch: 0,
        instance_id: None,
        rack_id: None,
        rebalance_timeout: Some(Duration::from_secs(10)),
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        topics: Some(vec!["t".into()]),
        regex: None,
        assignor: None,
        owned: Some(Vec::new()),
    };
    let timing = site.timing;
    let answers = site.ask(Request::Heartbeat(T, "g".into(), Box::new(heartbeat), timing));
    assert_eq!(answers.len(), 2, "{answers:?}");
    let Answer::Classic(classic::Answer::Join(Err(refused))) = &answers[0] else {
        panic!("{answers:?}");
    };
    assert_eq!(refused.error, ClassicError::RebalanceInProgress);
    assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
}

#[test]
fn a_group_with_members_moves_only_where_the_policy_lets_it() {
    let (mut site, old) = site();
    site.coordinator.settings.upgrades = false;
    let refused = site.beat("g", "new", 0);
    assert_eq!(refused, Answer::Heartbeat(Err(HeartbeatError::NotAConsumerGroup)));
    assert_eq!(old.beat(&mut site), Ok(()));
    assert_eq!(site.listed(), [("g".into(), "classic", "Stable")]);
    assert!(matches!(site.leave("g", &old.id()), Answer::Classic(_)));
    let joined = site.beat("g", "new", 0);
    assert!(matches!(joined, Answer::Heartbeat(Ok(_))), "an empty one is anybody's");

    let (mut site, old, epoch) = mixed();
    site.coordinator.settings.downgrades = false;
    assert!(matches!(site.beat("g", "new", LEAVE_EPOCH), Answer::Heartbeat(Ok(_))));
    assert_eq!(site.listed()[0].1, "consumer");
    assert_eq!(old.beat(&mut site), Err(ClassicError::RebalanceInProgress));
    let answers = old.join(&mut site);
    let [Answer::Classic(classic::Answer::Join(Ok(joined)))] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert!(joined.generation > epoch, "it goes on by the old protocol in the new group");
}
