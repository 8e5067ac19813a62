//! The wake-up of a sleeping shard: rung when it sleeps, and only then.
//!
//! Guarantees: what a shard was sent before it fell asleep, or while it does, is either seen by its
//! last look around or rung for. No wake-up is lost; one too many may come and must be harmless.
//!
//! ```text
//!   sleeper                              sender
//!   publish "sleeping"                   push into a ring
//!   fence                                fence
//!   look into every ring once more       "sleeping"?  then take the flag and ring
//!   all empty: sleep
//! ```
//!
//! Each side writes its own word and then reads the other's. Without the two fences both reads may
//! be served from before the other's write (x86 does it: the store waits in the store buffer while
//! the load runs ahead), the sender then sees nobody asleep, the sleeper sees an empty ring, and
//! the message lies there until something else happens. Of two sequentially consistent fences one
//! comes first, and whoever fences second sees what the first had written. Loom shows both: the
//! tests explore every interleaving and pass; with either fence taken out (done by hand on
//! 2026-11-21, not kept as a failing test) all four fail within 20 ms, those with a bare flag by
//! "asleep with a message waiting and nobody ringing", those with a real sleep by "deadlock".
//!
//! Does not know how a shard sleeps, nor how it is woken: the driver's eventfd or
//! `IORING_OP_MSG_RING` must count a ring that comes before the sleep, as both do.

use crate::sync::{AtomicBool, Ordering, fence};

#[cfg(test)]
mod tests;

/// One shard's doorbell; every shard that sends to it has a reference.
///
/// Alone on its cache lines, since all senders read it after every batch they push.
#[repr(align(128))]
#[derive(Debug)]
pub struct Doorbell {
    sleeping: AtomicBool,
}

impl Default for Doorbell {
    fn default() -> Self {
        Self::new()
    }
}

impl Doorbell {
    /// The doorbell of a shard that is awake.
    // Not const: loom's atomic can not be made in a constant.
    #[allow(clippy::missing_const_for_fn, reason = "loom's atomic is made at run time")]
    pub fn new() -> Self {
        Self { sleeping: AtomicBool::new(false) }
    }

    /// Called by the owner before it sleeps: publishes that it does, then asks `nothing_waits`,
    /// which looks into every inbound ring (and whatever else must not be slept through).
    ///
    /// True: it may sleep, and whoever sends from now on rings. False: there is work, the owner
    /// counts as awake again; a ring that some sender already sent may still come in.
    #[must_use]
    pub fn may_sleep(&self, nothing_waits: impl FnOnce() -> bool) -> bool {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let may_sleep = nothing_waits();
        if !may_sleep {
            self.wake();
        }
        may_sleep
    }

    /// Called by the owner when it has woken, for whatever reason: senders need not ring any more.
    pub fn wake(&self) {
        // Relaxed: a sender that still reads "sleeping" rings once too often, nothing more.
        self.sleeping.store(false, Ordering::Relaxed);
    }

    /// Called by a sender after a push, or once after several: whether it must ring now.
    ///
    /// True is said to one sender per sleep, which has to keep it: the others rely on that ring.
    /// The fence waits for the store buffer to drain, so push a turn's messages first and ask once
    /// per target.
    #[must_use]
    pub fn must_ring(&self) -> bool {
        fence(Ordering::SeqCst);
        // The plain load keeps the line shared between the senders of a shard that is awake. An
        // exchange and not a swap: who finds nobody asleep any more has nothing to write.
        self.sleeping.load(Ordering::Relaxed)
            && self
                .sleeping
                .compare_exchange(true, false, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}
