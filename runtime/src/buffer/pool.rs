//! A shard's free buffers, by size, so that a steady stream of them costs no page faults.
//!
//! Buffers come back over a bounded `flume` channel: the last holder may be another shard.
//! What the channel has no room for is given back to the system at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::block::{BLOCK_ALIGNMENT, Block};
use super::{Chunk, DmaBuf, Usage};

/// The way back to a pool; held by each of its buffers.
#[derive(Clone)]
pub(super) struct Home {
    returned: flume::Sender<Block>,
    /// Bytes that are queued, and how many may be: nobody sorts them in while nobody asks.
    queued: Arc<AtomicUsize>,
    queued_max: usize,
}

impl Home {
    /// Queues the block for reuse; frees it if the queue is full or the pool is gone.
    pub(super) fn take_back(&self, block: Block) {
        let bytes = block.capacity();
        // Only a bound on memory hangs on the count, no other memory's order.
        let queued = self.queued.fetch_add(bytes, Ordering::Relaxed);
        if queued + bytes > self.queued_max || self.returned.try_send(block).is_err() {
            self.queued.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// How many returned buffers may wait to be sorted in.
const RETURNED_MAX: usize = 1024;
/// Smaller buffers are not worth keeping: the system's allocator is as fast.
const POOLED_MIN: usize = 64 * 1024;
/// Four sizes to each power of two, so that a buffer is at most a quarter too large; up to 8 MiB.
/// Larger ones are rare, and each would keep much from the rest of the machine.
const CLASSES: usize = 29;

/// A shard's source of buffers. Cheap to clone; stays on its shard.
#[derive(Clone)]
pub struct Pool(Rc<Inner>);

struct Inner {
    home: Home,
    returned: flume::Receiver<Block>,
    /// Free buffers by size class, from [`POOLED_MIN`].
    free: RefCell<[Vec<Block>; CLASSES]>,
    free_bytes: Cell<usize>,
    free_bytes_max: usize,
    asked: Cell<bool>,
}

impl Pool {
    /// A pool that keeps at most `free_bytes_max` unused bytes.
    pub fn new(free_bytes_max: usize) -> Self {
        let (sender, returned) = flume::bounded(RETURNED_MAX);
        Self(Rc::new(Inner {
            home: Home { returned: sender, queued: Arc::default(), queued_max: free_bytes_max },
            returned,
            free: RefCell::new(std::array::from_fn(|_| Vec::new())),
            free_bytes: Cell::new(0),
            free_bytes_max,
            asked: Cell::new(false),
        }))
    }

    /// A buffer of at least `capacity` bytes, contents unspecified but initialised.
    pub fn dma(&self, capacity: usize) -> DmaBuf {
        DmaBuf::from_block(self.block(capacity))
    }

    /// An empty chunk of at least `capacity` bytes.
    pub fn chunk(&self, capacity: usize) -> Chunk {
        Chunk::from_block(self.block(capacity))
    }

    /// The same, counted in `usage` for as long as it or a slice of it lives.
    pub fn chunk_counted(&self, capacity: usize, usage: &Usage) -> Chunk {
        let mut block = self.block(capacity);
        block.set_usage(usage);
        Chunk::from_block(block)
    }

    /// Bytes that are kept for reuse now.
    pub fn free_bytes(&self) -> usize {
        self.sort_in();
        self.0.free_bytes.get()
    }

    /// Gives all unused memory back to the system.
    pub fn release(&self) {
        self.sort_in();
        self.0.free.borrow_mut().iter_mut().for_each(Vec::clear);
        self.0.free_bytes.set(0);
    }

    /// Gives unused memory back if none was asked for since the last call: the shard is idle.
    pub fn release_idle(&self) {
        if !self.0.asked.replace(false) {
            self.release();
        }
    }

    fn block(&self, capacity: usize) -> Block {
        if capacity < POOLED_MIN {
            return Block::allocate(capacity);
        }
        self.0.asked.set(true);
        let (class, size) = class_for(capacity);
        if class >= CLASSES {
            return Block::allocate(capacity);
        }
        self.sort_in();
        let reused = self.0.free.borrow_mut()[class].pop();
        let mut block = match reused {
            Some(block) => {
                self.0.free_bytes.set(self.0.free_bytes.get() - block.capacity());
                block
            }
            None => Block::allocate(size),
        };
        block.set_home(self.0.home.clone());
        block
    }

    fn sort_in(&self) {
        let mut free = self.0.free.borrow_mut();
        while let Ok(block) = self.0.returned.try_recv() {
            self.0.home.queued.fetch_sub(block.capacity(), Ordering::Relaxed);
            let bytes = self.0.free_bytes.get() + block.capacity();
            let (class, size) = class_for(block.capacity());
            debug_assert_eq!(size, block.capacity(), "pooled blocks have a class's size");
            if bytes <= self.0.free_bytes_max {
                self.0.free_bytes.set(bytes);
                free[class].push(block);
            }
        }
    }
}

/// The smallest class that holds `capacity`, and its size.
fn class_for(capacity: usize) -> (usize, usize) {
    debug_assert!(capacity >= POOLED_MIN);
    let power = capacity.ilog2();
    let quarter = 1_usize << (power - 2);
    let quarters = (capacity - (1 << power)).div_ceil(quarter);
    let class = (power - POOLED_MIN.ilog2()) as usize * 4 + quarters;
    debug_assert!(quarter.is_multiple_of(BLOCK_ALIGNMENT));
    (class, (4 + quarters) * quarter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_returned_buffer_is_used_again() {
        let pool = Pool::new(1 << 20);
        let first = pool.dma(100_000);
        let address = first.as_slice().as_ptr();
        drop(first);
        assert_eq!(pool.free_bytes(), 114_688);
        assert_eq!(pool.dma(114_688).as_slice().as_ptr(), address);
        assert_eq!(pool.free_bytes(), 114_688);
    }

    #[test]
    fn a_buffer_is_at_most_a_quarter_too_large() {
        for capacity in [65_536, 65_537, 81_920, 100_000, 1 << 20, (1 << 20) + 300, 33 << 20] {
            let (class, size) = class_for(capacity);
            assert!(size >= capacity && size <= capacity + capacity / 4, "{capacity} -> {size}");
            assert_eq!(class_for(size), (class, size));
        }
    }

    #[test]
    fn what_is_held_is_counted_until_the_last_holder_lets_go() {
        let (pool, usage) = (Pool::new(1 << 20), Usage::default());
        let mut chunk = pool.chunk_counted(64 * 1024, &usage);
        chunk.append(b"x");
        let slice = chunk.freeze();
        drop(chunk);
        assert_eq!(usage.bytes(), 64 * 1024);
        drop(slice);
        assert_eq!(usage.bytes(), 0);
    }

    #[test]
    fn unused_memory_is_bounded_and_can_be_released() {
        let pool = Pool::new(128 * 1024);
        let buffers: Vec<_> = (0..4).map(|_| pool.dma(64 * 1024)).collect();
        drop(buffers);
        assert_eq!(pool.free_bytes(), 128 * 1024);
        pool.release();
        assert_eq!(pool.free_bytes(), 0);
    }

    #[test]
    fn what_comes_back_is_bounded_though_nobody_asks_for_more() {
        let pool = Pool::new(128 * 1024);
        let buffers: Vec<_> = (0..9).map(|_| pool.dma(64 * 1024)).collect();
        drop(buffers);
        assert_eq!(pool.0.returned.len(), 2);
        assert_eq!(pool.free_bytes(), 128 * 1024);
        drop(pool.dma((8 << 20) + 1));
        assert_eq!(pool.0.returned.len(), 0, "the largest are not kept");
        let mapped = pool.dma(1 << 20);
        assert!(mapped.as_slice().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_buffer_comes_home_from_another_thread() {
        let pool = Pool::new(1 << 20);
        let mut chunk = pool.chunk(64 * 1024);
        chunk.append(b"bytes");
        let slice = chunk.freeze();
        drop(chunk);
        std::thread::spawn(move || assert_eq!(slice.as_slice(), b"bytes")).join().unwrap();
        assert_eq!(pool.free_bytes(), 64 * 1024);
    }

    #[test]
    fn a_pool_may_end_before_its_buffers() {
        let pool = Pool::new(1 << 20);
        let buffer = pool.dma(64 * 1024);
        drop(pool);
        assert_eq!(buffer.as_slice().len(), 64 * 1024);
    }
}
