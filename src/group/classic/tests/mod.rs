//! A group in a test: its members by name, what came of each ticket.

mod checklist;
mod joining;
mod random;
mod standing;
mod statics;
mod syncing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use record::Timestamp;

use super::*;
use crate::group::effects::{Effects, GroupRecord, Ticket};
use crate::group::id::{GroupId, InstanceId, MemberId};
use crate::group::log::{GroupLogRecord, GroupMetadataValue};

const SESSION: Duration = Duration::from_secs(10);
const ALMOST_SESSION: Duration = Duration::from_millis(9_999);
const REBALANCE: Duration = Duration::from_mins(1);

/// A group, its clock, and what it has said.
struct Bench {
    group: ClassicGroup,
    config: Arc<ClassicConfig>,
    now: Now,
    next_ticket: u64,
    ticks: usize,
    answers: BTreeMap<Ticket, Answer>,
    records: Vec<GroupRecord>,
}

/// A subscription to some topics, as Kafka's consumers write it.
fn subscription(topics: &[&str]) -> Arc<[u8]> {
    let mut bytes = vec![0, 0];
    bytes.extend_from_slice(&u32::try_from(topics.len()).unwrap().to_be_bytes());
    for topic in topics {
        bytes.extend_from_slice(&u16::try_from(topic.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(topic.as_bytes());
    }
    bytes.into()
}

fn protocols(names: &[&str], metadata: &Arc<[u8]>) -> Protocols {
    let protocol = |name: &&str| Protocol { name: (*name).into(), metadata: metadata.clone() };
    Protocols::new(names.iter().map(protocol).collect())
}

impl Bench {
    fn new() -> Self {
        Self::with(ClassicConfig { initial_rebalance_delay: Duration::ZERO, ..Default::default() })
    }

    fn with(config: ClassicConfig) -> Self {
        let config = Arc::new(config);
        Self {
            group: ClassicGroup::new("g".into(), config.clone()),
            config,
            now: Now { monotonic: Duration::from_secs(1000), wall: Timestamp(1_000_000) },
            next_ticket: 1,
            ticks: 0,
            answers: BTreeMap::new(),
            records: Vec::new(),
        }
    }

    /// A dynamic member that supports `range`.
    fn join(&mut self, member: Option<&MemberId>) -> Join {
        Join {
            ticket: self.ticket(),
            member: member.cloned(),
            instance: None,
            client_id: "client".into(),
            client_host: "/127.0.0.1".into(),
            session_timeout: SESSION,
            rebalance_timeout: REBALANCE,
            protocol_type: "consumer".into(),
            protocols: protocols(&["range"], &subscription(&["t"])),
            needs_member_id: false,
            can_skip_assignment: false,
            random: u128::from(self.next_ticket) << 80,
        }
    }

    fn static_join(&mut self, instance: &str) -> Join {
        Join { instance: Some(instance.into()), ..self.join(None) }
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    fn apply(&mut self, event: Event) {
        let effects: Effects<Answer> = self.group.apply(self.now, event);
        for (ticket, answer) in effects.answers {
            let before = self.answers.insert(ticket, answer);
            assert_eq!(before, None, "{ticket:?} has two answers");
        }
        let has_records = !effects.records.is_empty();
        self.records.extend(effects.records);
        if has_records || self.group.state() == GroupState::Stable {
            self.check_replay();
        }
    }

    /// A group from the last record is the group.
    fn check_replay(&self) {
        let Some(value) = self.last_record() else { return };
        // Static members that are away do not count while a group fills, but when it is loaded.
        let config = ClassicConfig { max_size: usize::MAX, ..(*self.config).clone() };
        let loaded = ClassicGroup::load(self.now, "g".into(), value, Arc::new(config));
        assert_eq!(loaded.describe(), self.group.describe());
        assert_eq!(loaded.generation(), self.group.generation());
        assert_eq!(loaded.leader, self.group.leader);
        assert_eq!(loaded.protocol_type, self.group.protocol_type);
        assert_eq!(loaded.subscribed, self.group.subscribed);
        assert_eq!(loaded.offset_expiry(), self.group.offset_expiry());
        assert_eq!(loaded.record(), self.group.record());
    }

    /// None for none, and for a tombstone.
    fn last_record(&self) -> Option<GroupMetadataValue> {
        let record = self.records.last()?;
        match GroupLogRecord::decode(&record.key, record.value.as_deref()) {
            Ok(GroupLogRecord::GroupMetadata { value, .. }) => value,
            other => panic!("{other:?}"),
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        self.apply(Event::Tick);
    }

    /// Time passes; every deadline on the way gets its tick.
    fn pass(&mut self, time: Duration) {
        let end = self.now.monotonic + time;
        while let Some(at) = self.group.deadline().filter(|at| *at <= end) {
            self.now.monotonic = self.now.monotonic.max(at);
            self.tick();
        }
        self.now.monotonic = end;
    }

    fn send_join(&mut self, join: Join) -> Ticket {
        let ticket = join.ticket;
        self.apply(Event::Join(join));
        ticket
    }

    fn sync(&mut self, member: &MemberId, assigned: &[(&MemberId, &[u8])]) -> Ticket {
        let ticket = self.ticket();
        self.apply(Event::Sync(Sync {
            ticket,
            member: member.clone(),
            instance: None,
            generation: self.group.generation(),
            protocol_type: Some("consumer".into()),
            protocol: None,
            assignments: assigned
                .iter()
                .map(|(id, bytes)| ((*id).clone(), (*bytes).into()))
                .collect(),
        }));
        ticket
    }

    fn beat(&mut self, member: &MemberId) -> Result<(), ClassicError> {
        self.beat_in(member, None, self.group.generation())
    }

    fn beat_in(
        &mut self,
        member: &MemberId,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), ClassicError> {
        let ticket = self.ticket();
        self.apply(Event::Heartbeat(Heartbeat {
            ticket,
            member: member.clone(),
            instance: instance.map(InstanceId::from),
            generation,
        }));
        match &self.answers[&ticket] {
            Answer::Heartbeat(result) => *result,
            other => panic!("{other:?}"),
        }
    }

    fn leave(
        &mut self,
        members: &[(Option<&MemberId>, Option<&str>)],
    ) -> Vec<Option<ClassicError>> {
        let ticket = self.ticket();
        let members = members.iter().map(|(id, instance)| LeavingMember {
            member: id.cloned(),
            instance: instance.map(InstanceId::from),
        });
        self.apply(Event::Leave(Leave { ticket, members: members.collect() }));
        match &self.answers[&ticket] {
            Answer::Leave(Ok(left)) => left.iter().map(|one| one.error).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn is_waiting(&self, ticket: Ticket) -> bool {
        !self.answers.contains_key(&ticket)
    }

    #[track_caller]
    fn joined(&self, ticket: Ticket) -> Joined {
        match self.answers.get(&ticket) {
            Some(Answer::Join(Ok(joined))) => joined.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn refused(&self, ticket: Ticket) -> ClassicError {
        match self.answers.get(&ticket) {
            Some(Answer::Join(Err(refused))) => refused.error,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn synced(&self, ticket: Ticket) -> Result<Vec<u8>, ClassicError> {
        match self.answers.get(&ticket) {
            Some(Answer::Sync(Ok(synced))) => Ok(synced.assignment.to_vec()),
            Some(Answer::Sync(Err(error))) => Err(*error),
            other => panic!("{other:?}"),
        }
    }

    /// A stable group of that many dynamic members, the leader first.
    fn stable(&mut self, count: usize) -> Vec<MemberId> {
        let tickets: Vec<_> = (0..count)
            .map(|_| {
                let join = self.join(None);
                self.send_join(join)
            })
            .collect();
        self.pass(Duration::ZERO);
        let joined: Vec<_> = tickets.iter().map(|ticket| self.joined(*ticket)).collect();
        self.settle(joined)
    }

    /// All sync, the leader last; it assigns to each member its own id.
    fn settle(&mut self, joined: Vec<Joined>) -> Vec<MemberId> {
        let leader = joined[0].leader.clone().unwrap();
        let mut ids: Vec<_> = joined.into_iter().map(|joined| joined.member).collect();
        ids.sort_by_key(|id| *id != leader);
        let waiting: Vec<_> = ids[1..].iter().map(|id| (id.clone(), self.sync(id, &[]))).collect();
        let assigned: Vec<_> = ids.iter().map(|id| (id, id.as_str().as_bytes())).collect();
        let own = self.sync(&leader, &assigned);
        for (id, ticket) in waiting.iter().chain([&(leader.clone(), own)]) {
            assert_eq!(self.synced(*ticket), Ok(id.as_str().as_bytes().to_vec()));
        }
        assert_eq!(self.group.state(), GroupState::Stable);
        ids
    }

    /// The member joins again, as it joined before.
    fn rejoin(&mut self, member: &MemberId) -> Ticket {
        let join = self.join(Some(member));
        self.send_join(join)
    }

    fn may_commit(
        &mut self,
        member: Option<&MemberId>,
        generation: i32,
    ) -> Result<(), ClassicError> {
        self.group.may_commit(self.now, member, None, generation, false)
    }
}

fn group_id() -> GroupId {
    "g".into()
}
