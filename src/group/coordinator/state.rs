//! `Coordinator`: the groups of one partition, and their deadlines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, Members};
use super::request::{Answer, Request};
use crate::group::classic::{self, ClassicConfig, Now};
use crate::group::consumer::{self, Topics};
use crate::group::effects::Effects;
use crate::group::id::GroupId;
use crate::group::offsets::OffsetsConfig;

/// What is the same for all groups.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For classic groups.
    pub classic: Arc<ClassicConfig>,
    /// For consumer groups.
    pub consumer: consumer::Settings,
    /// Whether a classic group may become a consumer group while members are in it
    /// (`group.consumer.migration.policy`).
    pub upgrades: bool,
    /// Whether a consumer group may become a classic one.
    pub downgrades: bool,
    /// For offsets.
    pub offsets: OffsetsConfig,
    /// How often offsets that are too old are looked for.
    pub offsets_check_interval: Duration,
    /// Groups at most.
    pub groups_max: usize,
}

/// The groups of one partition.
#[derive(Debug)]
pub struct Coordinator {
    pub(super) settings: Settings,
    pub(super) groups: BTreeMap<GroupId, Entry>,
    deadlines: BTreeSet<(Duration, GroupId)>,
    pub(super) next_check: Option<Duration>,
}

impl Coordinator {
    /// One without groups.
    pub fn new(settings: Settings) -> Self {
        Self { settings, groups: BTreeMap::new(), deadlines: BTreeSet::new(), next_check: None }
    }

    /// What follows from a request.
    pub fn apply(&mut self, now: Now, request: Request, topics: &dyn Topics) -> Effects<Answer> {
        match request {
            Request::Classic(group, event) => self.classic(now, group, *event, topics),
            Request::Heartbeat(ticket, group, heartbeat, timing) => {
                self.heartbeat(now, ticket, &group, (*heartbeat, timing), topics)
            }
            Request::CommitOffsets(ticket, commit) => self.commit_offsets(now, ticket, commit),
            Request::FetchOffsets(ticket, fetch) => {
                Effects::answer(ticket, Answer::FetchOffsets(self.fetch_offsets(&fetch)))
            }
            Request::DeleteOffsets(ticket, delete) => self.delete_offsets(ticket, &delete),
            Request::DescribeClassic(ticket, group) => {
                Effects::answer(ticket, Answer::DescribeClassic(self.describe_classic(&group)))
            }
            Request::DescribeConsumer(ticket, group) => {
                Effects::answer(ticket, Answer::DescribeConsumer(self.describe_consumer(&group)))
            }
            Request::List(ticket) => Effects::answer(ticket, Answer::List(self.list())),
            Request::Delete(ticket, group) => self.delete(now, ticket, &group),
            Request::TopicDeleted(name, id) => self.topic_deleted(&name, id),
            Request::TopicsChanged => self.topics_changed(now, topics),
        }
    }

    /// What follows from the time that has passed.
    pub fn tick(&mut self, now: Now, topics: &dyn Topics) -> Effects<Answer> {
        let mut effects = Effects::default();
        while let Some((due, group)) = self.deadlines.first().cloned()
            && due <= now.monotonic
        {
            self.deadlines.pop_first();
            if let Some(entry) = self.groups.get_mut(&group) {
                entry.due = None;
                let is_due = entry.deadline().is_some_and(|deadline| deadline <= now.monotonic);
                if is_due {
                    absorb(&mut effects, tick(&mut entry.members, now, topics));
                    absorb(&mut effects, self.downgrade_if_classic(now, &group, topics));
                }
            }
            self.schedule(&group);
        }
        if self.next_check.is_none_or(|at| at <= now.monotonic) {
            self.next_check = Some(now.monotonic + self.settings.offsets_check_interval);
            self.expire_offsets(now, &mut effects);
        }
        effects
    }

    /// When to call [`Coordinator::tick`] next, on the monotonic clock.
    pub fn deadline(&self) -> Option<Duration> {
        let first = self.deadlines.first().map(|(due, _)| *due);
        [first, self.next_check].into_iter().flatten().min()
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Another takes over: all who wait are told.
    pub fn unload(&mut self, now: Now) -> Effects<Answer> {
        let mut effects = Effects::default();
        for entry in self.groups.values_mut() {
            if let Members::Classic(group) = &mut entry.members {
                absorb(&mut effects, wrap(group.apply(now, classic::Event::Unload)));
            }
        }
        effects
    }

    /// Keeps the order of deadlines: a group's may move back without being looked at, for it is
    /// looked at no later than it was to be.
    pub(super) fn schedule(&mut self, group: &GroupId) {
        let Some(entry) = self.groups.get_mut(group) else { return };
        let deadline = entry.deadline();
        let is_soon_enough = match (entry.due, deadline) {
            (Some(due), Some(deadline)) => due <= deadline,
            (_, None) => true,
            (None, Some(_)) => false,
        };
        if is_soon_enough {
            return;
        }
        if let Some(due) = entry.due.take() {
            self.deadlines.remove(&(due, group.clone()));
        }
        if let Some(deadline) = deadline {
            entry.due = Some(deadline);
            self.deadlines.insert((deadline, group.clone()));
        }
    }

    /// Forgets a group of which nothing is left.
    pub(super) fn forget_if_gone(&mut self, group: &GroupId) {
        if self.groups.get(group).is_some_and(Entry::is_gone)
            && let Some(due) = self.groups.remove(group).and_then(|entry| entry.due)
        {
            self.deadlines.remove(&(due, group.clone()));
        }
    }

    /// The group's entry, made if there may be one more.
    pub(super) fn entry(&mut self, group: &GroupId) -> Option<&mut Entry> {
        if !self.groups.contains_key(group) && self.groups.len() >= self.settings.groups_max {
            return None;
        }
        let made = || Entry::new(group.clone());
        Some(self.groups.entry(group.clone()).or_insert_with(made))
    }
}

fn tick(members: &mut Members, now: Now, topics: &dyn Topics) -> Effects<Answer> {
    match members {
        Members::None => Effects::default(),
        Members::Classic(group) => wrap(group.apply(now, classic::Event::Tick)),
        Members::Consumer(group) => {
            let effects = group.apply(now.monotonic, consumer::Event::Tick, topics);
            Effects { records: effects.records, answers: Vec::new() }
        }
    }
}

/// The same, as the coordinator answers it.
pub(super) fn wrap(effects: Effects<classic::Answer>) -> Effects<Answer> {
    let answers = effects.answers.into_iter();
    let answers = answers.map(|(ticket, answer)| (ticket, Answer::Classic(answer))).collect();
    Effects { records: effects.records, answers }
}

pub(super) fn absorb(all: &mut Effects<Answer>, some: Effects<Answer>) {
    all.records.extend(some.records);
    all.answers.extend(some.answers);
}
