//! Moving one log's bytes from the tail to its segments' files: whole blocks, each written once.
//!
//! The last partial block stays in the tail and the journal until it fills or the segment is
//! sealed; a sealed segment is written to its last byte, cut to its length, and so finished.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use record::Offset;
use runtime::buffer::Slice;
use runtime::local::{Event, for_each_concurrently};
use runtime::{Barrier, File, OpenOptions};

use super::Store;
use super::locate::meet;
use super::read::ReadError;
use crate::limits::{
    BLOCK, BLOCK_BYTES, INDEX_INTERVAL_BYTES, PREALLOCATION_MAX, PREALLOCATION_MIN, SCRATCH_BYTES,
};
use crate::log::Log;
use crate::log::state::LogState;
use crate::segment::descriptors::Access;
use crate::segment::index::{INDEX_ENTRY_BYTES, Index, IndexEntry, IndexWriter};
use crate::segment::name::{SegmentName, index_path, log_directory, topic_directory};

/// Limits for positions in segments, which are `u32`.
const BLOCK_U32: u32 = 4096;
const SCRATCH_U32: u32 = 1 << 20;
/// Index entries that are worth opening the file for.
const INDEX_STORED_TOGETHER: usize = 4;
const _: () = assert!(BLOCK_U32 as usize == BLOCK_BYTES && SCRATCH_U32 as usize == SCRATCH_BYTES);

/// Bytes of one segment that were written and must be synced before they count.
pub(super) struct Written {
    pub(super) log: Rc<Log>,
    pub(super) segment: Offset,
    file: File,
    /// Up to where: a block's end, or the segment's.
    to: u32,
    /// The segment is sealed and all of it is written.
    finishes: bool,
    entries: Vec<IndexEntry>,
    writer: IndexWriter,
    allocated: u64,
    /// Directories that got a new entry.
    pub(super) directories: Vec<PathBuf>,
}

/// A segment's index as it was read back.
pub(super) struct Loaded {
    pub(super) index: Index,
    /// How many of its entries its file had; those behind them were made from the segment.
    stored: usize,
    /// `None` for a segment that is not to grow.
    writer: Option<IndexWriter>,
}

/// What of a segment can be flushed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    segment: Offset,
    from: u32,
    to: u32,
    finishes: bool,
    allocated: u64,
}

/// What of a log can be flushed now: all that is readable, in whole blocks, and sealed segments to
/// their ends.
fn parts(state: &LogState) -> Vec<Part> {
    let unfinished = state.segments.iter().rev().take_while(|segment| !segment.finished);
    let mut parts: Vec<Part> = unfinished
        .filter_map(|segment| {
            let readable = state.readable_end(segment.base);
            let finishes = segment.sealed && readable == segment.end;
            let whole = readable - readable % BLOCK_U32;
            let to = if finishes { segment.end } else { whole };
            let (from, allocated) = (segment.flushed, segment.allocated);
            let part = Part { segment: segment.base, from, to, finishes, allocated };
            (to > from || finishes).then_some(part)
        })
        .collect();
    parts.reverse();
    parts
}

/// How many bytes a flush of this log would write.
pub(super) fn flushable_bytes(state: &LogState) -> u64 {
    parts(state).iter().map(|part| u64::from(part.to - part.from)).sum()
}

/// Whether a flush of this log would end a segment.
pub(super) fn has_finishable(state: &LogState) -> bool {
    parts(state).iter().any(|part| part.finishes)
}

impl Store {
    /// Writes what of a log can be flushed. Nothing counts as flushed before it is synced: see
    /// [`Store::settle`].
    pub(super) async fn write_log(&self, log: &Rc<Log>) -> Result<Vec<Written>, ReadError> {
        let parts = parts(&log.state());
        let mut written = Vec::with_capacity(parts.len());
        for part in parts {
            if log.state().segments.get(part.segment).is_some_and(|s| s.index_writer.is_none()) {
                self.resume_index(log, part.segment).await?;
            }
            written.push(self.write_part(log, part).await?);
        }
        Ok(written)
    }

