//! `ConsumerGroup`: one group, what happens to it and what follows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use record::TopicPartition;
use runtime::hash::FixedMap;

use super::assignment::Assignment;
use super::assignor::Assignor;
use super::change::Change;
use super::heartbeat::{
    Answer, Heartbeat, JOIN_EPOCH, LEAVE_EPOCH, Refusal, STATIC_LEAVE_EPOCH, Told,
};
use super::member::{Current, Member, MemberState, Metadata};
use super::reconcile::Step;
use super::settings::Settings;
use super::subscription::Resolved;
use super::topics::Topics;
use crate::group::effects::{Effects, GroupRecord, Ticket};
use crate::group::id::{GroupId, InstanceId, MemberId};

/// A consumer group (KIP-848).
///
/// No partition is ever with two members: what a member has, or has to give up and has not said
/// that it did, is in `owners` under that member, and is given to nobody else.
#[derive(Debug)]
pub struct ConsumerGroup {
    pub(super) id: GroupId,
    pub(super) settings: Settings,
    pub(super) epoch: i32,
    /// What the subscribed topics were when the epoch began.
    pub(super) metadata_hash: i64,
    pub(super) target_epoch: i32,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) instances: BTreeMap<InstanceId, MemberId>,
    pub(super) owners: FixedMap<TopicPartition, MemberId>,
    pub(super) regexes: BTreeMap<Arc<str>, Resolved>,
    /// No member is out before. A heartbeat moves its own deadline alone, so that it costs the
    /// same in a large group; who looks at `wake` finds out what it is now.
    pub(super) wake: Option<Duration>,
}

/// What happens to a group.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once, never kept")]
pub enum Event {
    /// A member is heard of.
    Heartbeat {
        /// Who waits for the answer.
        ticket: Ticket,
        /// What it says.
        heartbeat: Heartbeat,
    },
    /// A topic was made or deleted, or has more partitions.
    TopicsChanged,
    /// [`ConsumerGroup::deadline`] has come.
    Tick,
}

/// Whose heartbeat it is.
enum Place {
    /// Of a member.
    Known(MemberId),
    /// Of a new one.
    New(MemberId),
    /// Of a new one that takes the place of a static member that is away.
    InsteadOf(MemberId, MemberId),
}

impl ConsumerGroup {
    /// A group without members.
    pub fn new(id: GroupId, settings: Settings) -> Self {
        Self {
            id,
            settings,
            epoch: 0,
            metadata_hash: 0,
            target_epoch: 0,
            members: BTreeMap::new(),
            instances: BTreeMap::new(),
            owners: FixedMap::default(),
            regexes: BTreeMap::new(),
            wake: None,
        }
    }

    /// Changes the settings. Timeouts count from each member's next heartbeat.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What follows from `event`. A heartbeat is answered at once, and a refused one changes
    /// nothing.
    pub fn apply(&mut self, now: Duration, event: Event, topics: &dyn Topics) -> Effects<Answer> {
        let mut effects = Effects::default();
        match event {
            Event::Heartbeat { ticket, heartbeat } => {
                let answer = self.on_heartbeat(now, &heartbeat, topics, &mut effects.records);
                effects.answers.push((ticket, answer));
            }
            Event::TopicsChanged => self.on_topics(topics, &mut effects.records),
            Event::Tick => self.tick(now, topics, &mut effects.records),
        }
        effects
    }

    /// When to come with [`Event::Tick`]; `None` for never. Since the origin of `now`.
    pub fn deadline(&self) -> Option<Duration> {
        self.wake
    }

    fn on_heartbeat(
        &mut self,
        now: Duration,
        heartbeat: &Heartbeat,
        topics: &dyn Topics,
        log: &mut Vec<GroupRecord>,
    ) -> Answer {
        heartbeat.check()?;
        if let LEAVE_EPOCH | STATIC_LEAVE_EPOCH = heartbeat.member_epoch {
            return self.leave(now, heartbeat, topics, log);
        }
        let assignor = match heartbeat.assignor.as_deref() {
            None => None,
            Some(name) => Some(self.find_assignor(name).ok_or(Refusal::UnsupportedAssignor)?),
        };
        let place = self.place(heartbeat)?;
        let compiled = self.new_regex(heartbeat.regex.as_ref())?;
        let (id, mut has_changed) = match place {
            Place::Known(id) => (id, false),
            Place::New(id) => (id, true),
            Place::InsteadOf(old, new) => {
                self.replace(&old, &new, log);
                (new, false)
            }
        };
        if let (Some(regex), Some(compiled)) = (&heartbeat.regex, compiled) {
            self.add_regex(regex.clone(), compiled, topics, log);
        }
        let is_resubscribed = self.update(&id, heartbeat, assignor, log);
        has_changed |= is_resubscribed;
        if has_changed {
            self.bump(topics, log);
        }
        if self.epoch > self.target_epoch {
            self.assign(topics, log);
        }
        let has_moved = self.reconcile(now, &id, heartbeat, is_resubscribed, log);
        self.hear(now, &id);
        let member = self.members.get(&id).ok_or(Refusal::UnknownMemberId)?;
        let is_told = heartbeat.member_epoch == JOIN_EPOCH || heartbeat.is_full() || has_moved;
        Ok(Told {
            member_epoch: member.current.epoch,
            heartbeat_interval: self.settings.heartbeat_interval,
            assignment: is_told.then(|| member.current.assigned.clone()),
            member_id: id,
        })
    }

    fn find_assignor(&self, name: &str) -> Option<Assignor> {
        Assignor::named(name).filter(|assignor| self.settings.assignors.contains(assignor))
    }

