//! Commits one by one, of any size and with any barrier, at whoever's pace.
//!
//! What the disk of a directory does to a journal, asked at the pace of a load: a device that has
//! rested answers otherwise than one that is kept busy. Nothing here knows what is written.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use super::aligned::{AlignedBuffer, BLOCK};
use super::barrier::{Barrier, write_and_wait};
use super::clock::now_ns;
use super::journal::{Journal, JournalConfig};
use super::pin::pin_to;
use super::ring::{Idle, Ring};

/// A journal to write commits to. The ring comes first: it is dropped before what it uses.
pub struct Commits {
    ring: Ring,
    buffer: AlignedBuffer,
    journal: Journal,
    idle: Idle,
}

impl Commits {
    /// Makes the journal's files. To be used by the calling thread, which is pinned to `core`;
    /// no commit may be longer than `bytes_max`.
    pub fn open(
        config: &JournalConfig,
        core: usize,
        bytes_max: usize,
        idle: Idle,
    ) -> io::Result<Self> {
        pin_to(core)?;
        let mut buffer = AlignedBuffer::new(bytes_max.max(BLOCK))?;
        buffer.as_mut_slice().fill(0xA5);
        let journal = Journal::create(config)?;
        let ring = Ring::new(64)?;
        let descriptors: Vec<RawFd> = journal.descriptors();
        ring.submitter().register_files(&descriptors)?;
        Ok(Self { ring, buffer, journal, idle })
    }

    /// Writes so many bytes, rounded up to whole blocks, and waits for the barrier. Nanoseconds.
    pub fn commit(&mut self, bytes: usize, barrier: Barrier) -> io::Result<u64> {
        let len = bytes.max(1).next_multiple_of(BLOCK);
        if len > self.buffer.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a commit that is too long"));
        }
        let Self { ring, buffer, journal, idle } = self;
        write_and_wait(ring, journal, buffer, len, barrier, *idle)
    }

    /// Waits as a server does that has nothing to do.
    pub fn rest(&mut self, time: Duration) -> io::Result<()> {
        let nanos = u64::try_from(time.as_nanos()).map_err(io::Error::other)?;
        let until_ns = now_ns().saturating_add(nanos);
        while now_ns() < until_ns {
            self.ring.submit_and_wait_until(self.idle, until_ns)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_all_sizes_are_made_and_longer_ones_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config = JournalConfig {
            directory: directory.path().to_owned(),
            files: 2,
            file_bytes: 64 << 10,
        };
        let mut commits = Commits::open(&config, 0, 16 << 10, Idle::Block).unwrap();
        for barrier in [Barrier::None, Barrier::Fdatasync, Barrier::Dsync] {
            for bytes in [0, 1, 4096, 10_000, 16 << 10] {
                assert!(commits.commit(bytes, barrier).unwrap() > 0);
            }
        }
        let start_ns = now_ns();
        commits.rest(Duration::from_millis(1)).unwrap();
        assert!(now_ns() - start_ns >= 1_000_000);
        let refused = commits.commit(64 << 10, Barrier::None).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        drop(commits);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
