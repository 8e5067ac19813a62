//! Reading: from an offset to a range of a segment, and from a range to memory or a file.
//!
//! A plan names bytes by their place in a segment; whether they are sent from the tail or from
//! the file is decided piece by piece when the socket has room for them. A plan pins its segment:
//! deletion waits for it.

use std::io;
use std::rc::Rc;

use record::Offset;
use runtime::File;
use runtime::buffer::Slice;

use super::Store;
use crate::log::state::LogState;
use crate::log::{Log, LogStatus};
use crate::segment::descriptors::Access;
use crate::segment::name::SegmentName;

/// Bytes that one resolution covers at most.
const EXTENT_BYTES_MAX: u32 = 1 << 20;
/// Slices of one resolution: the kernel takes at most 1,024 vectors at once.
const EXTENT_SLICES_MAX: usize = 512;

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes at most.
    pub bytes_max: u32,
    /// The first batch is returned whole even if it is larger: else its reader is stuck.
    pub first_batch_whole: bool,
}

/// What a reader gets.
#[derive(Debug)]
pub struct Plan {
    /// Where the bytes are; none if there is nothing to read yet, or not within the limits.
    pub range: Option<LogRange>,
    /// The first offset that can not be read.
    pub high_watermark: Offset,
    /// The first offset of the log.
    pub log_start: Offset,
}

/// Why there is nothing to read at an offset.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is before the log's start or behind its end.
    #[error("offset {offset} is outside of the partition's {log_start} to {high_watermark}")]
    OutOfRange {
        /// The offset asked for.
        offset: Offset,
        /// The log's start.
        log_start: Offset,
        /// Its high watermark.
        high_watermark: Offset,
    },
    /// The log was deleted.
    #[error("the partition was deleted")]
    Deleted,
    /// The log can not be used.
    #[error("the partition is offline: {reason}")]
    Offline {
        /// What is wrong.
        reason: String,
    },
    /// Compaction or retention has taken the segment meanwhile: the offset is to be looked up
    /// again.
    #[error("the segment was replaced")]
    Replaced,
    /// A file could not be read.
    #[error("read a segment: {0}")]
    Io(#[from] io::Error),
}

/// Bytes of one segment, back-to-back batches, the last one perhaps cut off.
#[derive(Debug)]
pub struct LogRange {
    log: Rc<Log>,
    segment: SegmentName,
    position: u32,
    end: u32,
    _pin: Pin,
}

/// Keeps a segment's files from being deleted.
#[derive(Debug)]
struct Pin(Rc<std::cell::Cell<u32>>);

impl Pin {
    fn new(pins: &Rc<std::cell::Cell<u32>>) -> Self {
        pins.set(pins.get() + 1);
        Self(Rc::clone(pins))
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A piece of a range, resolved.
#[derive(Clone, Debug)]
pub enum Extent {
    /// In memory.
    Memory(Vec<Slice>),
    /// In a file.
    File(FileExtent),
}

/// Bytes of a segment's file.
#[derive(Clone)]
pub struct FileExtent {
    /// The file, through the page cache.
    pub file: File,
    /// Where.
    pub offset: u64,
    /// How many.
    pub len: u64,
}

impl std::fmt::Debug for FileExtent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "file {}+{}", self.offset, self.len)
    }
}

impl Extent {
    /// How many bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(slices) => slices.iter().map(|slice| slice.len() as u64).sum(),
            Self::File(extent) => extent.len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl LogRange {
    /// None if it is empty.
    pub(super) fn new(
        log: &Rc<Log>,
        segment: SegmentName,
        position: u32,
        end: u32,
    ) -> Result<Option<Self>, ReadError> {
        assert!(position <= end, "a range does not run backwards");
        let pins = log.state().segments.named(segment).map(|found| Rc::clone(&found.pins));
        let pin = Pin::new(&pins.ok_or(ReadError::Replaced)?);
        let log = Rc::clone(log);
        Ok((position < end).then(|| Self { log, segment, position, end, _pin: pin }))
    }

    /// Bytes that have not been taken yet.
    pub fn remaining(&self) -> u64 {
        u64::from(self.end - self.position)
    }

    /// Gives up all but the first `len` bytes.
    pub fn truncate(&mut self, len: u64) {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.end = self.end.min(self.position.saturating_add(len));
    }

    /// The log.
    pub fn log(&self) -> &Rc<Log> {
        &self.log
    }

    /// Takes the next bytes if they are in memory: at most 1 MiB.
    pub fn take_hot(&mut self) -> Option<Vec<Slice>> {
        let state = self.log.state();
        let mut slices: Vec<Slice> = Vec::new();
        let mut position = self.position;
        let stop = self.end.min(position.saturating_add(EXTENT_BYTES_MAX));
        for span in state.tail.from_position(self.segment.base, position) {
            if span.position > position || position >= stop {
                break;
            }
            let from = (position - span.position) as usize;
            let to = (span.end().min(stop) - span.position) as usize;
            let slice = span.bytes.slice(from..to);
            let joined = slices.last().filter(|last| last.runs_into(&slice));
            match joined.map(|last| last.joined(&slice)) {
                Some(joined) => *slices.last_mut().expect("it was joined") = joined,
                None if slices.len() == EXTENT_SLICES_MAX => break,
                None => slices.push(slice),
            }
            position = span.position + u32::try_from(to).expect("a batch is under 4 GiB");
        }
        drop(state);
        if slices.is_empty() {
            return None;
        }
        self.position = position;
        Some(slices)
    }
}

impl Store {
    /// Plans a read without waiting; `None` if a file must be looked into: see [`Store::plan`].
    pub fn plan_hot(
        &self,
        log: &Rc<Log>,
        offset: Offset,
        limits: ReadLimits,
    ) -> Option<Result<Plan, ReadError>> {
        if let Err(error) = check_readable(log) {
            return Some(Err(error));
        }
        let state = log.state();
        let (high_watermark, log_start) = (state.visible.offset, state.log_start);
        if offset < log_start || offset > state.next_offset {
            return Some(Err(ReadError::OutOfRange { offset, log_start, high_watermark }));
        }
        if offset >= high_watermark {
            return Some(Ok(Plan { range: None, high_watermark, log_start }));
        }
        let span = state.tail.find_offset(offset)?;
        let (segment, position) = (span.segment, span.batch_position);
        let first_end = span.end();
        let end = hot_end(&state, segment, position, first_end, limits);
        drop(state);
        // What is in the tail is in a segment as it was appended.
        let range = LogRange::new(log, SegmentName::appended(segment), position, end);
        Some(range.map(|range| Plan { range, high_watermark, log_start }))
    }

