//! Heartbeats of KIP-848, and changes of topics.

use record::TopicId;

use super::entry::Members;
use super::request::{Answer, HeartbeatError};
use super::state::{Coordinator, absorb};
use crate::group::classic::Now;
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
        heartbeat: Heartbeat,
        topics: &dyn Topics,
    ) -> Effects<Answer> {
        let refused =
            |error: HeartbeatError| Effects::answer(ticket, Answer::Heartbeat(Err(error)));
        let joins = heartbeat.member_epoch == JOIN_EPOCH;
        let settings = self.settings.consumer.clone();
        let mut records = Vec::new();
        let is_there = match self.groups.get_mut(id).map(|entry| &mut entry.members) {
            Some(Members::Consumer(_)) => true,
            Some(Members::Classic(group)) => {
                let tombstone = if joins { group.convert_empty(now) } else { None };
                let Some(tombstone) = tombstone else {
                    return refused(HeartbeatError::NotAConsumerGroup);
                };
                records.push(tombstone);
                false
            }
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
        let mut effects = beat(group, now, Event::Heartbeat { ticket, heartbeat }, topics);
        // A group that nobody got into is not kept, unless another had to make room for it.
        if !is_there && records.is_empty() && effects.records.is_empty() {
            entry.members = Members::None;
        }
        records.append(&mut effects.records);
        self.schedule(id);
        self.forget_if_gone(id);
        Effects { records, answers: effects.answers }
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
