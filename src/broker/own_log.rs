//! `OwnLog`: a log that the broker itself writes and reads: the registry's, and those of groups.

use std::rc::Rc;
use std::time::Duration;

use record::{
    BatchBuilder, BatchView, Decompressor, NewRecord, Record, Seal, Timestamp, TopicPartition,
};
use runtime::Runtime;
use storage::journal::staging::Stamp;
use storage::log::Log;
use storage::{Appended, Extent, LogRange, NewBatch, ReadLimits, Source, Store};

/// How long records wait for room in the journal.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes read at a time.
const READ_BYTES: u32 = 1 << 20;

/// A log, and what is needed to use it.
#[derive(Clone)]
pub struct OwnLog {
    runtime: Runtime,
    store: Store,
    log: Rc<Log>,
}

/// Why a log of the broker's own can not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OwnLogError(pub String);

impl OwnLogError {
    /// The same in words.
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl OwnLog {
    /// A log of this shard.
    pub fn new(runtime: &Runtime, store: &Store, log: Rc<Log>) -> Self {
        Self { runtime: runtime.clone(), store: store.clone(), log }
    }

    /// The log itself.
    pub fn log(&self) -> &Rc<Log> {
        &self.log
    }

    /// Which one.
    pub fn id(&self) -> TopicPartition {
        self.log.id()
    }

    /// Reads all records, in order, each checked; `take` may refuse one. Yields now and then.
    pub async fn read_all(
        &self,
        mut take: impl FnMut(&Record<'_>) -> Result<(), OwnLogError>,
    ) -> Result<(), OwnLogError> {
        let mut offset = self.log.state().log_start;
        let end = self.log.state().visible.offset;
        let limits = ReadLimits { bytes_max: READ_BYTES, first_batch_whole: true };
        let mut scratch = Decompressor::new();
        while offset < end {
            let plan = self.store.plan(&self.log, offset, limits).await;
            let bytes = self.read(plan.map_err(OwnLogError::of)?.range).await?;
            let mut rest = bytes.as_slice();
            let before = offset;
            while let Ok((batch, behind)) = BatchView::parse(rest) {
                if !batch.crc_is_valid() {
                    let base = batch.base_offset();
                    return Err(OwnLogError(format!("batch {base} is damaged")));
                }
                let records = batch.records(&mut scratch, usize::MAX).map_err(OwnLogError::of)?;
                for record in &records {
                    let record = record.map_err(OwnLogError::of)?;
                    if records.offset(&record) >= offset {
                        take(&record)?;
                    }
                }
                (offset, rest) = (batch.next_offset(), behind);
                self.runtime.yield_if_needed().await;
            }
            if offset == before {
                return Err(OwnLogError(format!("nothing at offset {offset}")));
            }
        }
        Ok(())
    }

    async fn read(&self, range: Option<LogRange>) -> Result<Vec<u8>, OwnLogError> {
        let mut bytes = Vec::new();
        let Some(mut range) = range else { return Ok(bytes) };
        while range.remaining() > 0 {
            let extent = self.store.next_extent(&mut range).await.map_err(OwnLogError::of)?;
            match extent {
                Extent::Memory(slices) => {
                    for slice in slices {
                        bytes.extend_from_slice(slice.as_slice());
                    }
                }
                Extent::File(extent) => {
                    let len = usize::try_from(extent.len).map_err(OwnLogError::of)?;
                    let buffer = self.runtime.pool().dma(len);
                    let (buffer, read) = extent.file.read_at(buffer, 0, len, extent.offset).await;
                    let read = read.map_err(OwnLogError::of)?;
                    bytes.extend_from_slice(&buffer.as_slice()[..read]);
                }
            }
        }
        Ok(bytes)
    }

    /// Appends records as one batch. It is durable when the answer's acknowledgement says so.
    pub async fn append<'a>(
        &self,
        records: impl IntoIterator<Item = (Option<&'a [u8]>, Option<&'a [u8]>)>,
    ) -> Result<Appended, OwnLogError> {
        let now = Timestamp(self.runtime.wall_millis());
        let mut builder = BatchBuilder::new();
        for (key, value) in records {
            let record = NewRecord { timestamp: now, key, value, headers: &[] };
            builder.append(&record).map_err(OwnLogError::of)?;
        }
        let bytes = builder.seal(&Seal::default()).map_err(OwnLogError::of)?;
        let (batch, _) = BatchView::parse(&bytes).map_err(OwnLogError::of)?;
        let new = NewBatch {
            header: batch.header().decode(),
            stamp: Stamp::default(),
            source: Source::Copied(&bytes),
        };
        let admission = self.store.admit(bytes.len(), 1, PATIENCE).await;
        let admission = admission.map_err(OwnLogError::of)?;
        let appended = self.store.append(&admission, &self.log, &new, now);
        drop(admission);
        appended.map_err(OwnLogError::of)
    }
}
