//! What groups see of the topics of a shard.

use std::cell::Ref;

use crate::broker::topics::Topics;
use crate::group::consumer;
use crate::shard::Shard;

/// The topics at one moment; nothing may change them while it lives.
pub(super) struct View<'a> {
    topics: Ref<'a, Topics>,
    version: i64,
}

impl<'a> View<'a> {
    pub(super) fn of(shard: &'a Shard) -> Self {
        Self { topics: shard.topics.borrow(), version: shard.groups.topic_changes.get() }
    }
}

impl consumer::Topics for View<'_> {
    fn version(&self) -> i64 {
        self.version
    }

    fn topic(&self, name: &str) -> Option<consumer::Topic> {
        let topic = self.topics.named(name)?;
        Some(consumer::Topic { id: topic.id, partitions: topic.partition_count() })
    }

    fn each_name(&self, visit: &mut dyn FnMut(&str)) {
        self.topics.each_name(visit);
    }
}
