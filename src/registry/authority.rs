//! The registry's authority on shard 0: commands one after the other, each checked, made durable,
//! applied by every shard, and then answered.

use std::rc::Rc;

use record::{PartitionIndex, ShardId, TopicId, TopicPartition};
use runtime::local::{Promise, Queue, promise};

use super::alteration;
use super::command::{
    Alteration, Command, CommandError, NewTopic, Outcome, TopicName, check_topic_name,
};
use super::event::{Event, Resource, TopicRecord};
use super::log::RegistryLog;
use super::state::TopicState;
use crate::shard::Shard;
use crate::shard::message::{Reply, Request};
use crate::shard::router;
use crate::topic_config::{Overrides, TopicConfigError};

/// Commands that may wait.
const QUEUE: usize = 1024;
/// Producer ids given out at once.
const PRODUCER_ID_BLOCK: i64 = 1_000;
/// The most partitions of one topic.
const PARTITIONS_PER_TOPIC_MAX: i32 = 100_000;

type Asked = (Command, Promise<Result<Outcome, CommandError>>);

/// The way to the authority, for shard 0's own requests and those of the mesh.
#[derive(Clone)]
pub struct AuthorityHandle(Rc<Queue<Asked>>);

impl Default for AuthorityHandle {
    fn default() -> Self {
        Self(Rc::new(Queue::new(QUEUE)))
    }
}

impl AuthorityHandle {
    /// Executes a command. Durable and visible on every shard when it resolves.
    pub async fn execute(&self, command: Command) -> Result<Outcome, CommandError> {
        let stopping = || CommandError::Unavailable("the broker is stopping".into());
        let (kept, waiting) = promise();
        self.0.push((command, kept)).await.map_err(|_| stopping())?;
        waiting.await.map_err(|_| stopping())?
    }

    /// Takes no more commands; those that wait are still executed.
    pub fn close(&self) {
        self.0.close();
    }
}

/// The authority itself.
pub struct Authority {
    shard: Rc<Shard>,
    log: RegistryLog,
    /// Partitions on each shard.
    counts: Vec<i64>,
}

impl Authority {
    /// Takes over a log that was read, on shard 0.
    pub fn new(shard: Rc<Shard>, log: RegistryLog) -> Self {
        let mut counts = vec![0; usize::from(shard.shards)];
        for topic in log.state.topics() {
            count(&mut counts, shard.shards, topic.id, 0..topic.partitions, 1);
        }
        Self { shard, log, counts }
    }

    /// Finishes what a crash interrupted, then executes commands until the handle is closed.
    pub async fn run(mut self, handle: AuthorityHandle) {
        if let Err(error) = self.finish_interrupted().await {
            tracing::error!(%error, "interrupted topic changes were not finished");
        }
        while let Ok((command, kept)) = handle.0.pop().await {
            let (result, confirmation) = match self.execute(command).await {
                Ok((outcome, confirmation)) => (Ok(outcome), confirmation),
                Err(error) => (Err(error), None),
            };
            kept.keep(result);
            if let Some(event) = confirmation
                && let Err(error) = self.log.append(&event).await
            {
                tracing::error!(%error, "a topic change was not confirmed");
            }
        }
    }

    /// Creations and deletions that were not confirmed are repeated: each shard did what the
    /// state says when it started, so they are known to be done now.
    async fn finish_interrupted(&mut self) -> Result<(), CommandError> {
        let topics = self.log.state.topics();
        let mut events: Vec<Event> = topics
            .filter(|topic| topic.confirmed < topic.partitions)
            .map(|topic| Event::Confirmed { topic: topic.id.0, partitions: topic.partitions })
            .collect();
        let dying: Vec<TopicId> = self.log.state.dying().map(|(topic, _)| topic).collect();
        events.extend(dying.into_iter().map(|topic| Event::Gone { topic: topic.0 }));
        for event in events {
            self.append(&event).await?;
        }
        Ok(())
    }

    async fn execute(
        &mut self,
        command: Command,
    ) -> Result<(Outcome, Option<Event>), CommandError> {
        match command {
            Command::CreateTopic(topic) => self.create_topic(topic).await,
            Command::DeleteTopic { topic } => self.delete_topic(topic).await,
            Command::CreatePartitions { name, partitions, validate_only } => {
                self.create_partitions(&name, partitions, validate_only).await
            }
            Command::AlterConfigs { name, alteration, validate_only } => {
                self.alter_configs(&name, &alteration, validate_only).await
            }
            Command::AlterResource { resource, alteration, validate_only } => {
                self.alter_resource(resource, &alteration, validate_only).await
            }
            Command::ProducerIds => self.producer_ids().await,
        }
    }

