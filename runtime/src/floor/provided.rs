//! The provided-buffer ring: receive buffers that the kernel takes when data comes.
//!
//! A buffer is the kernel's until a completion names it, then ours until it is given back. Few
//! buffers, used again and again, stay in the cache: that is why the ring is small. Nothing here
//! knows frames.

use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::BufRingEntry;

use super::aligned::AlignedBuffer;
use super::ring::Ring;

/// Receive buffers of one ring, all of one size.
pub(super) struct ProvidedBuffers {
    entries: AlignedBuffer,
    memory: AlignedBuffer,
    count: u16,
    size: usize,
    tail: u16,
}

impl ProvidedBuffers {
    /// Makes `count` (a power of two) buffers of `size` bytes and registers them as `group`.
    pub(super) fn new(ring: &Ring, group: u16, count: u16, size: usize) -> io::Result<Self> {
        assert!(count.is_power_of_two(), "the kernel masks indices");
        let entries = AlignedBuffer::new(usize::from(count) * size_of::<BufRingEntry>())?;
        let memory = AlignedBuffer::new(usize::from(count) * size)?;
        let mut buffers = ProvidedBuffers { entries, memory, count, size, tail: 0 };
        let address = buffers.entries.as_ptr() as u64;
        // SAFETY: the entries are page-aligned and live until `self` is dropped, which its owner
        // does after the ring.
        unsafe { ring.submitter().register_buf_ring_with_flags(address, count, group, 0) }?;
        for id in 0..count {
            buffers.give_back(id);
        }
        Ok(buffers)
    }

    /// The first `len` bytes of buffer `id`, which a completion has just named.
    pub(super) fn bytes(&self, id: u16, len: usize) -> &[u8] {
        assert!(id < self.count && len <= self.size, "the kernel fills only what it was given");
        self.memory.bytes(usize::from(id) * self.size, len)
    }

    /// Hands buffer `id` back to the kernel.
    pub(super) fn give_back(&mut self, id: u16) {
        assert!(id < self.count, "a buffer of this ring");
        let address = self.memory.at(usize::from(id) * self.size) as u64;
        let index = usize::from(self.tail & (self.count - 1));
        #[expect(clippy::cast_ptr_alignment, reason = "the entries begin on a page")]
        let first = self.entries.as_ptr().cast::<BufRingEntry>();
        // SAFETY: `index` is below `count`, for which `entries` has room.
        let slot = unsafe { first.add(index) };
        // SAFETY: the kernel reads a slot only once the tail has passed it.
        let entry = unsafe { &mut *slot };
        entry.set_addr(address);
        entry.set_len(u32::try_from(self.size).expect("buffers are small"));
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: `first` is the first entry of the ring, where the kernel keeps the tail.
        let tail = unsafe { BufRingEntry::tail(first) };
        // SAFETY: the tail is aligned, lives as long as `entries`, and is shared with the kernel
        // by atomic access only.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}
