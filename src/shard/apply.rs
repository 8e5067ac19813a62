//! Applying the registry's events on a shard: topics appear with their logs, change, and go.

use std::rc::Rc;
use std::time::Duration;

use record::{LeaderEpoch, PartitionIndex, TopicId, TopicPartition};
use storage::log::{Log, LogStatus};

use super::Shard;
use crate::broker::topics::{Partition, Topic};
use crate::registry::event::{Event, Resource, TopicRecord};
use crate::topic_config::{Effective, Overrides};

/// Logs created at once.
const CREATE_CHUNK: usize = 1_000;

impl Shard {
    /// Applies an event that is durable in the registry. When it resolves, this shard serves what
    /// the event says, and what it asked of this shard's logs is durable.
    pub async fn apply(self: &Rc<Self>, event: &Event) -> Result<(), String> {
        match event {
            Event::TopicCreated(record) => {
                self.add_topic(record, 0).await?;
                self.topics_changed(None);
                Ok(())
            }
            Event::PartitionsAdded { topic, partitions } => {
                let found = self.topics.borrow().with_id(TopicId(*topic)).cloned();
                let Some(topic) = found else { return Ok(()) };
                self.add_partitions(&topic, *partitions, 0).await?;
                self.topics_changed(None);
                Ok(())
            }
            Event::ConfigsChanged { topic, configs } => {
                if let Some(topic) = self.topics.borrow().with_id(TopicId(*topic)) {
                    let (overrides, effective) = self.configured(&topic.name, configs);
                    topic.reconfigure(overrides, effective);
                }
                Ok(())
            }
            Event::TopicDeleted { topic } => self.remove_topic(TopicId(*topic)).await,
            Event::ResourceConfigsChanged { resource, configs } => {
                self.configure(resource, configs).await;
                Ok(())
            }
            Event::Snapshot { topics, dying, resources, .. } => {
                for (resource, configs) in resources {
                    self.configure(resource, configs).await;
                }
                for record in topics {
                    self.add_topic(record, record.confirmed).await?;
                }
                for (topic, partitions) in dying {
                    self.bury(TopicId(*topic), *partitions).await?;
                }
                Ok(())
            }
            Event::Confirmed { .. }
            | Event::Gone { .. }
            | Event::ProducerIds { .. }
            | Event::TopicsSnapshot { .. } => Ok(()),
        }
    }

    /// A topic's configurations; what this version does not understand any more is left out.
    fn configured(&self, name: &str, configs: &[(String, String)]) -> (Overrides, Effective) {
        let stored = configs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let (overrides, errors) = Overrides::restore(stored);
        for error in errors {
            tracing::warn!(topic = name, %error, "a topic's configuration was left out");
        }
        let effective = Effective::new(&self.dynamic.config().settings, &overrides);
        (overrides, effective)
    }

    /// Takes over what is configured of brokers and groups. Topics follow the broker's settings
    /// where they have none of their own.
    async fn configure(&self, resource: &Resource, configs: &[(String, String)]) {
        let replaced = self.dynamic.replace(resource, configs);
        for error in replaced.errors {
            tracing::warn!(?resource, %error, "a dynamic configuration was left out");
        }
        if !replaced.settings_changed {
            return;
        }
        self.limit_compaction();
        let topics = self.topics.borrow().all();
        for topic in topics {
            let overrides = topic.overrides.borrow().clone();
            let effective = Effective::new(&self.dynamic.config().settings, &overrides);
            topic.reconfigure(overrides, effective);
            self.runtime.yield_if_needed().await;
        }
    }

    /// Adds a topic, of which the first `confirmed` partitions must have their logs already.
    async fn add_topic(
        self: &Rc<Self>,
        record: &TopicRecord,
        confirmed: i32,
    ) -> Result<(), String> {
        let id = TopicId(record.topic);
        if self.topics.borrow().with_id(id).is_some() {
            return Ok(());
        }
        let (overrides, effective) = self.configured(&record.name, &record.configs);
        let topic = Rc::new(Topic::new(id, &record.name, overrides, effective));
        self.add_partitions(&topic, record.partitions, confirmed).await?;
        self.topics.borrow_mut().insert(topic);
        Ok(())
    }

    async fn add_partitions(
        self: &Rc<Self>,
        topic: &Rc<Topic>,
        partitions: i32,
        confirmed: i32,
    ) -> Result<(), String> {
        let config = topic.effective.get().log_config();
        let range = topic.partition_count()..partitions;
        let own: Vec<TopicPartition> = range
            .clone()
            .map(|partition| topic.log_id(PartitionIndex(partition)))
            .filter(|log| self.owns(*log))
            .collect();
        let missing: Vec<_> = own
            .iter()
            .filter(|log| log.partition.0 >= confirmed)
            .map(|log| (*log, config))
            .collect();
        for chunk in missing.chunks(CREATE_CHUNK) {
            let created = self.store.create_logs(chunk, LeaderEpoch::FIRST).await;
            created.map_err(|error| error.to_string())?;
        }
        for partition in range {
            let id = topic.log_id(PartitionIndex(partition));
            let log = self.owns(id).then(|| self.log_or_lost(id));
            if let Some(log) = &log {
                log.set_config(config);
            }
            topic.add_partition(Partition { owner: self.owner(id), log });
        }
        Ok(())
    }

    /// A log that must be there. One that neither checkpoint nor journal knows was lost: it is
    /// refused, and nothing is put in its place.
    fn log_or_lost(&self, id: TopicPartition) -> Rc<Log> {
        self.store.log(id).unwrap_or_else(|| {
            let reason = "it was created, but neither checkpoint nor journal knows it";
            tracing::error!(log = %id, reason, "partition lost");
            let state = storage::log::state::LogState::new(id, LeaderEpoch::FIRST);
            let status = LogStatus::Offline { reason: reason.to_owned() };
            Rc::new(Log::new(state, storage::config::LogConfig::default(), status))
        })
    }

    /// Deletes a topic's logs here. Their files follow in the background.
    async fn remove_topic(self: &Rc<Self>, id: TopicId) -> Result<(), String> {
        let topic = self.topics.borrow_mut().remove(id);
        let Some(topic) = topic else { return Ok(()) };
        self.topics_changed(Some(&topic));
        self.bury(id, topic.partition_count()).await
    }

    async fn bury(self: &Rc<Self>, id: TopicId, partitions: i32) -> Result<(), String> {
        for partition in (0..partitions).map(PartitionIndex) {
            let id = TopicPartition { topic: id, partition };
            if let Some(log) = self.store.log(id) {
                self.store.delete_log(&log).await.map_err(|error| error.to_string())?;
                self.remove_files_later(log);
            }
            self.runtime.yield_if_needed().await;
        }
        Ok(())
    }

    fn remove_files_later(self: &Rc<Self>, log: Rc<Log>) {
        let (store, runtime) = (self.store.clone(), self.runtime.clone());
        let delay = Duration::from_millis(log.config().file_delete_delay_ms);
        let task = self.runtime.spawn(async move {
            // Readers that have the files open read on; new ones are refused already.
            runtime.sleep(delay).await;
            if let Err(error) = store.remove_files(&log).await {
                tracing::warn!(log = %log.id(), %error, "files of a deleted partition remain");
            }
        });
        task.detach();
    }
}
