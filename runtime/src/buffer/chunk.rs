//! [`Chunk`]: a buffer written once, front to back, and given away in frozen pieces.

use std::sync::Arc;

use super::block::{BLOCK_ALIGNMENT, Block};
use super::slice::Slice;

/// An append-only buffer.
///
/// ```text
/// 0          frozen         filled            capacity
/// | Slices... | being written | not yet written |
/// ```
///
/// Bytes below `frozen` belong to the slices that were given away and never change; bytes above
/// belong to the chunk alone. That is the whole aliasing rule.
pub struct Chunk {
    block: Arc<Block>,
    frozen: usize,
    filled: usize,
}

impl Chunk {
    pub(super) fn from_block(block: Block) -> Self {
        Self { block: Arc::new(block), frozen: 0, filled: 0 }
    }

    /// Bytes from the first to the last that was written.
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// Where the piece being written starts.
    pub fn frozen(&self) -> usize {
        self.frozen
    }

    /// Bytes that can still be appended.
    pub fn spare(&self) -> usize {
        self.block.capacity() - self.filled
    }

    /// How large the buffer is.
    pub fn capacity(&self) -> usize {
        self.block.capacity()
    }

    /// Copies `bytes` in; they must fit into [`Chunk::spare`].
    pub fn append(&mut self, bytes: &[u8]) {
        let start = self.filled - self.frozen;
        self.extend(bytes.len());
        self.written_mut()[start..].copy_from_slice(bytes);
    }

    /// Appends zeros up to the next multiple of the block alignment, if there are any to append.
    pub fn pad_to_block(&mut self) {
        let start = self.filled - self.frozen;
        self.extend(self.filled.next_multiple_of(BLOCK_ALIGNMENT) - self.filled);
        self.written_mut()[start..].fill(0);
    }

    /// What was written since the last freeze, to be changed in place.
    pub fn written_mut(&mut self) -> &mut [u8] {
        // SAFETY: `frozen` is within the block.
        let start = unsafe { self.block.start().as_ptr().add(self.frozen) };
        // SAFETY: the bytes up to `filled` are within the block and initialised; no slice reaches
        // above `frozen`, and this is the only borrow of the only chunk on the block.
        unsafe { std::slice::from_raw_parts_mut(start, self.filled - self.frozen) }
    }

    /// Gives away what was written since the last freeze; it never changes again.
    pub fn freeze(&mut self) -> Slice {
        let slice = Slice::new(Arc::clone(&self.block), self.frozen, self.filled - self.frozen);
        self.frozen = self.filled;
        slice
    }

    /// Splits off what was written since the last freeze, still to be changed, and goes on behind.
    pub fn split(&mut self) -> Part {
        let part = Part {
            block: Arc::clone(&self.block),
            start: self.frozen,
            len: self.filled - self.frozen,
        };
        self.frozen = self.filled;
        part
    }

    fn extend(&mut self, len: usize) {
        assert!(len <= self.spare(), "an append fits its chunk");
        self.filled += len;
    }
}

/// Written bytes of a chunk that are not frozen yet, and belong to this value alone.
pub struct Part {
    block: Arc<Block>,
    start: usize,
    len: usize,
}

impl Part {
    /// How many bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: `start` is within the block.
        let start = unsafe { self.block.start().as_ptr().add(self.start) };
        // SAFETY: the bytes were written through the chunk, which gave them to this part alone,
        // and this is the only borrow of it.
        unsafe { std::slice::from_raw_parts_mut(start, self.len) }
    }

    /// The bytes as a slice; they never change again.
    pub fn freeze(self) -> Slice {
        Slice::new(self.block, self.start, self.len)
    }
}

impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chunk({}/{}/{})", self.frozen, self.filled, self.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pool;

    #[test]
    fn frozen_pieces_stay_while_the_chunk_grows() {
        let mut chunk = Pool::new(0).chunk(8192);
        chunk.append(b"one");
        chunk.pad_to_block();
        let first = chunk.freeze();
        chunk.append(b"two");
        chunk.written_mut()[0] = b'T';
        let second = chunk.freeze();
        assert_eq!(&first.as_slice()[..4], b"one\0");
        assert_eq!(first.len(), 4096);
        assert_eq!(second.as_slice(), b"Two");
        assert!(first.runs_into(&second));
        assert_eq!(first.joined(&second).slice(4094..4097).as_slice(), b"\0\0T");
        assert_eq!(chunk.spare(), 8192 - 4096 - 3);
    }

    #[test]
    fn a_split_part_can_still_be_changed_while_the_chunk_goes_on() {
        let mut chunk = Pool::new(0).chunk(8192);
        chunk.append(b"part");
        let mut part = chunk.split();
        chunk.append(b"next");
        part.as_mut_slice()[0] = b'P';
        chunk.written_mut()[0] = b'N';
        assert_eq!((part.len(), chunk.frozen()), (4, 4));
        let (part, next) = (part.freeze(), chunk.freeze());
        assert_eq!((part.as_slice(), next.as_slice()), (&b"Part"[..], &b"Next"[..]));
        assert!(part.runs_into(&next));
    }

    #[test]
    #[should_panic(expected = "an append fits its chunk")]
    fn an_append_beyond_the_chunk_is_a_bug() {
        let mut chunk = Pool::new(0).chunk(4096);
        chunk.append(&[0; 4097]);
    }
}
