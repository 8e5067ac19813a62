//! Heartbeats of KIP-848, and changes of topics.

use std::sync::Arc;

use record::TopicId;

use super::entry::Members;
use super::request::{Answer, HeartbeatError, Timing};
use super::state::{Coordinator, absorb, wrap};
use crate::group::classic::{ClassicGroup, GroupState, Now};
use crate::group::consumer::{self, ConsumerGroup, Event, Heartbeat, JOIN_EPOCH, Refusal, Topics};
use crate::group::effects::{Effects, Ticket};
use crate::group::id::GroupId;

impl Coordinator {
    /// A heartbeat that joins makes a group, in place of an empty one of the classic protocol.
    pub(super) fn heartbeat(
        &mut self,
        now: Now,
        ticket: Ticket,
        id: &GroupId,
        (heartbeat, timing): (Heartbeat, Timing),
        topics: &dyn Topics,
    ) -> Effects<Answer> {
        let refused =
            |error: HeartbeatError| Effects::answer(ticket, Answer::Heartbeat(Err(error)));
        let joins = heartbeat.member_epoch == JOIN_EPOCH;
        let settings = self.timed(timing);
        let mut begun = Effects::default();
        let is_there = match self.groups.get_mut(id).map(|entry| &mut entry.members) {
            Some(Members::Consumer(group)) => {
                group.set_settings(settings.clone());
                true
            }
            Some(Members::Classic(_)) if joins && heartbeat.check().is_ok() => {
                match self.upgrade(now, id, settings.clone(), topics) {
                    Some(effects) => begun = effects,
                    None => return refused(HeartbeatError::NotAConsumerGroup),
                }
                true
            }
            Some(Members::Classic(_)) => return refused(HeartbeatError::NotAConsumerGroup),
            Some(Members::None) | None => false,
        };
        if !is_there && !joins {
            let invalid = heartbeat.check().err();
            return refused(invalid.unwrap_or(Refusal::UnknownMemberId).into());
        }
        let Some(entry) = self.entry(id) else {
            return refused(HeartbeatError::TooManyGroups);
        };
        if !is_there {
            entry.members = Members::Consumer(Box::new(ConsumerGroup::new(id.clone(), settings)));
        }
        let Members::Consumer(group) = &mut entry.members else {
            unreachable!("it was made if it was not there");
        };
        let effects = beat(group, now, Event::Heartbeat { ticket, heartbeat }, topics);
        // A group that nobody got into is not kept.
        if !is_there && effects.records.is_empty() {
            entry.members = Members::None;
        }
        absorb(&mut begun, effects);
        absorb(&mut begun, self.downgrade_if_classic(now, id, topics));
        self.schedule(id);
        self.forget_if_gone(id);
        begun
    }

    /// Makes a consumer group of a classic one, its members included; none if that can not be.
    fn upgrade(
        &mut self,
        now: Now,
        id: &GroupId,
        settings: consumer::Settings,
        topics: &dyn Topics,
    ) -> Option<Effects<Answer>> {
        let entry = self.groups.get_mut(id)?;
        let Members::Classic(group) = &mut entry.members else { return None };
        let (upgraded, records) = if group.state() == GroupState::Empty {
            (ConsumerGroup::new(id.clone(), settings), Vec::new())
        } else if self.settings.upgrades {
            let (members, generation) = (group.members_to_upgrade()?, group.generation());
            let at = now.monotonic;
            ConsumerGroup::upgrade(at, id.clone(), settings, generation, &members, topics)?
        } else {
            return None;
        };
        let mut effects = wrap(group.end_for_upgrade(now));
        effects.records.extend(records);
        entry.members = Members::Consumer(Box::new(upgraded));
        Some(effects)
    }

    /// A consumer group whose last member of KIP-848 has gone becomes a classic one.
    pub(super) fn downgrade_if_classic(
        &mut self,
        now: Now,
        id: &GroupId,
        topics: &dyn Topics,
    ) -> Effects<Answer> {
        if !self.settings.downgrades {
            return Effects::default();
        }
        let config = Arc::clone(&self.settings.classic);
        let Some(entry) = self.groups.get_mut(id) else { return Effects::default() };
        let Members::Consumer(group) = &entry.members else { return Effects::default() };
        let Some((records, value)) = group.downgrade(now.wall, topics) else {
            return Effects::default();
        };
        let mut group = Box::new(ClassicGroup::load(now, id.clone(), value, config));
        let mut effects = Effects { records, answers: Vec::new() };
        absorb(&mut effects, wrap(group.begin_as_downgraded(now)));
        entry.members = Members::Classic(group);
        effects
    }

    /// What holds for a group with these times.
    fn timed(&self, timing: Timing) -> consumer::Settings {
        let Timing { session_timeout, heartbeat_interval } = timing;
        let common = self.settings.consumer.clone();
        consumer::Settings { session_timeout, heartbeat_interval, ..common }
    }

    /// Changes a group's times; they count from each member's next heartbeat.
    pub(super) fn time(&mut self, id: &GroupId, timing: Timing) {
        let settings = self.timed(timing);
        if let Some(Members::Consumer(group)) = self.groups.get_mut(id).map(|it| &mut it.members) {
            group.set_settings(settings);
        }
    }

    /// Lets consumer groups look at their topics again.
    pub(super) fn topics_changed(&mut self, now: Now, topics: &dyn Topics) -> Effects<Answer> {
        let mut effects = Effects::default();
        for entry in self.groups.values_mut() {
            if let Members::Consumer(group) = &mut entry.members {
                absorb(&mut effects, beat(group, now, Event::TopicsChanged, topics));
            }
        }
        effects
    }

    /// A topic is gone: its offsets go with it.
    pub(super) fn topic_deleted(&mut self, topic: &str, id: TopicId) -> Effects<Answer> {
        let mut effects = Effects::default();
        let mut gone = Vec::new();
        for (group, entry) in &mut self.groups {
            effects.records.extend(entry.offsets.delete_topic(topic, id));
            if entry.is_gone() {
                gone.push(group.clone());
            }
        }
        for group in gone {
            self.forget_if_gone(&group);
        }
        effects
    }
}

fn beat(group: &mut ConsumerGroup, now: Now, event: Event, topics: &dyn Topics) -> Effects<Answer> {
    let effects = group.apply(now.monotonic, event, topics);
    let answers = effects.answers.into_iter().map(|(ticket, answer): (_, consumer::Answer)| {
        (ticket, Answer::Heartbeat(answer.map_err(HeartbeatError::from)))
    });
    Effects { records: effects.records, answers: answers.collect() }
}
