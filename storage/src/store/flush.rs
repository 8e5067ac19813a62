//! Flush passes: the older half of journal or tail goes to the segments, so that its files and
//! buffers can be used again.
//!
//! A pass goes in rounds of [`FLUSH_ROUND_FILES`] logs: all writes, then all syncs, then each new
//! directory once. What is left of each log, less than a block, is copied out of the way and
//! carried forward in the journal. The checkpoint that names it all comes last.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use record::HEADER_BYTES;
use runtime::local::for_each_concurrently;

use super::Store;
use super::flush_log::{Written, flushable_bytes, has_finishable};
use super::read::ReadError;
use crate::identity::CommitSequence;
use crate::journal::entry::{CARRY_PREFIX_BYTES, Entry, EntryKind};
use crate::journal::files::{RESERVED_FILES, RoomFor};
use crate::journal::ticket::{JournalFailed, Progress};
use crate::limits::{BACKGROUND_CALLS, BLOCK, FLUSH_ROUND_FILES};
use crate::log::Log;
use crate::log::span::Span;

/// A log with fewer unflushed bytes than this is carried instead, while the budget for it lasts.
const FLUSH_BYTES_MIN: u64 = 16 << 10;
/// The parts of the journal that one pass may fill with carries.
const CARRY_SHARE: u64 = 16;
/// Bytes of one carry.
const CARRY_BYTES_MAX: u32 = 1 << 20;
/// How long a pass that found no space on the disk waits before the next.
const RETRY: Duration = Duration::from_secs(1);

/// Why a pass did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The shard's journal failed.
    #[error("the shard's journal failed")]
    Journal,
    /// A file could not be written; it is tried again.
    #[error("write segments or checkpoint: {0}")]
    Io(#[from] io::Error),
}

impl From<JournalFailed> for FlushError {
    fn from(JournalFailed: JournalFailed) -> Self {
        Self::Journal
    }
}

impl Store {
    /// Runs passes as they are needed, until the store stops or its journal fails.
    pub(super) async fn run_flushes(self) {
        self.observe_commits();
        while !self.0.stopping.get() {
            let goal = self
                .0
                .flush_wanted
                .wait_until(|| {
                    if self.0.stopping.get() { Some(None) } else { self.flush_goal().map(Some) }
                })
                .await;
            let Some(through) = goal else { return };
            match self.flush_through(through).await {
                Ok(()) => {}
                Err(FlushError::Journal) => return,
                Err(FlushError::Io(error)) => {
                    tracing::error!(%error, "a flush did not reach its end; trying again");
                    self.0.runtime.sleep(RETRY).await;
                }
            }
        }
    }

    /// Up to which commit to flush, if journal or tail is half full.
    fn flush_goal(&self) -> Option<CommitSequence> {
        let durable = self.0.journal.durable_through();
        let files = self.0.journal.files();
        let half = files.count() / 2;
        let is_half_full = files.used_bytes() >= half as u64 * files.file_bytes();
        // Appends leave the reserve alone: a commit that the current file has no room for waits.
        let is_short = files.free() <= RESERVED_FILES;
        // Short of files, the oldest one alone is emptied: the reserve holds what it carries.
        let oldest = if is_short { 1 } else { half.div_ceil(2) };
        if (is_half_full || is_short)
            && let Some(last) = files.last_of_oldest(oldest)
        {
            return Some(last.min(durable));
        }
        drop(files);
        if self.0.tail_usage.bytes() < self.0.config.tail_bytes / 2 {
            return None;
        }
        let oldest = self.oldest_needed()?;
        // Commits are of like size: the older half by number is about the older half by bytes.
        let middle = CommitSequence(oldest.0 + (durable.0.saturating_sub(oldest.0)) / 2);
        (middle <= durable && oldest <= middle).then_some(middle)
    }

    /// The oldest commit that any log's unflushed bytes need.
    pub(super) fn oldest_needed(&self) -> Option<CommitSequence> {
        let logs = self.0.logs.borrow();
        let living = logs.values().filter(|log| !log.is_deleted());
        living.filter_map(|log| log.state().needed_since()).min()
    }

