//! The registry's state: pure, changed by events alone.
//!
//! - a name belongs to at most one live topic, an id to at most one topic ever
//! - partitions only grow; confirmed ones are never more than there are
//! - a deleted topic is dying until its logs are known to be gone

use std::collections::BTreeMap;

use record::TopicId;

use super::event::{Event, Resource, TopicRecord};

/// A live topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicState {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many of them are known to have their logs.
    pub confirmed: i32,
    /// Its own settings.
    pub configs: BTreeMap<String, String>,
}

/// All topics, and what is configured besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryState {
    topics: BTreeMap<TopicId, TopicState>,
    names: BTreeMap<String, TopicId>,
    dying: BTreeMap<TopicId, i32>,
    next_producer_id: i64,
    /// Without those that have no configurations.
    resources: BTreeMap<Resource, BTreeMap<String, String>>,
}

/// What an event asks a shard to do with its logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Partitions from `first` on need logs.
    CreateLogs {
        /// The topic.
        topic: TopicId,
        /// The first new partition.
        first: i32,
        /// How many partitions there are now.
        partitions: i32,
    },
    /// The topic's settings changed.
    Reconfigure {
        /// The topic.
        topic: TopicId,
    },
    /// The topic's logs are to go.
    DeleteLogs {
        /// The topic.
        topic: TopicId,
        /// How many partitions it had.
        partitions: i32,
    },
    /// Nothing.
    None,
}

impl RegistryState {
    /// Applies an event. Events that contradict the state change nothing: a log that was written
    /// by this program has none, and one that was damaged is refused before it gets here.
    pub fn apply(&mut self, event: &Event) -> Effect {
        match event {
            Event::TopicCreated(record) => self.create(record),
            Event::PartitionsAdded { topic, partitions } => {
                self.add_partitions(TopicId(*topic), *partitions)
            }
            Event::ConfigsChanged { topic, configs } => {
                let topic = TopicId(*topic);
                let Some(found) = self.topics.get_mut(&topic) else { return Effect::None };
                found.configs = configs.iter().cloned().collect();
                Effect::Reconfigure { topic }
            }
            Event::TopicDeleted { topic } => self.delete(TopicId(*topic)),
            Event::Confirmed { topic, partitions } => {
                if let Some(found) = self.topics.get_mut(&TopicId(*topic)) {
                    found.confirmed = found.confirmed.max((*partitions).min(found.partitions));
                }
                Effect::None
            }
            Event::Gone { topic } => {
                self.dying.remove(&TopicId(*topic));
                Effect::None
            }
            Event::ProducerIds { next } => {
                self.next_producer_id = self.next_producer_id.max(*next);
                Effect::None
            }
            Event::ResourceConfigsChanged { resource, configs } => {
                self.configure(resource, configs);
                Effect::None
            }
            // Reading makes the other of it.
            Event::TopicsSnapshot { .. } => Effect::None,
            Event::Snapshot { topics, dying, next_producer_id, resources } => {
                *self = Self::default();
                for record in topics {
                    self.create(record);
                }
                self.dying = dying.iter().map(|(topic, count)| (TopicId(*topic), *count)).collect();
                self.next_producer_id = *next_producer_id;
                for (resource, configs) in resources {
                    self.configure(resource, configs);
                }
                Effect::None
            }
        }
    }

    fn create(&mut self, record: &TopicRecord) -> Effect {
        let topic = TopicId(record.topic);
        if self.names.contains_key(&record.name) || self.topics.contains_key(&topic) {
            return Effect::None;
        }
        let partitions = record.partitions;
        self.names.insert(record.name.clone(), topic);
        self.topics.insert(
            topic,
            TopicState {
                id: topic,
                name: record.name.clone(),
                partitions,
                confirmed: record.confirmed,
                configs: record.configs.iter().cloned().collect(),
            },
        );
        Effect::CreateLogs { topic, first: 0, partitions }
    }

    fn add_partitions(&mut self, topic: TopicId, partitions: i32) -> Effect {
        let Some(found) = self.topics.get_mut(&topic) else { return Effect::None };
        if partitions <= found.partitions {
            return Effect::None;
        }
        let first = std::mem::replace(&mut found.partitions, partitions);
        Effect::CreateLogs { topic, first, partitions }
    }

    fn delete(&mut self, topic: TopicId) -> Effect {
        let Some(found) = self.topics.remove(&topic) else { return Effect::None };
        self.names.remove(&found.name);
        self.dying.insert(topic, found.partitions);
        Effect::DeleteLogs { topic, partitions: found.partitions }
    }

    fn configure(&mut self, resource: &Resource, configs: &[(String, String)]) {
        if configs.is_empty() {
            self.resources.remove(resource);
        } else {
            self.resources.insert(resource.clone(), configs.iter().cloned().collect());
        }
    }

    /// Everything in one event, to start the log anew.
    pub fn snapshot(&self) -> Event {
        let record = |topic: &TopicState| TopicRecord {
            topic: topic.id.0,
            name: topic.name.clone(),
            partitions: topic.partitions,
            confirmed: topic.confirmed,
            configs: pairs(&topic.configs),
        };
        Event::Snapshot {
            topics: self.topics.values().map(record).collect(),
            dying: self.dying.iter().map(|(topic, count)| (topic.0, *count)).collect(),
            next_producer_id: self.next_producer_id,
            resources: self
                .resources
                .iter()
                .map(|(resource, configs)| (resource.clone(), pairs(configs)))
                .collect(),
        }
    }

