//! Writing the checkpoint of a running store: fuzzy, in slices, named only when complete.
//!
//! Each log is copied as it is at its moment, staged batches included. The file is named only
//! after everything that was staged while copying is durable, so a checkpoint never knows more
//! than the journal; replay skips what a record has already.

use super::Store;
use super::flush::FlushError;
use crate::checkpoint::record::LogRecord;
use crate::checkpoint::writer::{CheckpointWriter, checkpoint_path};
use crate::identity::CommitSequence;
use crate::superblock::CheckpointRef;

impl Store {
    /// Writes a checkpoint. Durable when it resolves. Returns its floor: no commit before is
    /// needed any more. Waits for one that is being written; dropping the future leaves the one
    /// before in force.
    pub async fn checkpoint(&self) -> Result<CommitSequence, FlushError> {
        let _turn = self.0.checkpointing.acquire().await;
        self.checkpoint_in_turn().await
    }

    /// The same, for who has the turn already.
    pub(super) async fn checkpoint_in_turn(&self) -> Result<CommitSequence, FlushError> {
        // What is needed now, not at the end: a flush that goes on meanwhile needs less, but the
        // records below may be from before it.
        let started = self.0.journal.open().sequence();
        let needed = self.oldest_needed().map_or(started, |needed| needed.min(started));
        let (slot, number) = {
            let superblock = self.0.superblock.borrow();
            let named = [superblock.checkpoint, superblock.pending].into_iter().flatten();
            let number = named.clone().map(|named| named.number).max().unwrap_or(0) + 1;
            // Under migration both the old and the last pending one must stay.
            let kept = if self.0.migrating.get() {
                superblock.checkpoint
            } else {
                named.max_by_key(|named| named.number)
            };
            (kept.map_or(0, |kept| 1 - kept.slot.min(1)), number)
        };
        let path = checkpoint_path(&self.0.journal_directory, slot);
        let mut writer = CheckpointWriter::create(&self.0.runtime, &path).await?;
        for log in self.logs() {
            if log.is_deleted() {
                continue;
            }
            let record = LogRecord::of(&log.state(), self.0.journal.open().sequence());
            writer.add(&record);
            if writer.is_full() {
                writer.write_pending().await?;
            }
            self.0.runtime.yield_if_needed().await;
        }
        let (len, crc) = writer.finish().await?;
        runtime::sync_directory(&self.0.runtime, &self.0.journal_directory).await?;
        self.barrier().await?;
        let generation = self.0.superblock.borrow().generation;
        let reference = CheckpointRef { slot, generation, number, len, crc, floor: needed.0 };
        let migrating = self.0.migrating.get();
        self.change_superblock(|superblock| {
            if migrating {
                superblock.pending = Some(reference);
            } else {
                superblock.checkpoint = Some(reference);
                superblock.pending = None;
                superblock.ends.retain(|end| end.last >= needed.0);
            }
        })
        .await?;
        self.note(|done| done.checkpoints = 1);
        Ok(needed)
    }
}