    /// Flushes or carries whatever commits up to `through` hold, writes a checkpoint, and frees
    /// the journal files that nothing needs any more.
    pub async fn flush_through(&self, through: CommitSequence) -> Result<(), FlushError> {
        let _turn = self.0.flushing.acquire().await;
        let mut targets: Vec<(u64, Rc<Log>)> = self
            .logs()
            .into_iter()
            .filter(|log| log.state().needed_since().is_some_and(|since| since <= through))
            .map(|log| {
                let bytes = flushable_bytes(&log.state());
                (bytes, log)
            })
            .collect();
        targets.sort_by_key(|(bytes, log)| (*bytes, log.id()));
        let flushed = self.split_off_carried(&mut targets);
        let mut first_error = None;
        for round in flushed.chunks(FLUSH_ROUND_FILES) {
            if let Err(error) = self.flush_round(round).await {
                first_error.get_or_insert(error);
            }
        }
        for log in flushed.iter().chain(targets.iter().map(|(_, log)| log)) {
            self.carry(log, through).await?;
            self.0.runtime.yield_if_needed().await;
        }
        self.checkpoint_and_release().await?;
        self.note(|done| done.flush_passes = 1);
        first_error.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Leaves in `targets` the logs that are only carried: those with the least to flush, as long
    /// as every log's remainder still fits the budget, and those whose disk fails.
    fn split_off_carried(&self, targets: &mut Vec<(u64, Rc<Log>)>) -> Vec<Rc<Log>> {
        let remainders = targets.len() as u64 * BLOCK;
        let mut budget = (self.0.config.journal_bytes() / CARRY_SHARE).saturating_sub(remainders);
        let mut flushed = Vec::new();
        targets.retain(|(bytes, log)| {
            let must_flush = has_finishable(&log.state());
            let carried = *bytes == 0
                || !log.is_online()
                || (*bytes < FLUSH_BYTES_MIN && *bytes <= budget && !must_flush);
            if carried && !(must_flush && log.is_online()) {
                budget = budget.saturating_sub(*bytes);
                return true;
            }
            flushed.push(Rc::clone(log));
            false
        });
        flushed
    }

    pub(super) async fn flush_round(&self, logs: &[Rc<Log>]) -> io::Result<()> {
        let written = std::cell::RefCell::new(Vec::<Written>::new());
        for_each_concurrently(logs, BACKGROUND_CALLS, |log| {
            let written = &written;
            async move {
                if !log.is_online() || log.busy.replace(true) {
                    return Ok(());
                }
                let result = self.write_log(log).await;
                log.busy.set(false);
                match result {
                    Ok(parts) => written.borrow_mut().extend(parts),
                    Err(error) => Self::on_segment_error(log, error)?,
                }
                Ok::<_, io::Error>(())
            }
        })
        .await?;
        let written = written.into_inner();
        for_each_concurrently(&written, BACKGROUND_CALLS, |part| self.sync_written(part)).await?;
        let directories: BTreeSet<&PathBuf> =
            written.iter().flat_map(|part| &part.directories).collect();
        for_each_concurrently(directories, BACKGROUND_CALLS, |directory| async move {
            let _permit = self.0.background.acquire().await;
            runtime::sync_directory(&self.0.runtime, directory).await
        })
        .await?;
        for part in written {
            let (log, segment) = (Rc::clone(&part.log), part.segment);
            if let Err(error) = self.settle(part).await {
                tracing::warn!(log = %log.id(), %segment, %error, "index not written");
            }
            self.0.runtime.yield_if_needed().await;
        }
        Ok(())
    }

    /// A full disk is everybody's: the pass is tried again. Any other error is this log's alone.
    fn on_segment_error(log: &Log, error: ReadError) -> io::Result<()> {
        match error {
            ReadError::Io(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
            ReadError::Deleted | ReadError::Replaced => Ok(()),
            other => {
                log.take_offline(other.to_string());
                Ok(())
            }
        }
    }

    /// Copies what commits up to `through` hold of a log, and no file has, out of the tail's
    /// buffers, and carries it forward in the journal.
    async fn carry(&self, log: &Rc<Log>, through: CommitSequence) -> Result<(), FlushError> {
        let journal = &self.0.journal;
        let is_needed = || {
            let since = log.state().needed_since();
            !log.is_deleted() && since.is_some_and(|since| since <= through)
        };
        while is_needed() {
            let room = journal.room();
            room.wait_until(|| {
                if journal.is_failed() {
                    return Some(Err(JournalFailed));
                }
                let bytes = self.carry_bytes_max() as usize + CARRY_PREFIX_BYTES;
                journal.has_room(bytes, 1, RoomFor::Carries).then_some(Ok(()))
            })
            .await?;
            // It may have been deleted meanwhile: nothing comes behind its death.
            if !is_needed() {
                return Ok(());
            }
            self.carry_some(log, through);
            self.0.runtime.yield_if_needed().await;
        }
        Ok(())
    }

    /// Bytes of one carry: it must fit a commit that fits a file.
    fn carry_bytes_max(&self) -> u32 {
        let quarter = self.0.journal.files().file_bytes() / 4;
        u32::try_from(quarter).unwrap_or(u32::MAX).min(CARRY_BYTES_MAX)
    }

    /// One carry, at most about that many bytes.
    fn carry_some(&self, log: &Rc<Log>, through: CommitSequence) {
        let mut state = log.state_mut();
        let spans = state.tail.held_by(through, self.carry_bytes_max());
        let Some(first) = spans.clone().next() else { return };
        let (segment, start) = (first.segment, first.position);
        let end = spans.clone().last().map_or(start, Span::end);
        let mut prefix = [0; CARRY_PREFIX_BYTES];
        if let (Some(header), Some(front)) = (&first.header, prefix.first_chunk_mut()) {
            let front: &mut [u8; HEADER_BYTES] = front;
            *front = **header;
        }
        let entry = Entry {
            kind: EntryKind::Carry,
            log: log.id(),
            leader_epoch: state.leader_epoch,
            base_offset: first.base_offset,
            segment,
            segment_position: start,
            batch_position: first.batch_position,
            len: 0,
            position: 0,
            crc: 0,
        };
        let pool = self.0.runtime.pool();
        let mut chunk = pool.chunk_counted((end - start) as usize, &self.0.tail_usage);
        spans.for_each(|span| chunk.append(span.bytes.as_slice()));
        let copy = chunk.freeze();
        let sequence = self.0.journal.open().sequence();
        self.0.journal.carry(entry, &prefix, &copy);
        self.note(|done| done.carried_bytes = copy.len() as u64);
        state.tail.carried_by(sequence, segment, (start, end), &copy);
    }

    /// Writes a checkpoint and frees the journal files before everything that is still needed.
    pub(super) async fn checkpoint_and_release(&self) -> Result<(), FlushError> {
        let floor = self.checkpoint().await?;
        if !self.0.migrating.get() {
            let released = self.0.journal.release_before(floor);
            tracing::debug!(floor = floor.0, released = released.len(), "checkpoint");
        }
        Ok(())
    }

    fn observe_commits(&self) {
        let store = Rc::downgrade(&self.0);
        self.0.journal.on_commit(move |commit| {
            if let Some(inner) = store.upgrade() {
                inner.pace.committed(commit.bytes);
                inner.flush_wanted.notify();
            }
        });
        // Only what is durable can be flushed to the end.
        let store = Rc::downgrade(&self.0);
        self.0.journal.on_barrier(move || {
            if let Some(inner) = store.upgrade() {
                inner.flush_wanted.notify();
            }
        });
    }

    /// Waits until everything that is staged now is durable.
    pub(super) async fn barrier(&self) -> Result<CommitSequence, JournalFailed> {
        let ticket = self.0.journal.barrier()?;
        ticket.reached(Progress::Durable).await?;
        Ok(ticket.sequence())
    }
}
