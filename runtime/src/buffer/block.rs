//! One aligned allocation and the way home: the owner type under every buffer of this crate.

use std::alloc::{Layout, handle_alloc_error};
use std::ptr::{self, NonNull};

use super::pool::Home;
use super::usage::Usage;

/// Every buffer starts on this boundary and is a multiple of it long: enough for `O_DIRECT` on
/// any device with blocks of up to 4 KiB.
pub const BLOCK_ALIGNMENT: usize = 4096;

/// From this size on memory is mapped by itself: the system's allocator would write the zeros of an
/// aligned buffer, which costs time, and a frame's announced length would cost its memory before a
/// byte of it has come.
const MAPPED_MIN: usize = 256 << 10;

/// Memory of a fixed capacity, always initialised, owned by whoever holds the value.
pub(super) struct Block {
    memory: NonNull<u8>,
    capacity: usize,
    home: Option<Home>,
    usage: Option<Usage>,
}

// SAFETY: a Block owns its memory alone; moving it to another thread moves that ownership.
unsafe impl Send for Block {}
// SAFETY: through a shared reference a Block gives only its address and capacity; who may read
// or write which bytes is decided by DmaBuf, Chunk and Slice.
unsafe impl Sync for Block {}

impl Block {
    /// Zeroed memory of at least `capacity` bytes, rounded up to [`BLOCK_ALIGNMENT`].
    pub(super) fn allocate(capacity: usize) -> Self {
        let capacity = capacity.max(1).next_multiple_of(BLOCK_ALIGNMENT);
        let memory = if capacity < MAPPED_MIN {
            // SAFETY: the layout is not empty: capacity is at least one alignment.
            unsafe { std::alloc::alloc_zeroed(layout(capacity)) }
        } else {
            map(capacity)
        };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout(capacity)) };
        Self { memory, capacity, home: None, usage: None }
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.memory
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Counts the block in `usage` until its holder lets go of it.
    pub(super) fn set_usage(&mut self, usage: &Usage) {
        assert!(self.usage.is_none(), "a block is counted once");
        usage.add(self.capacity);
        self.usage = Some(usage.clone());
    }

    /// Sends the block to `home` when its holder lets go of it.
    pub(super) fn set_home(&mut self, home: Home) {
        self.home = Some(home);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(usage) = self.usage.take() {
            usage.subtract(self.capacity);
        }
        if let Some(home) = self.home.take() {
            // The twin takes over the memory; this value ends without freeing it. A block on its
            // way home has no home, or the pool's channel would keep itself alive.
            let (memory, capacity) = (self.memory, self.capacity);
            home.take_back(Self { memory, capacity, home: None, usage: None });
            return;
        }
        if self.capacity >= MAPPED_MIN {
            // SAFETY: the memory is a mapping of this length, and this value, its only owner, ends
            // here.
            unsafe { libc::munmap(self.memory.as_ptr().cast(), self.capacity) };
            return;
        }
        // SAFETY: the memory came from `alloc_zeroed` with this layout, and this value, its only
        // owner, ends here.
        unsafe { std::alloc::dealloc(self.memory.as_ptr(), layout(self.capacity)) };
    }
}

/// New zeroed pages; null if there are none.
fn map(capacity: usize) -> *mut u8 {
    // SAFETY: a new private anonymous mapping touches no memory that exists.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            capacity,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    address.cast()
}

fn layout(capacity: usize) -> Layout {
    Layout::from_size_align(capacity, BLOCK_ALIGNMENT).expect("a buffer's size fits an isize")
}
