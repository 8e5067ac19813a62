//! [`Bell`]: how another thread tells a shard that something waits for it.
//!
//! Posting costs a store, a fence and a load while the shard is awake; only a sleeping shard is
//! rung through the kernel. Who reads what was left is found by the shard itself: its tasks listen
//! to the bell.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::driver::uring;
use crate::mesh::Doorbell;

/// One shard's bell, shared by all who may ring it.
pub struct Bell {
    posted: AtomicBool,
    doorbell: Doorbell,
    event: OwnedFd,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        let event = uring::eventfd()?;
        Ok(Arc::new(Self { posted: AtomicBool::new(false), doorbell: Doorbell::new(), event }))
    }

    /// Says that something was left for the shard; wakes it if it sleeps.
    pub fn post(&self) {
        self.posted.store(true, Ordering::Release);
        if self.doorbell.must_ring() {
            uring::ring(self.event.as_fd());
        }
    }

    /// Whether something was left since the last call.
    pub(crate) fn take(&self) -> bool {
        self.is_posted() && self.posted.swap(false, Ordering::AcqRel)
    }

    /// Whether something was left, without taking note of it.
    pub(crate) fn is_posted(&self) -> bool {
        self.posted.load(Ordering::Acquire)
    }

    /// Publishes that the shard is about to sleep. `false` if it must not: something was left.
    pub(crate) fn lie_down(&self) -> bool {
        self.doorbell.may_sleep(|| !self.is_posted())
    }

    /// Publishes that the shard is awake.
    pub(crate) fn get_up(&self) {
        self.doorbell.wake();
    }

    pub(crate) fn event(&self) -> &OwnedFd {
        &self.event
    }
}
