//! The target assignment of a group's epoch: what each member is meant to get.

use std::collections::BTreeMap;

use super::assignor::{Assignor, Extent, Subscriber};
use super::change::Change;
use super::member::Metadata;
use super::state::ConsumerGroup;
use super::topics::Topics;
use crate::group::effects::GroupRecord;
use crate::group::id::InstanceId;

impl ConsumerGroup {
    /// The assignor that most members ask for, of those that can be had; the first of these if
    /// nobody asks, the one whose name comes first if several have most.
    pub fn assignor(&self) -> Assignor {
        let mut votes = BTreeMap::<Assignor, usize>::new();
        for assignor in self.members.values().filter_map(|member| member.metadata.assignor) {
            if self.settings.assignors.contains(&assignor) {
                *votes.entry(assignor).or_default() += 1;
            }
        }
        let most = votes.values().copied().max();
        let favourite = votes.into_iter().filter(|&(_, count)| Some(count) == most);
        let favourite = favourite.map(|(assignor, _)| assignor).min_by_key(|it| it.name());
        favourite.or(self.settings.assignors.first().copied()).unwrap_or(Assignor::Uniform)
    }

    /// Brings the target up to the group's epoch.
    pub(super) fn assign(&mut self, topics: &dyn Topics, log: &mut Vec<GroupRecord>) {
        let mut places = BTreeMap::new();
        let mut extents = Vec::new();
        for name in self.all_names() {
            if let Some(topic) = topics.topic(name) {
                places.insert(name, extents.len());
                let partitions = usize::try_from(topic.partitions).unwrap_or(0);
                extents.push(Extent { id: topic.id, partitions });
            }
        }
        let mut subscribers: Vec<Subscriber<'_>> = Vec::with_capacity(self.members.len());
        let mut before: Option<&Metadata> = None;
        for (id, member) in &self.members {
            let metadata = &*member.metadata;
            let same = before.filter(|before| before.subscribes_like(metadata));
            let topics = if let (Some(_), Some(last)) = (same, subscribers.last()) {
                last.topics.clone()
            } else {
                let found = self.names(metadata).filter_map(|name| places.get(name).copied());
                let mut found: Vec<_> = found.collect();
                found.sort_unstable();
                found.dedup();
                found
            };
            before = Some(metadata);
            let instance = metadata.instance_id.as_ref().map(InstanceId::as_str);
            let rank = (instance.is_none(), instance.unwrap_or(id.as_str()));
            subscribers.push(Subscriber { rank, topics, previous: &member.target });
        }
        let targets = self.assignor().assign(&subscribers, &extents);
        let changed: Vec<_> = self
            .members
            .iter()
            .zip(targets)
            .filter(|((_, member), target)| member.target != *target)
            .map(|((id, _), target)| (id.clone(), target))
            .collect();
        for (id, target) in changed {
            self.change(Change::Target(id, Some(target)), log);
        }
        self.change(Change::TargetEpoch(Some(self.epoch)), log);
    }
}
