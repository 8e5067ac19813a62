//! A bounded ring for one producer and one consumer: values leave in the order they came in.
//!
//! Guarantees: no lock, no allocation after [`channel`], no system call; a value is moved in and
//! moved out once; what was sent and not received is dropped with the ring. A full ring gives the
//! value back, an empty one gives `None`: nobody ever waits here.
//!
//! ```text
//!            head (consumer writes)        tail (producer writes)
//!              |                             |
//!   slots: [ . | full | full | full | full | . | . | . ]     full = tail - head
//! ```
//!
//! Both positions count for ever and wrap with `usize`; a slot's index is its position modulo the
//! capacity, which is a power of two so that the wrap is seamless. Each side keeps the other's
//! position as it last saw it and looks again only when that one says "full" or "empty": in a
//! stream of messages the two cores exchange the cache line of a position once per batch and not
//! once per message.
//!
//! Does not know what it carries, nor how the other side is woken: see [`super::Doorbell`].

use std::mem::MaybeUninit;

use crate::sync::{Arc, AtomicUsize, Ordering, UnsafeCell};

#[cfg(test)]
mod tests;

/// Keeps its content away from its neighbours' cache lines. 128 bytes: x86 fetches lines of 64 in
/// pairs, and some ARM cores have lines of 128.
#[repr(align(128))]
struct Padded<T>(T);

/// What both sides share.
struct Ring<T> {
    /// The position of the next value to receive. Only the receiver stores it.
    head: Padded<AtomicUsize>,
    /// The position of the next value to send. Only the sender stores it.
    tail: Padded<AtomicUsize>,
    /// The slots from `head` to `tail` hold a value each, the others none.
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
}

// SAFETY: a slot is touched by one side at a time: the sender's alone until `tail` passes it, the
// receiver's alone until `head` does, and both stores are releases that the other side acquires.
// A value thus only moves from one thread to the other, which `T: Send` permits.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    /// The slot of a position.
    #[inline]
    fn slot(&self, position: usize) -> &UnsafeCell<MaybeUninit<T>> {
        &self.slots[position & (self.slots.len() - 1)]
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        // Both sides are gone, and the counted pointer has ordered all they did before this.
        let tail = self.tail.0.load(Ordering::Relaxed);
        let mut head = self.head.0.load(Ordering::Relaxed);
        assert!(tail.wrapping_sub(head) <= self.slots.len(), "never more values than slots");
        while head != tail {
            let value = self.slot(head).with(|slot| {
                // SAFETY: the slots from `head` to `tail` are initialised, and `head` steps past
                // this one, so that it is read out once.
                unsafe { slot.cast::<T>().read() }
            });
            drop(value);
            head = head.wrapping_add(1);
        }
    }
}

/// The end that values go in.
pub struct Sender<T> {
    ring: Arc<Ring<T>>,
    /// Our own position, which nobody else stores.
    tail: usize,
    /// The receiver's position as last seen: it may have moved on, never back.
    head_seen: usize,
}

/// The end that values come out.
pub struct Receiver<T> {
    ring: Arc<Ring<T>>,
    /// Our own position, which nobody else stores.
    head: usize,
    /// The sender's position as last seen: it may have moved on, never back.
    tail_seen: usize,
}

/// A ring for `capacity` values; `capacity` must be a power of two.
pub fn channel<T: Send>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel_from(capacity, 0)
}

/// A ring whose positions start at `start`: any will do, which a test proves at the wrap.
fn channel_from<T: Send>(capacity: usize, start: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity.is_power_of_two(), "a ring's capacity is a power of two");
    let slots = (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
    let head = Padded(AtomicUsize::new(start));
    let tail = Padded(AtomicUsize::new(start));
    let ring = Arc::new(Ring { head, tail, slots });
    let sender = Sender { ring: Arc::clone(&ring), tail: start, head_seen: start };
    (sender, Receiver { ring, head: start, tail_seen: start })
}

impl<T: Send> Sender<T> {
    /// Puts `value` in, or gives it back if the ring is full.
    #[inline]
    pub fn try_send(&mut self, value: T) -> Result<(), T> {
        if self.tail.wrapping_sub(self.head_seen) == self.capacity() {
            // Acquire: the receiver has read the slots that it gave back before we write them.
            self.head_seen = self.ring.head.0.load(Ordering::Acquire);
            if self.tail.wrapping_sub(self.head_seen) == self.capacity() {
                return Err(value);
            }
        }
        debug_assert!(self.tail.wrapping_sub(self.head_seen) < self.capacity());
        self.ring.slot(self.tail).with_mut(|slot| {
            // SAFETY: the slot at `tail` is ours: `head` is less than a capacity behind, so the
            // receiver is done with it and will not look at it before the store below.
            unsafe { slot.cast::<T>().write(value) }
        });
        self.tail = self.tail.wrapping_add(1);
        // Release: who sees the new tail sees the value.
        self.ring.tail.0.store(self.tail, Ordering::Release);
        Ok(())
    }
}

impl<T> Sender<T> {
    /// How many values the ring takes at least before it is full: the receiver can only add room.
    #[inline]
    pub fn free(&self) -> usize {
        self.capacity() - self.len()
    }

    /// How many values lie in the ring at most: the receiver can only take some out.
    #[inline]
    pub fn len(&self) -> usize {
        // Relaxed: a count touches no slot, and a send that needs the room acquires by itself.
        self.tail.wrapping_sub(self.ring.head.0.load(Ordering::Relaxed))
    }

    /// Whether the receiver has taken everything that was sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values fit.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.ring.slots.len()
    }
}

impl<T: Send> Receiver<T> {
    /// Takes the oldest value out, `None` if there is none yet.
    #[inline]
    pub fn try_recv(&mut self) -> Option<T> {
        if self.head == self.tail_seen {
            // Acquire: the values behind the new tail are written before we read them.
            self.tail_seen = self.ring.tail.0.load(Ordering::Acquire);
            if self.head == self.tail_seen {
                return None;
            }
        }
        debug_assert!(self.tail_seen.wrapping_sub(self.head) <= self.capacity());
        let value = self.ring.slot(self.head).with(|slot| {
            // SAFETY: the slot at `head` lies before `tail`, so the sender wrote it and will not
            // touch it before the store below; `head` then steps past it, so it is read out once.
            unsafe { slot.cast::<T>().read() }
        });
        self.head = self.head.wrapping_add(1);
        // Release: who sees the new head finds the slot read out.
        self.ring.head.0.store(self.head, Ordering::Release);
        Some(value)
    }
}

impl<T> Receiver<T> {
    /// How many values lie in the ring at least: the sender can only add some.
    #[inline]
    pub fn len(&self) -> usize {
        // Relaxed: a count touches no slot, and a receive acquires by itself.
        self.ring.tail.0.load(Ordering::Relaxed).wrapping_sub(self.head)
    }

    /// Whether there was nothing to receive at the time of asking.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values fit.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.ring.slots.len()
    }
}
