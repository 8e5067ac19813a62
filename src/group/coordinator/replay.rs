//! A coordinator from the records of its partition, in their order.

use std::sync::Arc;

use super::entry::{Entry, Members};
use super::request::Timing;
use super::state::Coordinator;
use crate::group::classic::{ClassicGroup, Now};
use crate::group::consumer::{ConsumerGroup, Topics};
use crate::group::effects::{Effects, GroupRecord};
use crate::group::id::GroupId;
use crate::group::log::GroupLogRecord;

impl Coordinator {
    /// Takes a record of the log; `now` is when sessions begin. Once all were taken, call
    /// [`Coordinator::start`].
    pub fn replay(&mut self, now: Now, record: GroupLogRecord) {
        let id = record.group().clone();
        let entry = self.groups.entry(id.clone()).or_insert_with(|| Entry::new(id.clone()));
        match record {
            GroupLogRecord::OffsetCommit { key, value } => entry.offsets.replay(key, value),
            GroupLogRecord::GroupMetadata { value: Some(value), .. } => {
                let config = Arc::clone(&self.settings.classic);
                let group = ClassicGroup::load(now, id, value, config);
                entry.members = Members::Classic(Box::new(group));
            }
            GroupLogRecord::GroupMetadata { value: None, .. } => {
                if let Members::Classic(_) = entry.members {
                    entry.members = Members::None;
                }
            }
            GroupLogRecord::ConsumerGroupMetadata { value: None, .. } => {
                if let Members::Consumer(_) = entry.members {
                    entry.members = Members::None;
                }
            }
            other => {
                let is_consumer = matches!(entry.members, Members::Consumer(_));
                if !is_consumer && other.is_tombstone() {
                    return;
                }
                if !is_consumer {
                    let group = ConsumerGroup::new(id, self.settings.consumer.clone());
                    entry.members = Members::Consumer(Box::new(group));
                }
                if let Members::Consumer(group) = &mut entry.members {
                    group.replay(other);
                }
            }
        }
    }

    /// Begins to serve what was replayed. Offsets of topics that are gone, and the topics that
    /// consumer groups read, are looked at: topics may have changed since the last record.
    pub fn start(
        &mut self,
        now: Now,
        topics: &dyn Topics,
        timing: impl Fn(&GroupId) -> Timing,
    ) -> Vec<GroupRecord> {
        let ids: Vec<GroupId> = self.groups.keys().cloned().collect();
        let mut records = Vec::new();
        for id in &ids {
            self.time(id, timing(id));
            if let Some(entry) = self.groups.get_mut(id) {
                if let Members::Consumer(group) = &mut entry.members {
                    group.start(now.monotonic);
                }
                let is_there = |name: &str, id| topics.topic(name).is_some_and(|it| it.id == id);
                records.extend(entry.offsets.delete_missing(is_there));
            }
            self.schedule(id);
            self.forget_if_gone(id);
        }
        let Effects { records: changes, .. } = self.topics_changed(now, topics);
        records.extend(changes);
        records
    }
}
