//! A changed shard count: logs move to their new owners' journals before anything is served.
//!
//! Until the layout names the new count, nothing of the old journals is let go and the new
//! checkpoints are only pending, so a crash at any point starts over from the old state.

use super::Store;
use super::flush::FlushError;
use crate::identity::CommitSequence;

impl Store {
    /// Flushes what was recovered, carries the remainders into this journal, and writes a pending
    /// checkpoint. When it resolves, this shard's logs depend on no other journal.
    pub async fn take_over(&self) -> Result<(), FlushError> {
        // The commits that hold these bytes are of other journals: older than all of this one.
        for log in self.logs() {
            log.state_mut().tail.held_elsewhere();
        }
        self.flush_through(CommitSequence::ZERO).await
    }

    /// The layout names the new count: the pending checkpoint is in force, and the journal files
    /// from before are free.
    pub async fn finish_migration(&self) -> Result<(), FlushError> {
        self.set_migrating(false);
        self.checkpoint_and_release().await
    }
}
