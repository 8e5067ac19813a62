//! [`SharedFile`]: a file's pages as memory, for bytes that must outlive the process and no more.
//!
//! What is copied in lies in the page cache at once: a killed process loses none of it, a power cut
//! whatever the kernel has not written back by then, in no order. Nothing is asked of the device.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::{self, NonNull};

/// A mapping of a file's front. Owned by one thread.
#[derive(Debug)]
pub struct SharedFile {
    start: NonNull<u8>,
    len: usize,
}

impl SharedFile {
    /// Maps the first `len` bytes of a plain file that was written whole before, so that no page
    /// needs space on the disk later, not even where the file was copied by reference. Blocks until
    /// they are in memory; they are kept there if the process's limit of locked memory allows it.
    pub fn map(path: &Path, len: usize) -> io::Result<Self> {
        assert!(len > 0, "an empty mapping does not exist");
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() < len as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = i64::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: fallocate has no memory arguments. A file system that shares no blocks between
        // files refuses to undo that, and has nothing to undo.
        unsafe { libc::fallocate(file.as_raw_fd(), libc::FALLOC_FL_UNSHARE_RANGE, 0, bytes) };
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory that exists;
        // it keeps the file open by itself.
        let address = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_POPULATE,
                file.as_raw_fd(),
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the range is the mapping that was just made; without the right to lock it, its
        // pages may leave memory and are read again when they are touched.
        unsafe { libc::mlock(address, len) };
        let start = NonNull::new(address.cast()).expect("mmap never returns page zero");
        Ok(Self { start, len })
    }

    /// Bytes that can be written.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none: never.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies bytes to a place within.
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at.checked_add(bytes.len()).expect("a range in memory");
        assert!(end <= self.len, "a range inside the mapping");
        // SAFETY: the range lies inside the mapping.
        let to = unsafe { self.start.as_ptr().add(at) };
        // SAFETY: nothing of this process refers to the mapping but `self`, borrowed exclusively,
        // so `bytes` can not overlap it. The file is long enough unless somebody else cuts it:
        // then the kernel ends the process, as it ends one that is killed.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
    }
}

impl Drop for SharedFile {
    fn drop(&mut self) {
        // SAFETY: it is a mapping of this length that nobody else knows.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_in_is_in_the_file_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shared");
        std::fs::write(&path, vec![0; 8192]).unwrap();
        let mut shared = SharedFile::map(&path, 8192).unwrap();
        assert_eq!((shared.len(), shared.is_empty()), (8192, false));
        shared.write(4090, b"across two pages");
        assert_eq!(std::fs::read(&path).unwrap()[4090..4106], *b"across two pages");
        shared.write(8191, b"x");
        drop(shared);
        assert_eq!(std::fs::read(&path).unwrap()[8191], b'x');
    }

    #[test]
    fn a_file_that_is_too_short_or_not_plain_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shared");
        assert!(SharedFile::map(&path, 1).is_err());
        std::fs::write(&path, [0; 100]).unwrap();
        assert!(SharedFile::map(&path, 101).is_err());
        assert!(SharedFile::map(directory.path(), 1).is_err());
    }

    #[test]
    #[should_panic(expected = "inside the mapping")]
    fn nothing_is_written_behind_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shared");
        std::fs::write(&path, [0; 4096]).unwrap();
        SharedFile::map(&path, 4096).unwrap().write(4090, b"too long");
    }
}
