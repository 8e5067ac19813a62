//! The registry's log: partition 0 of the nil topic, on shard 0's journal.

use record::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use runtime::Runtime;
use storage::Store;
use storage::config::LogConfig;

use super::event::Event;
use super::state::RegistryState;
use crate::broker::own_log::{OwnLog, OwnLogError};

/// The log's name: an id that no topic has.
pub const REGISTRY_LOG: TopicPartition =
    TopicPartition { topic: TopicId::NIL, partition: PartitionIndex(0) };
/// Events after which the log is started anew with a snapshot.
const EVENTS_PER_SNAPSHOT: u64 = 4_096;

/// The log and the state that it makes.
pub struct RegistryLog {
    store: Store,
    log: OwnLog,
    /// The state after all events.
    pub state: RegistryState,
    events: u64,
}

/// Why the registry can not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the registry's log: {0}")]
pub struct RegistryLogError(String);

impl RegistryLogError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl RegistryLog {
    /// Opens the log, creating it in a new directory, and reads all of it.
    pub async fn open(runtime: &Runtime, store: &Store) -> Result<Self, RegistryLogError> {
        let config = LogConfig { retention_ms: None, ..LogConfig::default() };
        store
            .create_logs(&[(REGISTRY_LOG, config)], LeaderEpoch::FIRST)
            .await
            .map_err(RegistryLogError::of)?;
        let log = store.log(REGISTRY_LOG).expect("it was created");
        log.set_config(config);
        let (log, store) = (OwnLog::new(runtime, store, log), store.clone());
        let mut registry = Self { store, log, state: RegistryState::default(), events: 0 };
        registry.replay().await?;
        Ok(registry)
    }

    async fn replay(&mut self) -> Result<(), RegistryLogError> {
        let (state, events) = (&mut self.state, &mut self.events);
        let read = self.log.read_all(|record| {
            let event = Event::decode(record.value.unwrap_or_default()).map_err(OwnLogError::of)?;
            state.apply(&event);
            *events += 1;
            Ok(())
        });
        read.await.map_err(RegistryLogError::of)
    }

    /// Appends an event and applies it here. Durable when it resolves. What it asks of the shards
    /// follows from [`RegistryState::apply`] on each of them.
    pub async fn append(&mut self, event: &Event) -> Result<(), RegistryLogError> {
        self.append_batch(event).await?;
        self.state.apply(event);
        self.events += 1;
        if self.events >= EVENTS_PER_SNAPSHOT {
            let snapshot = self.state.snapshot();
            let offset = self.append_batch(&snapshot).await?;
            self.store
                .raise_log_start(self.log.log(), offset)
                .await
                .map_err(RegistryLogError::of)?;
            self.events = 0;
        }
        Ok(())
    }

    async fn append_batch(&self, event: &Event) -> Result<Offset, RegistryLogError> {
        let value = event.encode();
        let appended = self.log.append([(None, Some(value.as_slice()))]).await;
        let appended = appended.map_err(RegistryLogError::of)?;
        appended.ack.wait().await.map_err(RegistryLogError::of)?;
        Ok(appended.base_offset)
    }
}
