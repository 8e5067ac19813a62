//! The disk alone: append and barrier, in a closed loop, one commit in flight, no network.
//!
//! What a journal could do if requests cost nothing. The records are copied into the commit, as a
//! server must do; nothing here knows frames.

use std::io;

use super::aligned::{AlignedBuffer, BLOCK};
use super::barrier::{Barrier, write_and_wait};
use super::clock::now_ns;
use super::journal::{Journal, JournalConfig};
use super::pin::pin_to;
use super::ring::{Idle, Ring};

/// What to append, and how.
#[derive(Clone, Debug)]
pub struct AppendConfig {
    /// The files to write to.
    pub journal: JournalConfig,
    /// Bytes of one record.
    pub record_bytes: usize,
    /// Records in one commit.
    pub group: usize,
    /// What ends a commit.
    pub barrier: Barrier,
    /// How the thread waits for it.
    pub idle: Idle,
    /// The core to run on; `None` leaves the calling thread where it is.
    pub core: Option<usize>,
    /// Commits to make.
    pub commits: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct AppendReport {
    /// Records made durable.
    pub records: u64,
    /// Bytes written to the device, padding included.
    pub bytes_written: u64,
    /// From the first write to the last barrier, nanoseconds.
    pub elapsed_ns: u64,
    /// Time of each commit, in the order they were made, nanoseconds.
    pub commit_ns: Vec<u64>,
}

/// Appends `config.commits` commits and waits for each. Runs on the calling thread, which it pins.
pub fn append(config: &AppendConfig) -> io::Result<AppendReport> {
    if let Some(core) = config.core {
        pin_to(core)?;
    }
    let payload = config.record_bytes.checked_mul(config.group).filter(|&bytes| bytes > 0);
    let payload = payload.ok_or(io::Error::new(io::ErrorKind::InvalidInput, "empty commit"))?;
    let len = payload.next_multiple_of(BLOCK);
    if u64::try_from(len).map_or(true, |len| len > config.journal.file_bytes) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "commit larger than a file"));
    }
    let mut journal = Journal::create(&config.journal)?;
    let mut ring = Ring::new(64)?;
    ring.submitter().register_files(&journal.descriptors())?;
    let mut buffer = AlignedBuffer::new(len)?;
    let record = vec![0xA5_u8; config.record_bytes];
    let mut commit_ns = Vec::with_capacity(config.commits);
    let start = now_ns();
    for _ in 0..config.commits {
        for room in buffer.as_mut_slice()[..payload].chunks_exact_mut(record.len()) {
            room.copy_from_slice(&record);
        }
        let barrier = config.barrier;
        let taken = write_and_wait(&mut ring, &mut journal, &buffer, len, barrier, config.idle)?;
        commit_ns.push(taken);
    }
    let elapsed_ns = now_ns() - start;
    let commits = u64::try_from(config.commits).map_err(io::Error::other)?;
    Ok(AppendReport {
        records: commits * u64::try_from(config.group).map_err(io::Error::other)?,
        bytes_written: commits * u64::try_from(len).map_err(io::Error::other)?,
        elapsed_ns,
        commit_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(barrier: Barrier) {
        let directory = tempfile::tempdir().unwrap();
        let journal = JournalConfig {
            directory: directory.path().to_owned(),
            files: 2,
            file_bytes: 64 << 10,
        };
        let config = AppendConfig {
            journal,
            record_bytes: 1000,
            group: 5,
            barrier,
            idle: Idle::Block,
            core: None,
            commits: 20,
        };
        let report = append(&config).unwrap();
        assert_eq!(report.records, 100);
        assert_eq!(report.bytes_written, 20 * 8192);
        assert_eq!(report.commit_ns.len(), 20);
        assert!(report.commit_ns.iter().sum::<u64>() <= report.elapsed_ns);
    }

    #[test]
    fn each_barrier_ends_each_commit() {
        check(Barrier::None);
        check(Barrier::Fdatasync);
        check(Barrier::Dsync);
    }

    #[test]
    fn a_commit_larger_than_a_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let mut config = AppendConfig {
            journal: JournalConfig::in_directory(directory.path()),
            record_bytes: 65 << 20,
            group: 1,
            barrier: Barrier::None,
            idle: Idle::Block,
            core: None,
            commits: 1,
        };
        assert_eq!(append(&config).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        config.record_bytes = 0;
        assert_eq!(append(&config).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
