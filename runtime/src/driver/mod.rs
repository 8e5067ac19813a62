//! What a shard asks of the world below it, and how the answers come back.
//!
//! The driver is an enum so that a simulated world can stand in for the kernel without a change
//! above: it takes [`op::Op`] values and posts completions by key. Today there is one variant.

pub(crate) mod inflight;
pub(crate) mod op;
pub(crate) mod probe;
pub(crate) mod provided;
pub(crate) mod uring;

use std::io;
use std::time::Duration;

use self::inflight::{Completion, Key};
use self::op::Op;
use self::uring::Uring;

/// Where operations go.
pub(crate) enum Driver {
    /// The kernel.
    Uring(Uring),
}

impl Driver {
    /// Queues one operation under its key.
    pub(crate) fn push(&mut self, key: Key, op: &mut Op) {
        match self {
            Self::Uring(uring) => uring.push(key, op),
        }
    }

    /// The next `count` operations will be submitted together.
    pub(crate) fn make_room(&mut self, count: usize) {
        match self {
            Self::Uring(uring) => uring.make_room(count),
        }
    }

    /// Whether [`Driver::submit`] would do anything.
    pub(crate) fn wants_submit(&mut self) -> bool {
        match self {
            Self::Uring(uring) => uring.wants_enter(),
        }
    }

    /// Submits what is queued and collects what is ready, without waiting.
    pub(crate) fn submit(&mut self) -> io::Result<()> {
        match self {
            Self::Uring(uring) => uring.submit(),
        }
    }

    /// Submits what is queued and waits for a completion, at most `timeout`.
    pub(crate) fn sleep(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Uring(uring) => uring.submit_and_sleep(timeout),
        }
    }

    /// Whether completions wait to be reaped.
    pub(crate) fn has_completions(&mut self) -> bool {
        match self {
            Self::Uring(uring) => uring.has_completions(),
        }
    }

    /// Moves up to `max` completions to `events`, each with whether more of its operation follow.
    pub(crate) fn reap(&mut self, max: usize, events: &mut Vec<(u64, Completion, bool)>) {
        match self {
            Self::Uring(uring) => uring.reap(max, events),
        }
    }
}