    async fn create_topic(
        &mut self,
        new: NewTopic,
    ) -> Result<(Outcome, Option<Event>), CommandError> {
        if let Some(existing) = self.log.state.named(&new.name) {
            if new.automatic {
                return Ok((outcome(existing), None));
            }
            return Err(CommandError::TopicExists { name: new.name });
        }
        check_topic_name(&new.name)?;
        if let Some(other) = self.log.state.colliding(&new.name) {
            let (name, other) = (&new.name, &other.name);
            return Err(CommandError::InvalidName(format!(
                "Topic '{name}' collides with existing topic: {other}"
            )));
        }
        let config = self.shard.dynamic.config();
        let default = i32::try_from(config.settings.num_partitions).unwrap_or(i32::MAX);
        let partitions = new.partitions.unwrap_or(default);
        if partitions < 1 {
            let text = "Number of partitions was set to an invalid non-positive value.";
            return Err(CommandError::InvalidPartitions(text.into()));
        }
        let given = new.configs.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        let overrides = Overrides::create(given, &config).map_err(invalid)?;
        let mut id = [0; 16];
        runtime::fill_random(&mut id);
        self.check_room(TopicId(id), 0..partitions)?;
        let record = TopicRecord {
            topic: id,
            name: new.name,
            partitions,
            confirmed: 0,
            configs: pairs(&overrides),
        };
        if new.validate_only {
            let configs = record.configs.into_iter().collect();
            let (id, name) = (TopicId(id), record.name);
            return Ok((Outcome::Topic { id, name, partitions, configs }, None));
        }
        self.publish(Event::TopicCreated(record)).await?;
        count(&mut self.counts, self.shard.shards, TopicId(id), 0..partitions, 1);
        let topic = self.log.state.topic(TopicId(id)).expect("it was just created");
        Ok((outcome(topic), Some(Event::Confirmed { topic: id, partitions })))
    }

    async fn delete_topic(
        &mut self,
        name: TopicName,
    ) -> Result<(Outcome, Option<Event>), CommandError> {
        let topic = match &name {
            TopicName::Name(name) => {
                self.log.state.named(name).ok_or(CommandError::UnknownTopic)?
            }
            TopicName::Id(id) => self.log.state.topic(*id).ok_or(CommandError::UnknownTopicId)?,
        };
        let (id, partitions, result) = (topic.id, topic.partitions, outcome(topic));
        self.publish(Event::TopicDeleted { topic: id.0 }).await?;
        count(&mut self.counts, self.shard.shards, id, 0..partitions, -1);
        Ok((result, Some(Event::Gone { topic: id.0 })))
    }

    async fn create_partitions(
        &mut self,
        name: &str,
        partitions: i32,
        validate_only: bool,
    ) -> Result<(Outcome, Option<Event>), CommandError> {
        let topic = self.log.state.named(name).ok_or(CommandError::UnknownTopic)?.clone();
        let now = topic.partitions;
        if partitions <= now {
            return Err(CommandError::InvalidPartitions(if partitions == now {
                format!("Topic already has {now} partition(s).")
            } else {
                format!(
                    "The topic {name} currently has {now} partition(s); {partitions} would not be \
                     an increase."
                )
            }));
        }
        self.check_room(topic.id, now..partitions)?;
        if validate_only {
            return Ok((outcome(&TopicState { partitions, ..topic }), None));
        }
        let event = Event::PartitionsAdded { topic: topic.id.0, partitions };
        self.publish(event).await?;
        count(&mut self.counts, self.shard.shards, topic.id, now..partitions, 1);
        let confirmed = Event::Confirmed { topic: topic.id.0, partitions };
        Ok((outcome(&TopicState { partitions, ..topic }), Some(confirmed)))
    }

    async fn alter_configs(
        &mut self,
        name: &str,
        alteration: &Alteration,
        validate_only: bool,
    ) -> Result<(Outcome, Option<Event>), CommandError> {
        let topic = self.log.state.named(name).ok_or(CommandError::UnknownTopic)?.clone();
        let stored = topic.configs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let (before, _) = Overrides::restore(stored);
        let changes = alteration.changes(before.iter().map(|(name, _)| name));
        let config = self.shard.dynamic.config();
        let altered = before.alter(changes, &config).map_err(invalid)?;
        let pairs = pairs(&altered);
        let configs = pairs.iter().cloned().collect();
        if !validate_only && altered != before {
            let event = Event::ConfigsChanged { topic: topic.id.0, configs: pairs };
            self.publish(event).await?;
        }
        Ok((outcome(&TopicState { configs, ..topic }), None))
    }

    async fn alter_resource(
        &mut self,
        resource: Resource,
        alteration: &Alteration,
        validate_only: bool,
    ) -> Result<(Outcome, Option<Event>), CommandError> {
        let live = self.shard.dynamic.config();
        let base =
            alteration::Base { state: &self.log.state, started: &self.shard.config, live: &live };
        let configs = alteration::altered(base, &resource, alteration)?;
        if !validate_only && let Some(configs) = configs {
            self.publish(Event::ResourceConfigsChanged { resource, configs }).await?;
        }
        Ok((Outcome::Altered, None))
    }

