//! Compaction: of each key the last record stays (`cleanup.policy=compact`).
//!
//! Reading and writing is done here, with rests between ([`super::pace`]); looking into the bytes,
//! which takes much longer than a shard may, is done by housekeeping, piece by piece. Only finished
//! segments are read, and none of their files is changed: see [`super::replace`] for how new ones
//! take their place. One log at a time, in memory that has a limit.

use std::cmp::Reverse;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use record::{ProducerId, Timestamp};
use runtime::hash::FixedMap;
use runtime::{File, OpenOptions};

use super::Store;
use super::flush::FlushError;
use crate::cleaning::CleanError;
use crate::cleaning::choose::{Choice, Source, choose, groups, sources};
use crate::cleaning::filter::{LastOffsets, Pass};
use crate::cleaning::keys::KeyMap;
use crate::cleaning::scan::KeyScan;
use crate::config::Compaction;
use crate::limits::{BLOCK_BYTES, COMPACTION_BYTES, OBSOLETE_BYTES};
use crate::log::Log;
use crate::segment::name::{SegmentName, segment_path};

/// Logs compacted before the checkpoint that lets their old segments go.
const LOGS_TOGETHER: usize = 16;

/// Why a log was not compacted. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The store stops, or the log can not be used any more.
    #[error("the log is not in use any more")]
    Ended,
    /// Another pass, or retention, has changed the log meanwhile: it is tried again.
    #[error("the log's segments have changed")]
    Changed,
    /// What is sealed could not be flushed, or no checkpoint be written.
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// A file could not be read or written.
    #[error("compact a segment: {0}")]
    Io(#[from] io::Error),
    /// A segment is not what was written.
    #[error("segment {segment}: {error}")]
    Damaged {
        /// The segment.
        segment: SegmentName,
        /// What is wrong.
        error: CleanError,
    },
}

/// Says that compaction is at work on a log, for as long as it lives.
struct AtWork(Rc<Log>);

impl AtWork {
    fn begin(log: &Rc<Log>) -> Self {
        log.compacting.set(true);
        Self(Rc::clone(log))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.compacting.set(false);
    }
}

impl Store {
    /// The logs whose settings ask for compaction, in no particular order.
    pub fn compacted_logs(&self) -> Vec<Rc<Log>> {
        let logs = self.0.logs.borrow();
        logs.values().filter(|log| log.config().compaction.is_some()).cloned().collect()
    }

    /// Compacts those of `logs` that are due, the dirtiest first. How many were.
    pub async fn compact(&self, logs: &[Rc<Log>], now: Timestamp) -> Result<usize, CompactError> {
        let _turn = self.0.compacting.acquire().await;
        let mut due = Vec::new();
        for log in logs {
            if !log.swept.get()
                && let Err(error) = self.sweep(log).await
            {
                tracing::warn!(log = %log.id(), %error, "files of no segment remain");
            }
            if let Some(choice) = self.choice(log, now) {
                let weight = Reverse((choice.is_overdue, choice.dirty_millionths));
                due.push((weight, log.id(), log));
            }
            self.0.runtime.yield_if_needed().await;
        }
        due.sort_unstable_by_key(|(weight, id, _)| (*weight, *id));
        let mut done = 0;
        for together in due.chunks(LOGS_TOGETHER) {
            for (_, _, log) in together {
                match self.compact_log(log, now).await {
                    Ok(true) => done += 1,
                    Ok(false) | Err(CompactError::Ended | CompactError::Changed) => {}
                    Err(error) => {
                        if let CompactError::Damaged { segment, .. } = error {
                            log.uncleanable.set(Some(segment));
                        }
                        tracing::warn!(log = %log.id(), %error, "partition not compacted");
                    }
                }
            }
            self.let_replaced_go().await?;
        }
        // What an earlier pass could not let go.
        self.let_replaced_go().await?;
        Ok(done)
    }

    /// Whether a log would be compacted now.
    pub fn is_due(&self, log: &Log, now: Timestamp) -> bool {
        self.choice(log, now).is_some()
    }

    fn choice(&self, log: &Log, now: Timestamp) -> Option<Choice> {
        let can = !self.0.migrating.get() && !self.0.low_space.get() && !self.0.stopping.get();
        let compaction = log.config().compaction.filter(|_| can && log.is_online())?;
        let state = log.state();
        let is_damaged = |name| state.segments.named(name).is_some();
        if log.uncleanable.get().is_some_and(is_damaged) {
            return None;
        }
        choose(&state, log.cleaned_to.get(), &compaction, now)
    }

