//! [`Usage`]: how many bytes of memory a budget has out, wherever they are held.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count of bytes. Clones count together; buffers may be let go of on any thread.
#[derive(Clone, Debug, Default)]
pub struct Usage(Arc<AtomicUsize>);

impl Usage {
    /// Bytes of all buffers that are counted here and still held by somebody.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, bytes: usize) {
        let before = self.0.fetch_sub(bytes, Ordering::Relaxed);
        assert!(before >= bytes, "only what was counted is let go");
    }
}
