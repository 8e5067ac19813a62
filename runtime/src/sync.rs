//! Atomics, fences, cells and counted pointers: the standard library's, or loom's.
//!
//! Everything in this crate that two threads touch goes through here, so that the same source is
//! what runs and what loom explores. Loom's are taken only in this crate's own tests built with
//! `--cfg loom`; a crate that merely depends on us under that flag gets the real ones.
//!
//! Knows nothing of what is built on it.

#[cfg(all(test, loom))]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
};

#[cfg(not(all(test, loom)))]
pub(crate) use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
};

/// The standard cell behind loom's interface: the pointer is only lent to a closure, which is
/// how loom sees when an access begins and ends.
#[cfg(not(all(test, loom)))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(all(test, loom)))]
impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Lends a pointer for reading. Whoever dereferences it rules out a writer meanwhile.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Lends a pointer for writing. Whoever dereferences it rules out any other access meanwhile.
    #[inline]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
