//! What one shard knows of all topics: names, settings, and the logs that are its own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use record::{LeaderEpoch, PartitionIndex, ShardId, TopicId, TopicPartition};
use runtime::hash::FixedMap;
use storage::log::Log;

use crate::topic_config::{Effective, Overrides};

/// Topics that belong to the broker itself.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// Whether a topic belongs to the broker itself: clients see it marked as such, so that
/// subscriptions by pattern leave it out; asking for it does not make it, and they do not write to
/// it (Kafka's `Topic.isInternal`).
pub fn is_internal(topic: &str) -> bool {
    // Cheap for all the others: this is asked with each produce.
    topic.starts_with("__") && INTERNAL.contains(&topic)
}

/// A live topic.
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: Rc<str>,
    /// Its own configurations.
    pub overrides: RefCell<Overrides>,
    /// What they amount to, over the broker's settings.
    pub effective: Cell<Effective>,
    partitions: RefCell<Vec<Partition>>,
}

/// One partition of a topic.
#[derive(Clone)]
pub struct Partition {
    /// Whose it is.
    pub owner: ShardId,
    /// Its log, on its owner.
    pub log: Option<Rc<Log>>,
}

impl Topic {
    /// A topic without partitions yet.
    pub fn new(id: TopicId, name: &str, overrides: Overrides, effective: Effective) -> Self {
        Self {
            id,
            name: name.into(),
            overrides: RefCell::new(overrides),
            effective: Cell::new(effective),
            partitions: RefCell::default(),
        }
    }

    /// Whether it belongs to the broker itself.
    pub fn is_internal(&self) -> bool {
        is_internal(&self.name)
    }

    /// How many partitions it has.
    pub fn partition_count(&self) -> i32 {
        i32::try_from(self.partitions.borrow().len()).expect("partitions are counted in i32")
    }

    /// One of them.
    pub fn partition(&self, index: PartitionIndex) -> Option<Partition> {
        self.partitions.borrow().get(usize::try_from(index.0).ok()?).cloned()
    }

    /// The name of a partition's log.
    pub fn log_id(&self, partition: PartitionIndex) -> TopicPartition {
        TopicPartition { topic: self.id, partition }
    }

    /// Adds the next partition.
    pub fn add_partition(&self, partition: Partition) {
        self.partitions.borrow_mut().push(partition);
    }

    /// Gives the topic other configurations, and its logs here what follows for them.
    pub fn reconfigure(&self, overrides: Overrides, effective: Effective) {
        *self.overrides.borrow_mut() = overrides;
        self.effective.set(effective);
        self.own_logs().iter().for_each(|log| log.set_config(effective.log_config()));
    }

    /// The logs that this shard owns.
    pub fn own_logs(&self) -> Vec<Rc<Log>> {
        self.partitions.borrow().iter().filter_map(|partition| partition.log.clone()).collect()
    }

    /// The epoch that clients are told for a partition; that of its log, where it is known.
    pub fn leader_epoch(&self, index: PartitionIndex) -> LeaderEpoch {
        let partition = self.partition(index).and_then(|partition| partition.log);
        partition.map_or(LeaderEpoch::NONE, |log| log.state().leader_epoch)
    }
}

/// All live topics.
#[derive(Default)]
pub struct Topics {
    by_name: FixedMap<Rc<str>, Rc<Topic>>,
    by_id: FixedMap<TopicId, Rc<Topic>>,
}

impl Topics {
    /// A topic by name.
    pub fn named(&self, name: &str) -> Option<&Rc<Topic>> {
        self.by_name.get(name)
    }

    /// A topic by id.
    pub fn with_id(&self, id: TopicId) -> Option<&Rc<Topic>> {
        self.by_id.get(&id)
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<Rc<Topic>> {
        let mut all: Vec<_> = self.by_id.values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Visits the name of each, in no particular order.
    pub fn each_name(&self, visit: &mut dyn FnMut(&str)) {
        self.by_name.keys().for_each(|name| visit(name));
    }

    /// Adds a topic.
    pub fn insert(&mut self, topic: Rc<Topic>) {
        self.by_name.insert(Rc::clone(&topic.name), Rc::clone(&topic));
        self.by_id.insert(topic.id, topic);
    }

    /// Takes a topic out.
    pub fn remove(&mut self, id: TopicId) -> Option<Rc<Topic>> {
        let topic = self.by_id.remove(&id)?;
        self.by_name.remove(&topic.name);
        Some(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_topics_of_the_broker_are_internal() {
        assert!(INTERNAL.into_iter().all(is_internal));
        for topic in ["", "_", "__", "__consumer_offset", "__consumer_offsets2", "consumer_offsets"]
        {
            assert!(!is_internal(topic), "{topic}");
        }
    }
}
