//! The registry's log: partition 0 of the nil topic, on shard 0's journal.

use std::rc::Rc;
use std::time::Duration;

use record::{
    BatchBuilder, BatchView, Decompressor, LeaderEpoch, NewRecord, Offset, PartitionIndex, Seal,
    Timestamp, TopicId, TopicPartition,
};
use runtime::Runtime;
use storage::config::LogConfig;
use storage::journal::staging::Stamp;
use storage::log::Log;
use storage::{Extent, NewBatch, ReadLimits, Source, Store};

use super::event::Event;
use super::state::RegistryState;

/// The log's name: an id that no topic has.
pub const REGISTRY_LOG: TopicPartition =
    TopicPartition { topic: TopicId::NIL, partition: PartitionIndex(0) };
/// How long an event waits for room in the journal.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes read at a time.
const READ_BYTES: u32 = 1 << 20;
/// Events after which the log is started anew with a snapshot.
const EVENTS_PER_SNAPSHOT: u64 = 4_096;

/// The log and the state that it makes.
pub struct RegistryLog {
    runtime: Runtime,
    store: Store,
    log: Rc<Log>,
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
        let (runtime, store) = (runtime.clone(), store.clone());
        let mut registry = Self { runtime, store, log, state: RegistryState::default(), events: 0 };
        registry.replay().await?;
        Ok(registry)
    }

    async fn replay(&mut self) -> Result<(), RegistryLogError> {
        let mut offset = self.log.state().log_start;
        let end = self.log.state().visible.offset;
        let limits = ReadLimits { bytes_max: READ_BYTES, first_batch_whole: true };
        let mut scratch = Decompressor::new();
        while offset < end {
            let plan = self.store.plan(&self.log, offset, limits).await;
            let plan = plan.map_err(RegistryLogError::of)?;
            let bytes = self.read(plan.range).await?;
            let mut rest = bytes.as_slice();
            let before = offset;
            while let Ok((batch, behind)) = BatchView::parse(rest) {
                if !batch.crc_is_valid() {
                    return Err(RegistryLogError(format!(
                        "batch {} is damaged",
                        batch.base_offset()
                    )));
                }
                let records =
                    batch.records(&mut scratch, usize::MAX).map_err(RegistryLogError::of)?;
                for record in &records {
                    let record = record.map_err(RegistryLogError::of)?;
                    if records.offset(&record) >= offset {
                        let value = record.value.unwrap_or_default();
                        let event = Event::decode(value).map_err(RegistryLogError::of)?;
                        self.state.apply(&event);
                        self.events += 1;
                    }
                }
                offset = batch.next_offset();
                rest = behind;
            }
            if offset == before {
                return Err(RegistryLogError(format!("nothing at offset {offset}")));
            }
        }
        Ok(())
    }

    async fn read(&self, range: Option<storage::LogRange>) -> Result<Vec<u8>, RegistryLogError> {
        let mut bytes = Vec::new();
        let Some(mut range) = range else { return Ok(bytes) };
        while range.remaining() > 0 {
            let extent = self.store.next_extent(&mut range).await.map_err(RegistryLogError::of)?;
            match extent {
                Extent::Memory(slices) => {
                    for slice in slices {
                        bytes.extend_from_slice(slice.as_slice());
                    }
                }
                Extent::File(extent) => {
                    let len = usize::try_from(extent.len).map_err(RegistryLogError::of)?;
                    let buffer = self.runtime.pool().dma(len);
                    let (buffer, read) = extent.file.read_at(buffer, 0, len, extent.offset).await;
                    let read = read.map_err(RegistryLogError::of)?;
                    bytes.extend_from_slice(&buffer.as_slice()[..read]);
                }
            }
        }
        Ok(bytes)
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
            self.store.raise_log_start(&self.log, offset).await.map_err(RegistryLogError::of)?;
            self.events = 0;
        }
        Ok(())
    }

    async fn append_batch(&self, event: &Event) -> Result<Offset, RegistryLogError> {
        let now = Timestamp(self.runtime.wall_millis());
        let value = event.encode();
        let mut builder = BatchBuilder::new();
        let record = NewRecord { timestamp: now, key: None, value: Some(&value), headers: &[] };
        builder.append(&record).map_err(RegistryLogError::of)?;
        let bytes = builder.seal(&Seal::default()).map_err(RegistryLogError::of)?;
        let (batch, _) = BatchView::parse(&bytes).map_err(RegistryLogError::of)?;
        let new = NewBatch {
            header: batch.header().decode(),
            stamp: Stamp::default(),
            source: Source::Copied(&bytes),
        };
        let admission = self.store.admit(bytes.len(), 1, PATIENCE).await;
        let admission = admission.map_err(RegistryLogError::of)?;
        let appended = self.store.append(&admission, &self.log, &new, now);
        drop(admission);
        let appended = appended.map_err(RegistryLogError::of)?;
        appended.ack.wait().await.map_err(RegistryLogError::of)?;
        Ok(appended.base_offset)
    }
}
