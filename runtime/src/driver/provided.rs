//! Provided buffers: memory that the kernel picks from when data arrives, so that an idle
//! connection costs none. How many are out is how much the shard has taken in and not digested.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::BufRingEntry;

use crate::buffer::DmaBuf;

/// The only buffer group of a ring.
pub(crate) const GROUP: u16 = 0;

/// How many provided buffers a shard has, and how large each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvidedLayout {
    /// A power of two, at most 32,768.
    pub count: u16,
    /// Bytes, a multiple of 4 KiB.
    pub size: u32,
}

impl ProvidedLayout {
    fn index_mask(self) -> u16 {
        self.count - 1
    }
}

/// The buffers of one ring and the queue through which the kernel gets them.
pub(crate) struct Provided {
    layout: ProvidedLayout,
    /// The queue's entries; its tail lies in the first entry's reserved bytes.
    queue: RefCell<DmaBuf>,
    /// Owns the buffers; read and written through `start` alone, by the kernel too.
    _memory: DmaBuf,
    start: NonNull<u8>,
    tail: Cell<u16>,
    /// Buffers that the kernel has now.
    free: Cell<u16>,
    /// Who waits for a buffer to come back.
    starved: RefCell<VecDeque<std::task::Waker>>,
}

impl Provided {
    pub(crate) fn new(layout: ProvidedLayout) -> Rc<Self> {
        assert!(layout.count.is_power_of_two(), "the kernel wants a power of two");
        assert!(layout.count <= 32_768, "the kernel's limit");
        assert!(layout.size.is_multiple_of(4096), "buffers are whole pages");
        let mut memory = DmaBuf::zeroed(usize::from(layout.count) * layout.size as usize);
        let start = NonNull::new(memory.address()).expect("memory is not at address 0");
        let provided = Self {
            layout,
            queue: RefCell::new(DmaBuf::zeroed(
                usize::from(layout.count) * size_of::<BufRingEntry>(),
            )),
            _memory: memory,
            start,
            tail: Cell::new(0),
            free: Cell::new(0),
            starved: RefCell::default(),
        };
        (0..layout.count).for_each(|id| provided.give(id));
        Rc::new(provided)
    }

    /// Where the kernel finds the queue; valid as long as `self`.
    pub(crate) fn queue_address(&self) -> u64 {
        self.queue.borrow_mut().address() as u64
    }

    pub(crate) fn layout(&self) -> ProvidedLayout {
        self.layout
    }

    /// Buffers that the kernel can still fill.
    pub(crate) fn free(&self) -> u16 {
        self.free.get()
    }

    /// Whether the kernel has every buffer.
    pub(crate) fn all_home(&self) -> bool {
        self.free.get() == self.layout.count
    }

    /// Queues `waker`, to be called when a buffer has come back for it.
    pub(crate) fn wake_when_free(&self, waker: &std::task::Waker) {
        self.starved.borrow_mut().push_back(waker.clone());
    }

    /// The buffer that a completion names, with the `len` bytes that the kernel put in.
    pub(crate) fn take(self: &Rc<Self>, id: u16, len: usize) -> ReceiveBuffer {
        assert!(id < self.layout.count, "the kernel names a buffer that it was given");
        assert!(len <= self.layout.size as usize, "the kernel fills no more than a buffer");
        self.free.set(self.free.get() - 1);
        ReceiveBuffer { provided: Rc::clone(self), id, start: 0, end: len }
    }

    fn buffer(&self, id: u16) -> NonNull<u8> {
        assert!(id < self.layout.count, "only buffers of this group are named");
        let offset = usize::from(id) * self.layout.size as usize;
        // SAFETY: the memory is `count` buffers of `size` bytes, and `id` is below `count`.
        unsafe { self.start.add(offset) }
    }

    fn give(&self, id: u16) {
        let mut queue = self.queue.borrow_mut();
        let address = self.buffer(id).as_ptr() as u64;
        #[expect(clippy::cast_ptr_alignment, reason = "a DmaBuf is aligned to 4 KiB")]
        let entries = queue.address().cast::<BufRingEntry>();
        let slot = usize::from(self.tail.get() & self.layout.index_mask());
        // SAFETY: the slot is masked to the queue's length.
        let entry = unsafe { entries.add(slot) };
        // SAFETY: the entry lies in the queue, which nobody else in this process touches.
        let entry = unsafe { &mut *entry };
        entry.set_addr(address);
        entry.set_len(self.layout.size);
        entry.set_bid(id);
        let tail = self.tail.get().wrapping_add(1);
        self.tail.set(tail);
        self.free.set(self.free.get() + 1);
        // SAFETY: `entries` is the start of a live, aligned queue.
        let shared = unsafe { BufRingEntry::tail(entries) };
        // SAFETY: the kernel reads the tail concurrently; both sides treat it as an atomic.
        let shared = unsafe { AtomicU16::from_ptr(shared.cast_mut()) };
        shared.store(tail, Ordering::Release);
    }

    fn give_back(&self, id: u16) {
        self.give(id);
        let mut starved = self.starved.borrow_mut();
        // One buffer, one waiter; but when all are home nobody else would wake the rest.
        let woken = if self.all_home() { starved.len() } else { starved.len().min(1) };
        starved.drain(..woken).for_each(std::task::Waker::wake);
    }
}

/// Received bytes in a provided buffer, which goes back to the kernel when this is dropped.
///
/// It is meant to be parsed in place or copied out in the turn that reaps it.
pub struct ReceiveBuffer {
    provided: Rc<Provided>,
    id: u16,
    start: usize,
    end: usize,
}

impl ReceiveBuffer {
    /// The bytes not yet consumed.
    pub fn as_slice(&self) -> &[u8] {
        let buffer = self.provided.buffer(self.id);
        // SAFETY: `start` is at most `end`, which is at most the buffer's size.
        let first = unsafe { buffer.add(self.start) };
        // SAFETY: the memory lives as long as `provided`, which this value holds; the kernel
        // filled these bytes and does not write a buffer that it has given away.
        unsafe { std::slice::from_raw_parts(first.as_ptr(), self.end - self.start) }
    }

    /// Drops the first `len` bytes.
    pub fn consume(&mut self, len: usize) {
        assert!(len <= self.end - self.start, "only what is there can be consumed");
        self.start += len;
    }

    /// Whether everything has been consumed.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

impl Drop for ReceiveBuffer {
    fn drop(&mut self) {
        self.provided.give_back(self.id);
    }
}
