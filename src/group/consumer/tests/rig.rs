//! A group with topics, a clock and a log, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use record::{PartitionIndex, TopicId, TopicPartition};

use crate::group::consumer::{
    Answer, Assignment, ConsumerGroup, Event, Heartbeat, Settings, Told, Topic, Topics,
};
use crate::group::effects::{GroupRecord, Ticket};
use crate::group::log::GroupLogRecord;

/// Topics that tests make and delete.
#[derive(Default)]
pub(super) struct World {
    topics: BTreeMap<String, Topic>,
    version: i64,
}

impl World {
    pub(super) fn set(&mut self, name: &str, id: u8, partitions: i32) {
        let topic = Topic { id: TopicId([id; 16]), partitions };
        self.topics.insert(name.to_owned(), topic);
        self.version += 1;
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.topics.remove(name);
        self.version += 1;
    }
}

impl Topics for World {
    fn version(&self) -> i64 {
        self.version
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        self.topics.get(name).copied()
    }

    fn each_name(&self, visit: &mut dyn FnMut(&str)) {
        self.topics.keys().for_each(|name| visit(name));
    }
}

/// A group and all around it.
pub(super) struct Rig {
    pub(super) group: ConsumerGroup,
    pub(super) world: World,
    pub(super) log: Vec<GroupRecord>,
    pub(super) now: Duration,
}

impl Rig {
    pub(super) fn new(settings: Settings) -> Self {
        let mut world = World::default();
        world.set("tide", 1, 4);
        world.set("ebb", 2, 3);
        let group = ConsumerGroup::new("group".into(), settings);
        Self { group, world, log: Vec::new(), now: Duration::from_secs(1000) }
    }

    pub(super) fn beat(&mut self, heartbeat: Heartbeat) -> Answer {
        let event = Event::Heartbeat { ticket: Ticket(7), heartbeat };
        let effects = self.group.apply(self.now, event, &self.world);
        let is_refused = effects.answers.iter().any(|(_, answer)| answer.is_err());
        assert!(effects.records.is_empty() || !is_refused, "a refused heartbeat changes nothing");
        self.log.extend(effects.records);
        let mut answers = effects.answers;
        assert_eq!(answers.len(), 1);
        let (ticket, answer) = answers.remove(0);
        assert_eq!(ticket, Ticket(7));
        answer
    }

    /// A heartbeat that must not be refused.
    pub(super) fn told(&mut self, heartbeat: Heartbeat) -> Told {
        self.beat(heartbeat).unwrap()
    }

    /// Events that nobody waits for; how many records they led to.
    pub(super) fn happen(&mut self, event: Event) -> usize {
        let effects = self.group.apply(self.now, event, &self.world);
        assert!(effects.answers.is_empty());
        let records = effects.records.len();
        self.log.extend(effects.records);
        records
    }

    /// Time passes, and the timer fires if it is due.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        while self.group.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.happen(Event::Tick);
        }
    }

    /// Reads a log back.
    pub(super) fn replay<'a>(
        &self,
        log: impl IntoIterator<Item = &'a GroupRecord>,
    ) -> ConsumerGroup {
        let settings = self.group.settings.clone();
        let mut group = ConsumerGroup::new("group".into(), settings);
        for record in log {
            group.replay(GroupLogRecord::decode(&record.key, record.value.as_deref()).unwrap());
        }
        group.start(self.now);
        group
    }

    /// The whole log, and what compaction leaves of it, give the same state again.
    pub(super) fn check_replay(&self) {
        assert_same(&self.replay(&self.log), &self.group);
        let mut last = BTreeMap::new();
        for (at, record) in self.log.iter().enumerate() {
            last.insert(&record.key, at);
        }
        let is_last = |&(at, record): &(usize, &GroupRecord)| last[&record.key] == at;
        let compacted: Vec<_> = self.log.iter().enumerate().filter(is_last).collect();
        let kept = compacted.iter().map(|&(_, record)| record);
        assert_same(&self.replay(kept.clone()), &self.group);
        assert_same(&self.replay(kept.filter(|record| record.value.is_some())), &self.group);
    }
}

fn assert_same(left: &ConsumerGroup, right: &ConsumerGroup) {
    assert_eq!(left.epoch, right.epoch);
    assert_eq!(left.metadata_hash, right.metadata_hash);
    assert_eq!(left.target_epoch, right.target_epoch);
    assert_eq!(left.members, right.members);
    assert_eq!(left.instances, right.instances);
    assert_eq!(left.owners, right.owners);
    assert_eq!(left.regexes, right.regexes);
    assert_eq!(left.describe(), right.describe());
}

/// Who joins and reads `topics`.
pub(super) fn join(member: &str, topics: &[&str]) -> Heartbeat {
    Heartbeat {
        rebalance_timeout: Some(Duration::from_secs(30)),
        topics: Some(topics.iter().map(|&name| Arc::from(name)).collect()),
        owned: Some(Vec::new()),
        ..beat(member, 0)
    }
}

/// A heartbeat that says nothing new.
pub(super) fn beat(member: &str, member_epoch: i32) -> Heartbeat {
    Heartbeat {
        member_id: member.into(),
        new_id: None,
        member_epoch,
        instance_id: None,
        rack_id: None,
        rebalance_timeout: None,
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        topics: None,
        regex: None,
        assignor: None,
        owned: None,
    }
}

/// A heartbeat that says what the member has.
pub(super) fn owning(member: &str, member_epoch: i32, owned: &Assignment) -> Heartbeat {
    Heartbeat { owned: Some(owned.as_slice().to_vec()), ..beat(member, member_epoch) }
}

/// A static member that joins.
pub(super) fn join_static(member: &str, instance: &str, topics: &[&str]) -> Heartbeat {
    Heartbeat { instance_id: Some(instance.into()), ..join(member, topics) }
}

/// A static member's heartbeat.
pub(super) fn beat_static(member: &str, instance: &str, member_epoch: i32) -> Heartbeat {
    Heartbeat { instance_id: Some(instance.into()), ..beat(member, member_epoch) }
}

/// Partitions, each a topic and an index.
pub(super) fn set(partitions: &[(u8, i32)]) -> Assignment {
    let partition = |&(topic, index): &(u8, i32)| TopicPartition {
        topic: TopicId([topic; 16]),
        partition: PartitionIndex(index),
    };
    partitions.iter().map(partition).collect()
}