    /// Finds out whose heartbeat it is, and refuses those that it can not be.
    fn place(&self, heartbeat: &Heartbeat) -> Result<Place, Refusal> {
        let is_join = heartbeat.member_epoch == JOIN_EPOCH;
        let given = heartbeat.new_id.as_ref().filter(|_| heartbeat.member_id.as_str().is_empty());
        let id = given.unwrap_or(&heartbeat.member_id);
        let holder = match &heartbeat.instance_id {
            Some(instance) => self.instances.get(instance),
            None => None,
        };
        if let Some(holder) = holder
            && holder != id
        {
            let holds = self.members.get(holder);
            let away = holds.is_none_or(|it| it.current.epoch == STATIC_LEAVE_EPOCH);
            return match is_join {
                true if away && !self.members.contains_key(id) => {
                    Ok(Place::InsteadOf(holder.clone(), id.clone()))
                }
                true => Err(Refusal::UnreleasedInstanceId),
                false => Err(Refusal::FencedInstanceId),
            };
        }
        match self.members.get(id) {
            Some(member) => {
                check_epoch(member, heartbeat)?;
                Ok(Place::Known(id.clone()))
            }
            None if !is_join => Err(Refusal::UnknownMemberId),
            None if self.members.len() >= self.settings.size_max => {
                Err(Refusal::GroupMaxSizeReached(self.settings.size_max))
            }
            None => Ok(Place::New(id.clone())),
        }
    }

    /// Puts a member in the place of one that is away, with all that this one has.
    fn replace(&mut self, old: &MemberId, new: &MemberId, log: &mut Vec<GroupRecord>) {
        let Some(member) = self.members.get(old).cloned() else { return };
        let current = Current { epoch: 0, previous_epoch: -1, ..member.current };
        self.change(Change::Current(old.clone(), None), log);
        self.change(Change::Target(old.clone(), None), log);
        self.change(Change::Member(old.clone(), None), log);
        self.change(Change::Member(new.clone(), Some(member.metadata)), log);
        self.change(Change::Target(new.clone(), Some(member.target)), log);
        self.change(Change::Current(new.clone(), Some(current)), log);
    }

    /// Notes what a member says of itself; whether it reads other topics than before.
    fn update(
        &mut self,
        id: &MemberId,
        heartbeat: &Heartbeat,
        assignor: Option<Assignor>,
        log: &mut Vec<GroupRecord>,
    ) -> bool {
        let before = self.members.get(id).map(|member| member.metadata.clone());
        let is_new = before.is_none();
        let before = before.unwrap_or_default();
        let after = match before.updated(heartbeat, assignor) {
            None if is_new => Metadata::default(),
            None => return false,
            Some(after) => after,
        };
        let is_resubscribed = !after.subscribes_like(&before);
        let old_regex = before.regex.clone().filter(|_| before.regex != after.regex);
        self.change(Change::Member(id.clone(), Some(Arc::new(after))), log);
        self.drop_regex(old_regex.as_ref(), log);
        is_resubscribed
    }

    /// Takes a member a step towards its target; whether it is to own something else after it.
    fn reconcile(
        &mut self,
        now: Duration,
        id: &MemberId,
        heartbeat: &Heartbeat,
        is_resubscribed: bool,
        log: &mut Vec<GroupRecord>,
    ) -> bool {
        let Some(member) = self.members.get(id) else { return false };
        let back = Current { epoch: 0, ..member.current.clone() };
        let is_back = member.current.epoch == STATIC_LEAVE_EPOCH;
        let step = Step {
            current: if is_back { &back } else { &member.current },
            target: &member.target,
            target_epoch: self.target_epoch,
            owned: heartbeat.owned.as_deref(),
            is_resubscribed,
        };
        let owners = &self.owners;
        let is_free = |partition| owners.get(&partition).is_none_or(|owner| owner == id);
        let Some(next) = step.next(is_free) else { return false };
        let has_moved = next.assigned != member.current.assigned;
        let ends = (next.state == MemberState::UnrevokedPartitions)
            .then(|| now.saturating_add(member.metadata.rebalance_timeout));
        self.change(Change::Current(id.clone(), Some(next)), log);
        if let Some(member) = self.members.get_mut(id) {
            member.rebalance_ends = ends;
        }
        self.wake = self.wake.into_iter().chain(ends).min();
        has_moved
    }

    /// Puts off a member's end.
    fn hear(&mut self, now: Duration, id: &MemberId) {
        let ends = now.saturating_add(self.settings.session_timeout);
        if let Some(member) = self.members.get_mut(id) {
            member.session_ends = ends;
            self.wake = self.wake.into_iter().chain([ends]).min();
        }
    }
}

/// A member may also send the epoch before, if it owns nothing beside what it was to own in the
/// present one: it then did not hear of this one. With epoch 0 it starts over, and owns nothing.
fn check_epoch(member: &Member, heartbeat: &Heartbeat) -> Result<(), Refusal> {
    let (received, current) = (heartbeat.member_epoch, &member.current);
    let is_retry = received == current.previous_epoch
        && received < current.epoch
        && heartbeat.owned.as_deref().is_some_and(|owned| is_within(owned, &current.assigned));
    if received == JOIN_EPOCH || received == current.epoch || is_retry {
        return Ok(());
    }
    Err(Refusal::FencedMemberEpoch { received, known: current.epoch })
}

fn is_within(owned: &[TopicPartition], assigned: &Assignment) -> bool {
    owned.iter().all(|&partition| assigned.contains(partition))
}
