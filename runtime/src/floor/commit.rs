//! One commit: frames copied into an aligned buffer, big frames beside it, and whom to answer.
//!
//! It starts on a block boundary of the file and each part is zero-padded to whole blocks. Nothing
//! here does I/O.

use std::io;

use super::aligned::{AlignedBuffer, BLOCK};
use super::barrier::Source;
use super::frame::BigFrame;

/// Bytes of small frames that one commit holds.
pub(super) const SMALL_BYTES_MAX: usize = 1 << 20;

/// Bytes that one commit holds in all, unless a single frame is larger.
pub(super) const COMMIT_BYTES_MAX: usize = 8 << 20;

/// An answer that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) slot: u32,
    pub(super) generation: u32,
    pub(super) correlation_id: [u8; 4],
}

/// Frames that are written together.
pub(super) struct Commit {
    small: AlignedBuffer,
    small_len: usize,
    big: Vec<BigFrame>,
    big_bytes: usize,
    iovecs: Vec<libc::iovec>,
    pub(super) answers: Vec<Answer>,
}

impl Commit {
    pub(super) fn new() -> io::Result<Commit> {
        Ok(Commit {
            small: AlignedBuffer::new(SMALL_BYTES_MAX)?,
            small_len: 0,
            big: Vec::new(),
            big_bytes: 0,
            iovecs: Vec::new(),
            answers: Vec::new(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Copies a frame in, if there is room.
    pub(super) fn push(&mut self, frame: &[u8], answer: Answer) -> bool {
        assert!(frame.len() <= SMALL_BYTES_MAX, "larger frames have their own buffer");
        let end = self.small_len + frame.len();
        if end > SMALL_BYTES_MAX {
            return false;
        }
        self.small.as_mut_slice()[self.small_len..end].copy_from_slice(frame);
        self.small_len = end;
        self.answers.push(answer);
        true
    }

    /// Takes a big frame in, if there is room; an empty commit takes any.
    pub(super) fn push_big(&mut self, frame: BigFrame, answer: Answer) -> Result<(), BigFrame> {
        let bytes = frame.len.next_multiple_of(BLOCK);
        let total = self.big_bytes + self.small_len + bytes;
        if total > COMMIT_BYTES_MAX && !self.is_empty() {
            return Err(frame);
        }
        self.big_bytes += bytes;
        self.big.push(frame);
        self.answers.push(answer);
        Ok(())
    }

    /// Pads every part with zeros and lists the parts. Returns what to write, and its length.
    pub(super) fn seal(&mut self) -> (Source, usize) {
        assert!(!self.is_empty(), "an empty commit is not written");
        let small = pad(&mut self.small, self.small_len);
        self.iovecs.clear();
        if small > 0 {
            self.iovecs.push(libc::iovec { iov_base: self.small.as_ptr().cast(), iov_len: small });
        }
        for frame in &mut self.big {
            let len = pad(&mut frame.buffer, frame.len);
            let base = frame.buffer.as_ptr().cast();
            self.iovecs.push(libc::iovec { iov_base: base, iov_len: len });
        }
        let total = small + self.big_bytes;
        let source = match self.iovecs.as_slice() {
            [only] => Source::Single {
                address: only.iov_base.cast_const().cast(),
                len: u32::try_from(only.iov_len).expect("a commit is smaller than a file"),
            },
            parts => Source::Gather {
                iovecs: parts.as_ptr(),
                count: u32::try_from(parts.len()).expect("few parts"),
            },
        };
        (source, total)
    }

    /// Empties the commit for its next use; the big frames' buffers go to `put`.
    pub(super) fn clear(&mut self, mut put: impl FnMut(AlignedBuffer)) {
        self.small_len = 0;
        self.big_bytes = 0;
        self.answers.clear();
        self.iovecs.clear();
        for frame in self.big.drain(..) {
            put(frame.buffer);
        }
    }
}

/// Zeroes from `len` to the end of its block; returns the padded length.
fn pad(buffer: &mut AlignedBuffer, len: usize) -> usize {
    let padded = len.next_multiple_of(BLOCK);
    buffer.as_mut_slice()[len..padded].fill(0);
    padded
}
