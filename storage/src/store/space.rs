//! Watching the free space: acknowledged bytes always have room to become segments.

use std::time::Duration;

use super::Store;

/// How often the free space is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// Free space that is kept beside what the journal still owes the segments.
const RESERVE_BYTES: u64 = 256 << 20;

impl Store {
    /// Looks at the free space every second until the store stops. Appends are refused while
    /// there is less than the journal's unflushed bytes and the reserve.
    pub(super) async fn watch_space(self) {
        while !self.0.stopping.get() {
            self.look_at_space();
            self.0.runtime.sleep(INTERVAL).await;
        }
    }

    fn look_at_space(&self) {
        let free = match runtime::free_bytes(&self.0.config.data) {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "the free space can not be read");
                return;
            }
        };
        let owed = self.0.journal.files().used_bytes();
        let low = free < owed + RESERVE_BYTES;
        if self.0.low_space.replace(low) != low {
            if low {
                tracing::error!(free, owed, "too little free space: appends are refused");
            } else {
                tracing::info!(free, "enough free space again: appends are taken");
            }
        }
    }
}
