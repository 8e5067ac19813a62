//! [`Safety`]: what an append waits for.

use std::time::Duration;

/// When a batch can be read and its ack condition, as its topic's settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safety {
    /// Readable when written or mirrored; else when durable.
    pub relaxed: bool,
    /// The commit must end with a barrier.
    pub barrier: bool,
    /// `flush.ms`, for a commit that need not.
    pub barrier_within: Option<Duration>,
}
