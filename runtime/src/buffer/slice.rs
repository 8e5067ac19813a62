//! [`Slice`]: a counted view of bytes that will not change any more.

use std::ops::Range;
use std::sync::Arc;

use super::block::Block;

/// Frozen bytes within a buffer. Clones share the buffer; the last one sends it home.
///
/// The count is atomic so that a shard can send what lies in another's tail. Only batches are
/// counted, not records, and the counter's cache line is nearly always the shard's own.
#[derive(Clone)]
pub struct Slice {
    block: Arc<Block>,
    start: u32,
    len: u32,
}

impl Slice {
    /// The caller has made sure that nobody writes these bytes from now on.
    pub(super) fn new(block: Arc<Block>, start: usize, len: usize) -> Self {
        assert!(start + len <= block.capacity(), "a slice lies within its buffer");
        let start = u32::try_from(start).expect("buffers are under 4 GiB");
        let len = u32::try_from(len).expect("buffers are under 4 GiB");
        Self { block, start, len }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the offset is within the block, as checked when the slice was made.
        let start = unsafe { self.block.start().as_ptr().add(self.start as usize) };
        // SAFETY: `len` initialised bytes follow within the block, and no one writes frozen bytes.
        unsafe { std::slice::from_raw_parts(start, self.len as usize) }
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A part of these bytes, sharing the buffer.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end, "a range does not run backwards");
        assert!(range.end <= self.len(), "a part lies within its whole");
        Self::new(
            Arc::clone(&self.block),
            self.start as usize + range.start,
            range.end - range.start,
        )
    }

    /// Whether `next` begins in the same buffer where this slice ends.
    pub fn runs_into(&self, next: &Self) -> bool {
        Arc::ptr_eq(&self.block, &next.block) && self.start + self.len == next.start
    }

    /// This slice and `next` as one; `next` must begin where this ends.
    #[must_use]
    pub fn joined(&self, next: &Self) -> Self {
        assert!(self.runs_into(next), "only neighbours are joined");
        let (start, len) = (self.start as usize, self.len() + next.len());
        Self::new(Arc::clone(&self.block), start, len)
    }

    /// How many holders the buffer has, this one included; grows and shrinks as others act.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.block)
    }

    /// The capacity of the whole buffer that this slice keeps alive.
    pub fn buffer_capacity(&self) -> usize {
        self.block.capacity()
    }
}

impl std::fmt::Debug for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slice({} bytes)", self.len)
    }
}
