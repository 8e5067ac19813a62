//! [`Fd`]: a file descriptor shared by its owner and the operations in flight on it. The last of
//! them closes it, through the ring, so that no close ever blocks a turn.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::rc::Rc;

/// Descriptors that await their close; the executor submits them each turn.
pub(crate) type Closing = Rc<RefCell<Vec<OwnedFd>>>;

/// A descriptor that stays open as long as anything uses it.
#[derive(Clone)]
pub(crate) struct Fd(Rc<Inner>);

struct Inner {
    raw: RawFd,
    closing: Closing,
}

impl Fd {
    pub(crate) fn new(descriptor: OwnedFd, closing: &Closing) -> Self {
        Self(Rc::new(Inner { raw: descriptor.into_raw_fd(), closing: Rc::clone(closing) }))
    }

    pub(crate) fn raw(&self) -> RawFd {
        self.0.raw
    }

    /// Takes the plain descriptor out, to be handed to another shard. `Err` while an operation
    /// still uses it.
    pub(crate) fn into_owned(self) -> Result<OwnedFd, Self> {
        let inner = Rc::try_unwrap(self.0).map_err(Self)?;
        let inner = std::mem::ManuallyDrop::new(inner);
        // SAFETY: `closing` is read exactly once; ManuallyDrop keeps it from being dropped again.
        drop(unsafe { std::ptr::read(&raw const inner.closing) });
        // SAFETY: this value was the descriptor's only owner, and gives that ownership away here.
        Ok(unsafe { OwnedFd::from_raw_fd(inner.raw) })
    }
}

impl AsRawFd for Fd {
    fn as_raw_fd(&self) -> RawFd {
        self.raw()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: the last user of the descriptor ends here and gives its ownership away.
        let descriptor = unsafe { OwnedFd::from_raw_fd(self.raw) };
        self.closing.borrow_mut().push(descriptor);
    }
}
