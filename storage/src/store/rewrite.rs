//! Compaction's second pass: one new segment out of one or several, written beside them.

use std::io;
use std::path::Path;
use std::rc::Rc;

use runtime::{Barrier, File, OpenOptions};

use super::Store;
use super::compact::CompactError;
use crate::cleaning::choose::Source;
use crate::cleaning::filter::{Filter, Pass, Written};
use crate::cleaning::keys::KeyMap;
use crate::limits::{BLOCK, BLOCK_BYTES, PREALLOCATION_MAX, PREALLOCATION_MIN};
use crate::log::Log;
use crate::log::segments::Segment;
use crate::segment::index::Index;
use crate::segment::name::{SegmentName, index_path, log_directory, segment_path};

/// A file being written front to back, past the page cache.
struct Output {
    store: Store,
    file: File,
    /// Written, whole blocks.
    position: u64,
    allocated: u64,
    /// Not written yet.
    pending: Vec<u8>,
}

impl Output {
    async fn create(store: &Store, path: &Path) -> io::Result<Self> {
        let options =
            OpenOptions { write: true, create_new: true, direct: true, ..OpenOptions::default() };
        let _permit = store.0.background.acquire().await;
        let file = File::open(&store.0.runtime, path, options).await?;
        let store = store.clone();
        Ok(Self { store, file, position: 0, allocated: 0, pending: Vec::new() })
    }

    /// Writes what is pending, in whole blocks and pieces as long as a flush's.
    async fn write_blocks(&mut self) -> io::Result<()> {
        let mut done = 0;
        loop {
            let piece = usize::try_from(self.store.0.pace.piece()).map_err(io::Error::other)?;
            let whole = (self.pending.len() - done).min(piece) / BLOCK_BYTES * BLOCK_BYTES;
            let Some(bytes) = self.pending.get(done..done + whole).filter(|b| !b.is_empty()) else {
                break;
            };
            let mut chunk = self.store.0.runtime.pool().chunk(whole);
            chunk.append(bytes);
            let _permit = self.store.0.background.acquire().await;
            while self.allocated < self.position + whole as u64 {
                let step = self.allocated.clamp(PREALLOCATION_MIN, PREALLOCATION_MAX);
                self.file.allocate(self.allocated, step).await?;
                self.allocated += step;
            }
            self.file.write_at(vec![chunk.freeze()], self.position, Barrier::None).await?;
            self.position += whole as u64;
            done += whole;
        }
        self.pending.drain(..done);
        Ok(())
    }

    /// Writes the rest, and makes all of it durable.
    async fn finish(mut self) -> io::Result<()> {
        let len = self.position + self.pending.len() as u64;
        let padded = self.pending.len().next_multiple_of(BLOCK_BYTES);
        self.pending.resize(padded, 0);
        self.write_blocks().await?;
        debug_assert_eq!(self.position, len.next_multiple_of(BLOCK), "all of it is written");
        let _permit = self.store.0.background.acquire().await;
        self.file.truncate(len).await?;
        self.file.sync_all().await
    }
}

impl Store {
    /// Makes one segment of a group and puts it in the group's place. Returns its bytes, and the
    /// keys for the next one. After an error the log is as it was.
    pub(super) async fn rewrite(
        &self,
        log: &Rc<Log>,
        group: &[Source],
        pass: Pass,
        keys: KeyMap,
    ) -> Result<(u64, KeyMap), CompactError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return Ok((0, keys));
        };
        let revision = group.iter().map(|source| source.name.revision).max().unwrap_or(0);
        let revision = revision.checked_add(1).ok_or(CompactError::Changed)?;
        let name = SegmentName { base: first.name.base, revision };
        let cleaned = last.next_offset <= pass.end;
        // An attempt that was cut off may have left files of this name; nothing refers to them.
        self.remove_segment_files(log.id(), name).await?;
        let made = self.write_segment(log, name, group, pass, keys).await;
        let made = match made {
            Ok((written, index, keys)) => {
                let created = group.iter().map(|source| source.created).max();
                let new = (written.bytes > 0).then(|| {
                    let mut new = segment(name, &written, cleaned);
                    new.created = created.unwrap_or(new.created);
                    new
                });
                let old: Vec<SegmentName> = group.iter().map(|source| source.name).collect();
                let replaced = self.replace(log, &old, new, index);
                replaced.map(|()| (u64::from(written.bytes), keys))
            }
            Err(error) => Err(error),
        };
        if made.is_err()
            && let Err(error) = self.remove_segment_files(log.id(), name).await
        {
            let log = log.id();
            tracing::warn!(%log, %name, %error, "files of an attempt at compaction remain");
        }
        made
    }

    /// Writes what is left of a group, and its index. Both are durable when it resolves; no file
    /// is there if nothing is left.
    async fn write_segment(
        &self,
        log: &Rc<Log>,
        name: SegmentName,
        group: &[Source],
        pass: Pass,
        keys: KeyMap,
    ) -> Result<(Written, Index, KeyMap), CompactError> {
        let data = &self.0.config.data;
        let path = segment_path(data, log.id(), name);
        let mut output = Output::create(self, &path).await?;
        let mut filter = Filter::new(pass, keys, name.base);
        for source in group {
            let damaged = |error| CompactError::Damaged { segment: source.name, error };
            let file = self.open_source(log, source).await?;
            let mut position = 0;
            while position < source.end {
                let began = self.begin_step();
                let (piece, len) = self.read_piece(log, &file, position, source.end).await?;
                position += u32::try_from(len).expect("a segment is under 4 GiB");
                let mut pending = std::mem::take(&mut output.pending);
                let step = move || {
                    let bytes = piece.as_slice().get(..len).unwrap_or_default();
                    let taken = filter.take(bytes, &mut pending);
                    (filter, pending, taken)
                };
                let (back, pending, taken) = self.0.housekeeping.compute(step).await?;
                (filter, output.pending) = (back, pending);
                taken.map_err(damaged)?;
                let before = output.position;
                output.write_blocks().await?;
                self.rest(log, began, len as u64 + output.position - before).await;
            }
            filter.end_segment(source.next_offset).map_err(damaged)?;
        }
        let (written, index, keys) = filter.finish();
        if written.bytes == 0 {
            drop(output);
            runtime::remove_file(&self.0.runtime, &path).await?;
            return Ok((written, index, keys));
        }
        if written.unread > 0 {
            let unread = written.unread;
            let log = log.id();
            tracing::warn!(%log, %name, unread, "batches that can not be unpacked were kept");
        }
        output.finish().await?;
        let entries = index.entries().iter();
        let entries: Vec<u8> = entries.flat_map(|entry| entry.encode(log.id())).collect();
        self.write_index(&index_path(data, log.id(), name), &entries, 0, true).await?;
        let _permit = self.0.background.acquire().await;
        runtime::sync_directory(&self.0.runtime, &log_directory(data, log.id())).await?;
        Ok((written, index, keys))
    }
}

/// A segment that is written and done.
fn segment(name: SegmentName, written: &Written, cleaned: bool) -> Segment {
    let mut segment = Segment::new(name.base, written.max_timestamp);
    segment.revision = name.revision;
    segment.end = written.bytes;
    segment.flushed = written.bytes;
    segment.allocated = u64::from(written.bytes);
    segment.max_timestamp = written.max_timestamp;
    segment.max_timestamp_offset = written.max_timestamp_offset;
    segment.next_offset = written.next_offset;
    (segment.sealed, segment.finished, segment.cleaned) = (true, true, cleaned);
    segment
}