    async fn producer_ids(&mut self) -> Result<(Outcome, Option<Event>), CommandError> {
        let first = self.log.state.next_producer_id();
        let unavailable = || CommandError::Unavailable("producer ids are used up".into());
        let next = first.checked_add(PRODUCER_ID_BLOCK).ok_or_else(unavailable)?;
        self.append(&Event::ProducerIds { next }).await?;
        Ok((Outcome::ProducerIds { first, count: PRODUCER_ID_BLOCK }, None))
    }

    /// Refuses partitions that some shard could not hold.
    fn check_room(
        &self,
        topic: TopicId,
        partitions: std::ops::Range<i32>,
    ) -> Result<(), CommandError> {
        if partitions.end > PARTITIONS_PER_TOPIC_MAX {
            return Err(CommandError::InvalidPartitions(format!(
                "A topic has at most {PARTITIONS_PER_TOPIC_MAX} partitions."
            )));
        }
        let mut counts = self.counts.clone();
        count(&mut counts, self.shard.shards, topic, partitions, 1);
        let max = self.shard.store.config().partitions_max();
        let most = counts.into_iter().max().unwrap_or(0);
        if u64::try_from(most).is_ok_and(|most| most < max) {
            return Ok(());
        }
        Err(CommandError::LimitReached(format!(
            "A shard holds at most {max} partitions; raise journal.files or tail.bytes, or use \
             more shards."
        )))
    }

    async fn append(&mut self, event: &Event) -> Result<(), CommandError> {
        let appended = self.log.append(event).await;
        appended.map_err(|error| CommandError::Unavailable(error.to_string()))
    }

    /// Makes an event durable and lets every shard apply it.
    async fn publish(&mut self, event: Event) -> Result<(), CommandError> {
        self.append(&event).await?;
        let mut failed = self.shard.apply(&event).await.err();
        let others = self.shard.others().collect::<Vec<_>>();
        let failures = std::cell::RefCell::new(Vec::new());
        let width = others.len().max(1);
        let (shard, failures_ref, event) = (&self.shard, &failures, &event);
        let told = runtime::local::for_each_concurrently(others, width, |other| async move {
            match shard.call(other, Request::Apply(event.clone())).await {
                Ok(Reply::Done) => {}
                Ok(Reply::Failed(error)) => failures_ref.borrow_mut().push(error),
                Ok(_) | Err(_) => failures_ref.borrow_mut().push(format!("shard {other} is gone")),
            }
            Ok::<_, ()>(())
        })
        .await;
        assert!(told.is_ok(), "failures are collected");
        failed = failed.or(failures.into_inner().pop());
        failed.map_or(Ok(()), |error| Err(CommandError::Unavailable(error)))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn invalid(error: TopicConfigError) -> CommandError {
    CommandError::InvalidConfig { fault: error.fault(), message: error.to_string() }
}

/// Configurations as events carry them.
fn pairs(overrides: &Overrides) -> Vec<(String, String)> {
    overrides.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn outcome(topic: &TopicState) -> Outcome {
    Outcome::Topic {
        id: topic.id,
        name: topic.name.clone(),
        partitions: topic.partitions,
        configs: topic.configs.clone(),
    }
}

/// Adds `step` to the count of each partition's owner.
fn count(
    counts: &mut [i64],
    shards: u16,
    topic: TopicId,
    partitions: std::ops::Range<i32>,
    step: i64,
) {
    for partition in partitions {
        let log = TopicPartition { topic, partition: PartitionIndex(partition) };
        counts[router::owner(log, shards).index()] += step;
    }
}

impl Shard {
    /// Executes a registry command, here or on shard 0.
    pub async fn command(&self, command: Command) -> Result<Outcome, CommandError> {
        let authority = self.authority.borrow().clone();
        if let Some(authority) = own_authority(self.id, authority)? {
            return authority.execute(command).await;
        }
        match self.call(router::REGISTRY_SHARD, Request::Command(command)).await {
            Ok(Reply::Command(result)) => result,
            Ok(Reply::Failed(error)) => Err(CommandError::Unavailable(error)),
            Ok(_) => Err(unavailable("shard 0 gave no answer to a command")),
            Err(_) => Err(unavailable("shard 0 has ended")),
        }
    }
}

/// The registry, if it is on this shard. It ends before the shard does: then nobody is asked.
fn own_authority(
    shard: ShardId,
    authority: Option<AuthorityHandle>,
) -> Result<Option<AuthorityHandle>, CommandError> {
    if authority.is_none() && shard == router::REGISTRY_SHARD {
        return Err(unavailable("the broker is stopping"));
    }
    Ok(authority)
}

fn unavailable(text: &str) -> CommandError {
    CommandError::Unavailable(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_to_a_shard_that_is_stopping_is_refused_and_no_call_to_itself() {
        let nobody = own_authority(router::REGISTRY_SHARD, None);
        assert!(matches!(nobody, Err(CommandError::Unavailable(_))));
        assert!(own_authority(ShardId(1), None).is_ok_and(|own| own.is_none()));
        let here = own_authority(router::REGISTRY_SHARD, Some(AuthorityHandle::default()));
        assert!(here.is_ok_and(|own| own.is_some()));
    }
}
