//! Memory for the kernel: page-aligned, on huge pages when it is big enough, present from the
//! start.
//!
//! `O_DIRECT` wants alignment; huge pages make one segment of what would be 512 pages to pin and to
//! describe to the device. Nothing here knows what the bytes mean.

use std::io;
use std::ptr::{self, NonNull};

/// The alignment and granularity of every write of the floor, in bytes.
pub(super) const BLOCK: usize = 4096;

const HUGE: usize = 2 << 20;

/// Owned anonymous memory, zeroed, aligned to `BLOCK`, or to 2 MiB from 1 MiB on.
#[derive(Debug)]
pub(super) struct AlignedBuffer {
    start: NonNull<u8>,
    len: usize,
    mapping: NonNull<u8>,
    mapping_len: usize,
}

// SAFETY: the buffer owns its mapping; nothing of it is bound to the thread that made it.
unsafe impl Send for AlignedBuffer {}

impl AlignedBuffer {
    /// Maps at least `len` bytes, rounded up to whole blocks, and touches every page.
    pub(super) fn new(len: usize) -> io::Result<AlignedBuffer> {
        assert!(len > 0, "an empty mapping does not exist");
        let huge = len >= HUGE / 2;
        let len = len.next_multiple_of(if huge { HUGE } else { BLOCK });
        let mapping_len = if huge { len + HUGE } else { len };
        // SAFETY: a new private anonymous mapping touches no memory that exists.
        let address = unsafe {
            libc::mmap(
                ptr::null_mut(),
                mapping_len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mapping = NonNull::new(address.cast::<u8>()).expect("mmap never returns page zero");
        let skip = if huge { mapping.as_ptr().align_offset(HUGE) } else { 0 };
        // SAFETY: with `huge` the mapping is 2 MiB longer than `len`, so `skip` lies inside.
        let start = unsafe { mapping.add(skip) };
        let mut buffer = AlignedBuffer { start, len, mapping, mapping_len };
        if huge {
            // SAFETY: the range is inside our mapping; the advice changes no content.
            unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_HUGEPAGE) };
        }
        buffer.as_mut_slice().fill(0);
        Ok(buffer)
    }

    /// Size in bytes, a multiple of `BLOCK`.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All bytes, readable.
    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: `start` begins `len` mapped, initialised bytes that `self` owns.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// All bytes, writable.
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// `len` bytes from `offset` on; no reference to the bytes around them is made, which the
    /// kernel may be writing.
    pub(super) fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        let end = offset.checked_add(len).expect("a range in memory");
        assert!(end <= self.len, "a range inside the buffer");
        // SAFETY: the range is inside our mapping, initialised, and borrowed from `self`.
        unsafe { std::slice::from_raw_parts(self.at(offset), len) }
    }

    /// Where the bytes begin, for the kernel.
    pub(super) fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Where byte `offset` is, for the kernel.
    pub(super) fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.len, "an address inside the buffer");
        // SAFETY: `offset` is at most `len`, so the address lies in or just after the mapping.
        unsafe { self.start.as_ptr().add(offset) }
    }
}

impl Drop for AlignedBuffer {
    fn drop(&mut self) {
        // SAFETY: `mapping` is a mapping of this length that nobody else knows.
        unsafe { libc::munmap(self.mapping.as_ptr().cast(), self.mapping_len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_buffers_are_whole_blocks_on_a_block_boundary() {
        let buffer = AlignedBuffer::new(1).unwrap();
        assert_eq!(buffer.len(), BLOCK);
        assert_eq!(buffer.as_ptr().align_offset(BLOCK), 0);
    }

    #[test]
    fn large_buffers_start_on_a_huge_page_and_are_zero() {
        let mut buffer = AlignedBuffer::new(HUGE + 1).unwrap();
        assert_eq!(buffer.len(), 2 * HUGE);
        assert_eq!(buffer.as_ptr().align_offset(HUGE), 0);
        assert!(buffer.as_slice().iter().all(|&byte| byte == 0));
        buffer.as_mut_slice()[2 * HUGE - 1] = 7;
        assert_eq!(buffer.as_slice()[2 * HUGE - 1], 7);
    }
}