    /// What is configured of something that is no topic.
    pub fn configs_of(&self, resource: &Resource) -> impl Iterator<Item = (&str, &str)> {
        let configs = self.resources.get(resource).into_iter().flatten();
        configs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many things that are no topics have configurations.
    pub fn resource_count(&self) -> usize {
        self.resources.len()
    }

    /// A live topic by id.
    pub fn topic(&self, id: TopicId) -> Option<&TopicState> {
        self.topics.get(&id)
    }

    /// A live topic by name.
    pub fn named(&self, name: &str) -> Option<&TopicState> {
        self.topics.get(self.names.get(name)?)
    }

    /// A live topic whose metrics would be mixed up with those of `name`: Kafka refuses names
    /// that differ only in `.` and `_`.
    pub fn colliding(&self, name: &str) -> Option<&TopicState> {
        if !name.contains(['.', '_']) {
            return None;
        }
        let folded = name.replace('.', "_");
        let found = self.names.iter().find(|(other, _)| other.replace('.', "_") == folded);
        found.and_then(|(_, id)| self.topics.get(id))
    }

    /// All live topics, by id.
    pub fn topics(&self) -> impl Iterator<Item = &TopicState> {
        self.topics.values()
    }

    /// Deleted topics whose logs may still be there, with how many partitions they had.
    pub fn dying(&self) -> impl Iterator<Item = (TopicId, i32)> {
        self.dying.iter().map(|(topic, partitions)| (*topic, *partitions))
    }

    /// The first producer id that was never given out.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// All partitions of all live topics.
    pub fn partition_count(&self) -> i64 {
        self.topics.values().map(|topic| i64::from(topic.partitions)).sum()
    }
}

/// Configurations as events carry them.
fn pairs(configs: &BTreeMap<String, String>) -> Vec<(String, String)> {
    configs.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(byte: u8, name: &str, partitions: i32) -> Event {
        Event::TopicCreated(TopicRecord {
            topic: [byte; 16],
            name: name.into(),
            partitions,
            confirmed: 0,
            configs: Vec::new(),
        })
    }

    #[test]
    fn a_name_is_free_again_after_its_topic_was_deleted() {
        let mut state = RegistryState::default();
        let topic = TopicId([1; 16]);
        let effect = state.apply(&created(1, "a", 3));
        assert_eq!(effect, Effect::CreateLogs { topic, first: 0, partitions: 3 });
        assert_eq!(state.apply(&created(2, "a", 3)), Effect::None, "the name is taken");
        let effect = state.apply(&Event::TopicDeleted { topic: [1; 16] });
        assert_eq!(effect, Effect::DeleteLogs { topic, partitions: 3 });
        assert_eq!(state.dying().collect::<Vec<_>>(), [(topic, 3)]);
        state.apply(&created(3, "a", 1));
        assert_eq!(state.named("a").unwrap().id, TopicId([3; 16]));
        state.apply(&Event::Gone { topic: [1; 16] });
        assert_eq!(state.dying().count(), 0);
    }

    #[test]
    fn partitions_grow_and_are_confirmed_up_to_what_there_is() {
        let mut state = RegistryState::default();
        state.apply(&created(1, "a", 3));
        let add = |partitions| Event::PartitionsAdded { topic: [1; 16], partitions };
        let topic = TopicId([1; 16]);
        assert_eq!(state.apply(&add(2)), Effect::None);
        assert_eq!(state.apply(&add(5)), Effect::CreateLogs { topic, first: 3, partitions: 5 });
        state.apply(&Event::Confirmed { topic: [1; 16], partitions: 9 });
        assert_eq!(state.topic(topic).unwrap().confirmed, 5);
        assert_eq!(state.partition_count(), 5);
    }

    fn configured(resource: Resource, configs: &[(&str, &str)]) -> Event {
        let configs = configs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Event::ResourceConfigsChanged { resource, configs: configs.collect() }
    }

    #[test]
    fn what_has_no_configurations_any_more_is_forgotten() {
        let mut state = RegistryState::default();
        let group = Resource::Group("g".into());
        state.apply(&configured(group.clone(), &[("a", "1")]));
        state.apply(&configured(Resource::Broker(1), &[("b", "2")]));
        state.apply(&configured(group.clone(), &[("a", "3")]));
        assert_eq!(state.configs_of(&group).collect::<Vec<_>>(), [("a", "3")]);
        state.apply(&configured(group.clone(), &[]));
        assert_eq!((state.configs_of(&group).count(), state.resource_count()), (0, 1));
        assert_eq!(state.configs_of(&Resource::Brokers).count(), 0);
    }

    #[test]
    fn a_snapshot_is_the_state() {
        let mut state = RegistryState::default();
        state.apply(&created(1, "a", 3));
        state.apply(&created(2, "b.c", 1));
        state.apply(&Event::TopicDeleted { topic: [1; 16] });
        state.apply(&Event::ProducerIds { next: 2000 });
        state.apply(&configured(Resource::Brokers, &[("a", "1")]));
        state.apply(&configured(Resource::Group("g".into()), &[("b", "2"), ("c", "3")]));
        let mut again = RegistryState::default();
        again.apply(&created(9, "z", 1));
        again.apply(&state.snapshot());
        assert_eq!(again, state);
        assert_eq!(again.colliding("b_c").unwrap().name, "b.c");
        assert!(again.colliding("bc").is_none());
    }
}