    async fn write_part(&self, log: &Rc<Log>, part: Part) -> Result<Written, ReadError> {
        let directories = self.prepare_directories(log, part).await?;
        let name = SegmentName::appended(part.segment);
        let file = self.0.descriptors.get(log.id(), name, Access::Write).await?;
        let allocated = self.allocate(&file, part).await?;
        let writer = {
            let state = log.state();
            let segment = state.segments.get(part.segment).ok_or(ReadError::Deleted)?;
            segment.index_writer.clone().expect("it was resumed")
        };
        assert_eq!(writer.position(), part.from, "the index has seen all bytes before");
        let sum = RefCell::new((writer, Vec::new()));
        let gathered = Event::default();
        for_each_concurrently(self.pieces(part), self.0.pace.width(), |range| {
            let (file, sum, gathered) = (&file, &sum, &gathered);
            async move {
                let is_next = || (sum.borrow().0.position() == range.start).then_some(());
                gathered.wait_until(is_next).await;
                let bytes = u64::from(range.end - range.start);
                self.pace(bytes).await;
                let _permit = self.0.background.acquire().await;
                self.0.runtime.yield_if_needed().await;
                let slice = {
                    let (writer, entries) = &mut *sum.borrow_mut();
                    self.gather(log, part.segment, range.clone(), writer, entries)
                };
                gathered.notify();
                file.write_at(vec![slice], u64::from(range.start), Barrier::None).await?;
                self.note(|done| done.flushed_bytes = bytes);
                Ok::<_, io::Error>(())
            }
        })
        .await?;
        let (writer, entries) = sum.into_inner();
        if part.finishes {
            file.truncate(u64::from(part.to)).await?;
        }
        let (log, segment, to, finishes) = (Rc::clone(log), part.segment, part.to, part.finishes);
        Ok(Written { log, segment, file, to, finishes, entries, writer, allocated, directories })
    }

    /// The writes of a part, in order, each as long as the pace wants it when it is due.
    fn pieces(&self, part: Part) -> impl Iterator<Item = std::ops::Range<u32>> {
        let mut from = part.from;
        std::iter::from_fn(move || {
            let piece = u32::try_from(self.0.pace.piece()).unwrap_or(SCRATCH_U32);
            let range = from..part.to.min(from.saturating_add(piece));
            from = range.end;
            (!range.is_empty()).then_some(range)
        })
    }