    /// Plans a read, looking into index and file if the batches are not in memory.
    pub async fn plan(
        &self,
        log: &Rc<Log>,
        offset: Offset,
        limits: ReadLimits,
    ) -> Result<Plan, ReadError> {
        loop {
            if let Some(plan) = self.plan_hot(log, offset, limits) {
                return plan;
            }
            // A new segment has the same records, or retention has taken them.
            match self.plan_cold(log, offset, limits).await {
                Err(ReadError::Replaced) => self.0.runtime.yield_if_needed().await,
                other => return other,
            }
        }
    }

    async fn plan_cold(
        &self,
        log: &Rc<Log>,
        offset: Offset,
        limits: ReadLimits,
    ) -> Result<Plan, ReadError> {
        let place = self.locate(log, offset).await?;
        check_readable(log)?;
        let end = self.cold_end(log, &place, limits).await?;
        let state = log.state();
        let (high_watermark, log_start) = (state.visible.offset, state.log_start);
        drop(state);
        // Retention may have taken the segment meanwhile.
        if offset < log_start {
            return Err(ReadError::OutOfRange { offset, log_start, high_watermark });
        }
        let range = LogRange::new(log, place.segment, place.position, end)?;
        Ok(Plan { range, high_watermark, log_start })
    }

    /// Takes the next piece of a range, at most 1 MiB: from the tail if it is there, else the
    /// segment's file. No byte is copied.
    pub async fn next_extent(&self, range: &mut LogRange) -> Result<Extent, ReadError> {
        assert!(range.remaining() > 0, "there is something left to take");
        if *range.log.status() == LogStatus::Deleted {
            return Err(ReadError::Deleted);
        }
        if let Some(slices) = range.take_hot() {
            return Ok(Extent::Memory(slices));
        }
        let id = range.log.id();
        let file = self.0.descriptors.get(id, range.segment, Access::Read).await?;
        // The tail may have moved on meanwhile, but only to where the file has the bytes.
        let state = range.log.state();
        let in_memory = state.tail.start_of(range.segment.base).unwrap_or(u32::MAX);
        let stop = range.end.min(range.position.saturating_add(EXTENT_BYTES_MAX)).min(in_memory);
        assert!(stop > range.position, "a byte is in the file or in the tail");
        drop(state);
        let (offset, len) = (u64::from(range.position), u64::from(stop - range.position));
        range.position = stop;
        Ok(Extent::File(FileExtent { file, offset, len }))
    }

    /// Tells the kernel that a reader of an old segment has passed these bytes.
    pub fn passed(&self, extent: &FileExtent) {
        extent.file.advise(extent.offset, extent.len, runtime::Advice::DontNeed);
    }
}

pub(super) fn check_readable(log: &Log) -> Result<(), ReadError> {
    match &*log.status() {
        LogStatus::Online => Ok(()),
        LogStatus::Deleted => Err(ReadError::Deleted),
        LogStatus::Offline { reason } => Err(ReadError::Offline { reason: reason.clone() }),
    }
}

/// Where a hot read ends: at the end of a batch.
fn hot_end(
    state: &LogState,
    segment: Offset,
    position: u32,
    first_end: u32,
    limits: ReadLimits,
) -> u32 {
    let readable = state.readable_end(segment);
    assert!(first_end <= readable, "a readable offset's batch is readable");
    let wanted = position.saturating_add(limits.bytes_max);
    if wanted >= readable {
        return readable;
    }
    if wanted < first_end {
        return if limits.first_batch_whole { first_end } else { position };
    }
    // The batch that holds the byte at `wanted` is the first that does not fit.
    let next = state.tail.from_position(segment, wanted).next();
    next.map_or(readable, |span| span.batch_position.max(first_end))
}