    async fn compact_log(&self, log: &Rc<Log>, now: Timestamp) -> Result<bool, CompactError> {
        let Some(choice) = self.choice(log, now) else { return Ok(false) };
        if choice.must_flush {
            let _turn = self.0.flushing.acquire().await;
            self.flush_round(std::slice::from_ref(log)).await?;
        }
        self.check_in_use(log)?;
        let Some(compaction) = log.config().compaction else { return Ok(false) };
        let _at_work = AtWork::begin(log);
        let sources = sources(&log.state(), choice.until);
        let before: u64 = sources.iter().map(|source| u64::from(source.end)).sum();
        let (keys, pass) = self.read_keys(log, &sources, &choice, compaction, now).await?;
        let end = pass.end;
        if end <= choice.dirty_from {
            return Ok(false);
        }
        let (mut keys, mut after) = (keys, 0);
        for group in groups(&sources, end, log.config().segment_bytes) {
            let (bytes, back) = self.rewrite(log, group, pass.clone(), keys).await?;
            (keys, after) = (back, after + bytes);
            // What was replaced takes space until a checkpoint lets it go.
            if self.obsolete_bytes() >= OBSOLETE_BYTES {
                self.let_replaced_go().await?;
            }
        }
        log.cleaned_to.set(end);
        let left = sources.iter().filter(|source| source.name.base >= end);
        let after = after + left.map(|source| u64::from(source.end)).sum::<u64>();
        tracing::debug!(log = %log.id(), %end, before, after, keys = keys.len(), "compacted");
        self.note(|done| {
            done.compactions = 1;
            done.compacted_bytes = before.saturating_sub(after);
        });
        Ok(true)
    }

    /// The first pass: the last offset of each key in what no pass has seen.
    async fn read_keys(
        &self,
        log: &Rc<Log>,
        sources: &[Source],
        choice: &Choice,
        compaction: Compaction,
        now: Timestamp,
    ) -> Result<(KeyMap, Pass), CompactError> {
        let mut salt = [[0; 8]; 2];
        runtime::fill_random(salt.as_flattened_mut());
        let salt = salt.map(u64::from_le_bytes);
        let keys = KeyMap::new(self.0.config.key_bytes, salt);
        let batch_bytes_max =
            usize::try_from(self.0.journal.files().file_bytes() / 2).unwrap_or(usize::MAX);
        let seen = sources.partition_point(|source| source.next_offset <= choice.dirty_from);
        let dirty = sources.get(seen..).unwrap_or_default();
        let base = dirty.first().map_or(choice.dirty_from, |source| source.name.base);
        let mut scan = KeyScan::new(keys, base, choice.dirty_from, batch_bytes_max);
        'segments: for source in dirty {
            let damaged = |error| CompactError::Damaged { segment: source.name, error };
            let file = self.open_source(log, source).await?;
            let mut position = 0;
            while position < source.end {
                let began = self.begin_step();
                let piece = self.read_piece(log, &file, position, source.end).await?;
                let len = piece.1 as u64;
                position += u32::try_from(piece.1).expect("a segment is under 4 GiB");
                let step = move || {
                    let more = scan.take(piece.0.as_slice().get(..piece.1).unwrap_or_default());
                    (scan, more)
                };
                let (back, more) = self.0.housekeeping.compute(step).await?;
                scan = back;
                self.rest(log, began, len).await;
                if !more.map_err(damaged)? {
                    break 'segments;
                }
            }
            scan.end_segment(source.next_offset).map_err(damaged)?;
        }
        let (keys, end) = scan.finish();
        let (producers, tombstone_ms) = (last_offsets(log), compaction.tombstone_ms);
        let pass = Pass { log: log.id(), end, now, tombstone_ms, batch_bytes_max, producers };
        Ok((keys, pass))
    }

    /// Opens a segment's file, for itself and past the page cache: what is scanned once does not
    /// crowd out what is read.
    pub(super) async fn open_source(&self, log: &Log, source: &Source) -> io::Result<File> {
        let path = segment_path(&self.0.config.data, log.id(), source.name);
        let options = OpenOptions { direct: true, ..OpenOptions::default() };
        let _permit = self.0.background.acquire().await;
        File::open(&self.0.runtime, &path, options).await
    }

    /// The next bytes of a segment that ends at `end`, as many as a flush would write at once: a
    /// device that does one request after another lets the journal wait behind a read.
    pub(super) async fn read_piece(
        &self,
        log: &Log,
        file: &File,
        position: u32,
        end: u32,
    ) -> Result<(runtime::buffer::DmaBuf, usize), CompactError> {
        self.check_in_use(log)?;
        let piece = usize::try_from(self.0.pace.piece()).map_err(io::Error::other)?;
        let len = COMPACTION_BYTES.min(piece).min((end - position) as usize);
        let whole = len.next_multiple_of(BLOCK_BYTES);
        let permit = self.0.background.acquire().await;
        let buffer = runtime::buffer::DmaBuf::zeroed(whole);
        let (buffer, read) = file.read_at(buffer, 0, whole, u64::from(position)).await;
        drop(permit);
        if read? < len {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok((buffer, len))
    }

    pub(super) fn check_in_use(&self, log: &Log) -> Result<(), CompactError> {
        let in_use = log.is_online() && !self.0.stopping.get();
        if in_use { Ok(()) } else { Err(CompactError::Ended) }
    }
}

fn last_offsets(log: &Log) -> LastOffsets {
    let state = log.state();
    let last = state.producers.entries().filter_map(|(id, entry)| {
        let last: Option<(ProducerId, _)> = entry.batches.back().map(|last| (id, last.last_offset));
        last
    });
    Arc::new(last.collect::<FixedMap<_, _>>())
}
