//! [`DmaBuf`]: aligned bytes with one owner, who may write them.

use std::sync::Arc;

use super::block::Block;
use super::slice::Slice;
use super::usage::Usage;

/// An aligned buffer with one owner. An operation in flight owns its buffer until it has ended.
pub struct DmaBuf {
    block: Block,
}

impl DmaBuf {
    pub(super) fn from_block(block: Block) -> Self {
        Self { block }
    }

    /// Zeroed memory outside of any pool, `capacity` rounded up to the block alignment.
    pub fn zeroed(capacity: usize) -> Self {
        Self { block: Block::allocate(capacity) }
    }

    /// Counts the buffer in `usage` for as long as it or a slice of it lives. At most once.
    pub fn count_in(&mut self, usage: &Usage) {
        self.block.set_usage(usage);
    }

    /// How many bytes it holds.
    pub fn capacity(&self) -> usize {
        self.block.capacity()
    }

    /// All bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the block is `capacity` initialised bytes, and nobody writes them while this
        // shared borrow of their only owner lasts.
        unsafe { std::slice::from_raw_parts(self.block.start().as_ptr(), self.block.capacity()) }
    }

    /// All bytes, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        let start = self.block.start().as_ptr();
        // SAFETY: the block is `capacity` initialised bytes, and this is the only borrow of their
        // only owner.
        unsafe { std::slice::from_raw_parts_mut(start, self.block.capacity()) }
    }

    /// Ends writing: the first `len` bytes become a slice that can be shared.
    pub fn freeze(self, len: usize) -> Slice {
        assert!(len <= self.block.capacity(), "a slice lies within its buffer");
        Slice::new(Arc::new(self.block), 0, len)
    }

    pub(crate) fn address(&mut self) -> *mut u8 {
        self.block.start().as_ptr()
    }
}

impl std::fmt::Debug for DmaBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DmaBuf({} bytes)", self.capacity())
    }
}