    /// A log has no directory and no file before its first flush.
    async fn prepare_directories(&self, log: &Log, part: Part) -> io::Result<Vec<PathBuf>> {
        if part.allocated > 0 {
            return Ok(Vec::new());
        }
        let data = &self.0.config.data;
        let (topic, directory) = (topic_directory(data, log.id()), log_directory(data, log.id()));
        let logs = data.join("logs");
        let _permit = self.0.background.acquire().await;
        match runtime::create_directory(&self.0.runtime, &directory).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                runtime::create_directory(&self.0.runtime, &logs).await?;
                runtime::create_directory(&self.0.runtime, &topic).await?;
                runtime::create_directory(&self.0.runtime, &directory).await?;
            }
            other => other?,
        }
        Ok(vec![data.clone(), logs, topic, directory])
    }

    /// Gives the file blocks ahead of need, in steps that double, so that no write extends it.
    async fn allocate(&self, file: &File, part: Part) -> io::Result<u64> {
        let needed = u64::from(part.to).next_multiple_of(BLOCK);
        let mut allocated = part.allocated;
        while allocated < needed {
            let step = allocated.clamp(PREALLOCATION_MIN, PREALLOCATION_MAX);
            let _permit = self.0.background.acquire().await;
            file.allocate(allocated, step).await?;
            allocated += step;
        }
        Ok(allocated)
    }

    /// Collects bytes of a segment from the tail into one aligned buffer, padded to the block, and
    /// sums them for the index on the way.
    fn gather(
        &self,
        log: &Log,
        segment: Offset,
        range: std::ops::Range<u32>,
        writer: &mut IndexWriter,
        entries: &mut Vec<IndexEntry>,
    ) -> Slice {
        assert_eq!(writer.position(), range.start, "the index has seen all bytes before");
        let state = log.state();
        let bytes = (range.end - range.start) as usize;
        let mut chunk = self.0.runtime.pool().chunk(bytes.next_multiple_of(BLOCK_BYTES));
        let mut at = range.start;
        for span in state.tail.from_position(segment, range.start) {
            if at >= range.end {
                break;
            }
            assert!(span.position <= at, "the tail has no gap");
            if span.batch_position == at {
                entries.extend(writer.batch(span.base_offset, span.max_timestamp));
            }
            let (from, to) = (at - span.position, span.end().min(range.end) - span.position);
            let bytes = span.bytes.as_slice().get(from as usize..to as usize);
            let bytes = bytes.expect("inside the span");
            chunk.append(bytes);
            writer.bytes(bytes);
            at = span.position + to;
        }
        assert_eq!(at, range.end, "what is not in the file is in the tail");
        chunk.pad_to_block();
        chunk.freeze()
    }

    /// Makes what was written durable.
    pub(super) async fn sync_written(&self, written: &Written) -> io::Result<()> {
        self.pace(0).await;
        let _permit = self.0.background.acquire().await;
        written.file.sync_data().await
    }

    /// Appends the index's new entries and takes the bytes out of the tail: they are in the file.
    pub(super) async fn settle(&self, written: Written) -> io::Result<()> {
        let Written { log, segment, to, finishes, entries, writer, allocated, .. } = written;
        if *log.status() == crate::log::LogStatus::Deleted {
            return Ok(());
        }
        {
            let mut state = log.state_mut();
            let Some(found) = state.segments.get_mut(segment) else { return Ok(()) };
            let index = Rc::make_mut(&mut found.index);
            for entry in entries {
                index.push(entry);
            }
            found.index_writer = Some(writer);
            found.allocated = allocated;
        }
        self.store_index(&log, segment, finishes).await?;
        let mut state = log.state_mut();
        let Some(found) = state.segments.get_mut(segment) else { return Ok(()) };
        assert!(found.flushed <= to, "a flush goes forward");
        found.flushed = to;
        if finishes {
            found.finished = true;
            found.allocated = u64::from(to);
            found.index_writer = None;
            let index = std::mem::take(&mut found.index);
            let name = found.name();
            self.0.indexes.keep(log.id(), name, index);
            self.0.descriptors.close(log.id(), name, Access::Write);
        }
        state.tail.flushed_to(segment, to);
        Ok(())
    }

    /// Appends entries that the index's file does not have yet, some at a time; all of them, and
    /// synced, if the segment is done. A restart makes what is missing from the segment.
    async fn store_index(&self, log: &Rc<Log>, segment: Offset, sync: bool) -> io::Result<()> {
        let (bytes, offset) = {
            let state = log.state();
            let Some(found) = state.segments.get(segment) else { return Ok(()) };
            let new = found.index.entries().get(found.index_stored..).unwrap_or_default();
            let bytes: Vec<u8> = new.iter().flat_map(|entry| entry.encode(log.id())).collect();
            (bytes, found.index_stored * INDEX_ENTRY_BYTES)
        };
        if bytes.len() < INDEX_STORED_TOGETHER * INDEX_ENTRY_BYTES && !sync {
            return Ok(());
        }
        let name = SegmentName::appended(segment);
        let path = index_path(&self.0.config.data, log.id(), name);
        let added = bytes.len() / INDEX_ENTRY_BYTES;
        self.write_index(&path, &bytes, offset as u64, sync).await?;
        if let Some(found) = log.state_mut().segments.get_mut(segment) {
            found.index_stored += added;
        }
        Ok(())
    }

    pub(super) async fn write_index(
        &self,
        path: &std::path::Path,
        bytes: &[u8],
        offset: u64,
        sync: bool,
    ) -> io::Result<()> {
        let options = OpenOptions { write: true, create: true, ..OpenOptions::default() };
        let _permit = self.0.background.acquire().await;
        let file = File::open(&self.0.runtime, path, options).await?;
        if !bytes.is_empty() {
            let mut chunk = self.0.runtime.pool().chunk(bytes.len());
            chunk.append(bytes);
            file.write_at(vec![chunk.freeze()], offset, Barrier::None).await?;
        }
        if sync {
            file.sync_data().await?;
        }
        Ok(())
    }

    /// Reads back the index of a segment that is still being written, after a restart.
    pub(super) async fn resume_index(
        &self,
        log: &Rc<Log>,
        segment: Offset,
    ) -> Result<(), ReadError> {
        let flushed = {
            let state = log.state();
            state.segments.get(segment).ok_or(ReadError::Deleted)?.flushed
        };
        let name = SegmentName::appended(segment);
        let Loaded { index, stored, writer } = self.load_index(log, name, flushed).await?;
        let writer = match writer {
            Some(writer) => writer,
            None => self.rebuild_index(log, name, Index::default(), flushed).await?.1,
        };
        let mut state = log.state_mut();
        let found = state.segments.get_mut(segment).ok_or(ReadError::Deleted)?;
        if found.index_writer.is_none() && found.flushed == flushed {
            found.index = Rc::new(index);
            found.index_stored = stored;
            found.index_writer = Some(writer);
        }
        Ok(())
    }

    /// Reads a segment's index from its file, as far as it checks, and makes what is missing from
    /// the segment. Its writer stands at `end`.
    pub(super) async fn load_index(
        &self,
        log: &Rc<Log>,
        segment: SegmentName,
        end: u32,
    ) -> Result<Loaded, ReadError> {
        let path = index_path(&self.0.config.data, log.id(), segment);
        let bytes = self.read_small_file(&path).await?;
        let index = Index::read(&bytes, log.id(), end);
        let last = index.entries().last().map_or(0, |entry| entry.position);
        let finished = log.state().segments.named(segment).is_some_and(|found| found.finished);
        let stored = index.entries().len();
        // A segment's last entry is an interval and at most a batch before its end.
        if finished && end - last <= INDEX_INTERVAL_BYTES * 2 {
            return Ok(Loaded { index, stored, writer: None });
        }
        let (index, writer) = self.rebuild_index(log, segment, index, end).await?;
        if finished && index.entries().len() > stored {
            let (log, made) = (log.id(), index.entries().len());
            tracing::warn!(%log, %segment, had = stored, made, "index rebuilt");
            let bytes: Vec<u8> =
                index.entries().iter().flat_map(|entry| entry.encode(log)).collect();
            if let Err(error) = self.write_index(&path, &bytes, 0, true).await {
                tracing::warn!(%log, %segment, %error, "index not written");
            }
        }
        Ok(Loaded { index, stored, writer: Some(writer) })
    }

    /// Continues an index over a segment's batches up to `end`, checking each on the way.
    async fn rebuild_index(
        &self,
        log: &Rc<Log>,
        segment: SegmentName,
        index: Index,
        end: u32,
    ) -> Result<(Index, IndexWriter), ReadError> {
        let mut index = index;
        let mut writer = match index.entries().last() {
            Some(last) => IndexWriter::resume(log.id(), last),
            None => IndexWriter::new(log.id()),
        };
        while writer.position() < end {
            let position = writer.position();
            let readable =
                log.state().readable_end_of(segment).ok_or(ReadError::Replaced)?.max(end);
            let window = SCRATCH_BYTES.min((readable - position) as usize);
            let mut bytes = self.read_range(log, segment, position, window).await?;
            let Some(met) = meet(&bytes, 0, position)? else { break };
            if met.len as usize > bytes.len() {
                bytes = self.read_range(log, segment, position, met.len as usize).await?;
            }
            let mut at = 0;
            while let Some(met) = meet(&bytes, at, position)?
                && writer.position() < end
            {
                let Some(batch) = bytes.get(at..at + met.len as usize) else { break };
                check_batch(batch)?;
                if let Some(entry) = writer.batch(met.base_offset, met.max_timestamp) {
                    index.push(entry);
                }
                let inside = batch.len().min((end - writer.position()) as usize);
                writer.bytes(batch.get(..inside).expect("no more than there is"));
                at += batch.len();
            }
            if at == 0 {
                return Err(io::Error::other("a batch is cut off").into());
            }
            self.0.runtime.yield_if_needed().await;
        }
        Ok((index, writer))
    }

    async fn read_small_file(&self, path: &std::path::Path) -> io::Result<Vec<u8>> {
        let file = match File::open(&self.0.runtime, path, OpenOptions::default()).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let len = runtime::metadata(&self.0.runtime, path).await?.len;
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let buffer = self.0.runtime.pool().dma(len.max(1));
        let (buffer, read) = file.read_at(buffer, 0, len, 0).await;
        Ok(buffer.as_slice().get(..read?).unwrap_or_default().to_vec())
    }
}

fn check_batch(bytes: &[u8]) -> io::Result<()> {
    let (batch, _) = record::BatchView::parse(bytes).map_err(io::Error::other)?;
    if batch.crc_is_valid() { Ok(()) } else { Err(io::Error::other("a batch's CRC is wrong")) }
}
