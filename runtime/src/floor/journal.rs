//! The floor's journal: a ring of files that are written before they are used, and used again and
//! again.
//!
//! Since every block was written and synced at start, a commit changes no file size and no extent:
//! it is a pure data write, and its barrier a pure device flush. Nothing is ever read back; what
//! the ring overwrites is gone, which is all a floor needs. It knows no frames.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::aligned::{AlignedBuffer, BLOCK};

/// Where the journal lives and how large it is.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// An existing directory on the device to be measured. Files in it named `floor-*.journal`
    /// are overwritten.
    pub directory: PathBuf,
    /// Number of files, at least one.
    pub files: u32,
    /// Bytes in each file, a multiple of 4096; no commit may be larger.
    pub file_bytes: u64,
}

impl JournalConfig {
    /// Four files of 64 MiB in `directory`.
    pub fn in_directory(directory: impl Into<PathBuf>) -> JournalConfig {
        JournalConfig { directory: directory.into(), files: 4, file_bytes: 64 << 20 }
    }
}

/// Where a commit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) offset: u64,
}

/// The open files and the next free block.
pub(super) struct Journal {
    files: Vec<File>,
    paths: Vec<PathBuf>,
    file_bytes: u64,
    next: Place,
}

impl Journal {
    /// Creates the files, writes every block of them with zeros and syncs them.
    pub(super) fn create(config: &JournalConfig) -> io::Result<Journal> {
        let block = u64::try_from(BLOCK).expect("a small constant");
        if config.files == 0 || config.file_bytes == 0 || !config.file_bytes.is_multiple_of(block) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "journal size"));
        }
        let mut files = Vec::new();
        let mut paths = Vec::new();
        for number in 0..config.files {
            let path = config.directory.join(format!("floor-{number}.journal"));
            files.push(create_written(&path, config.file_bytes)?);
            paths.push(path);
        }
        File::open(&config.directory)?.sync_all()?;
        Ok(Journal {
            files,
            paths,
            file_bytes: config.file_bytes,
            next: Place { file: 0, offset: 0 },
        })
    }

    /// Takes `len` bytes, whole blocks, of one file; the next file if this one has not enough left.
    pub(super) fn take(&mut self, len: usize) -> Place {
        assert!(len.is_multiple_of(BLOCK), "commits are whole blocks");
        let len = u64::try_from(len).expect("a length in memory");
        assert!(len <= self.file_bytes, "a commit never spans two files");
        if self.next.offset + len > self.file_bytes {
            self.next = Place { file: (self.next.file + 1) % self.files.len(), offset: 0 };
        }
        let place = self.next;
        self.next.offset += len;
        place
    }

    /// All descriptors, in the order of their numbers.
    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        self.files.iter().map(AsRawFd::as_raw_fd).collect()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        for path in &self.paths {
            // The files hold nothing of worth; one that cannot be removed is only untidy.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Creates `path` with `bytes` real zero bytes on the device, opened `O_DIRECT`.
pub(super) fn create_written(path: &Path, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(libc::O_DIRECT)
        .open(path)?;
    let step = usize::try_from(bytes.min(4 << 20)).expect("at most 4 MiB");
    let zeros = AlignedBuffer::new(step)?;
    // Reserved in one piece first, so that the file is laid out in few extents.
    let length = i64::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open for as long as `file` lives.
    let reserved = unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, length) };
    if reserved != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut offset = 0;
    while offset < bytes {
        let left = usize::try_from((bytes - offset).min(4 << 20)).expect("at most 4 MiB");
        file.write_all_at(&zeros.as_slice()[..left], offset)?;
        offset += u64::try_from(left).expect("at most 4 MiB");
    }
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_fill_a_file_then_the_next_and_wrap_around() {
        let directory = tempfile::tempdir().unwrap();
        let config = JournalConfig {
            directory: directory.path().to_owned(),
            files: 2,
            file_bytes: 3 * 4096,
        };
        let mut journal = Journal::create(&config).unwrap();
        assert_eq!(journal.take(2 * BLOCK), Place { file: 0, offset: 0 });
        assert_eq!(journal.take(BLOCK), Place { file: 0, offset: 8192 });
        assert_eq!(journal.take(2 * BLOCK), Place { file: 1, offset: 0 });
        assert_eq!(journal.take(2 * BLOCK), Place { file: 0, offset: 0 });
    }

    #[test]
    fn files_have_their_full_length_and_go_away_with_the_journal() {
        let directory = tempfile::tempdir().unwrap();
        let mut config = JournalConfig::in_directory(directory.path());
        config.file_bytes = 5 << 20;
        let journal = Journal::create(&config).unwrap();
        let path = directory.path().join("floor-3.journal");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 5 << 20);
        drop(journal);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
