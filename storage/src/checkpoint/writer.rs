//! Writing a checkpoint: records as they come, in aligned pieces, summed on the way.

use std::io;
use std::path::{Path, PathBuf};

use record::Crc32c;
use runtime::buffer::BLOCK_ALIGNMENT;
use runtime::{Barrier, File, OpenOptions, Runtime};

use super::record::LogRecord;
use crate::limits::SCRATCH_BYTES;

/// Where a journal's checkpoint of a slot is.
pub fn checkpoint_path(journal_directory: &Path, slot: u8) -> PathBuf {
    journal_directory.join(format!("checkpoint.{slot}"))
}

/// A checkpoint file being written.
pub struct CheckpointWriter {
    runtime: Runtime,
    file: File,
    pending: Vec<u8>,
    written: u64,
    crc: Crc32c,
}

impl CheckpointWriter {
    /// Starts over in a slot that no superblock names.
    pub async fn create(runtime: &Runtime, path: &Path) -> io::Result<Self> {
        let options =
            OpenOptions { write: true, create: true, direct: true, ..OpenOptions::default() };
        let file = File::open(runtime, path, options).await?;
        let (pending, crc) = (Vec::with_capacity(SCRATCH_BYTES * 2), Crc32c::new());
        Ok(Self { runtime: runtime.clone(), file, pending, written: 0, crc })
    }

    /// Adds a log's record.
    pub fn add(&mut self, record: &LogRecord) {
        let before = self.pending.len();
        record.encode(&mut self.pending);
        self.crc.update(self.pending.get(before..).expect("it only grew"));
    }

    /// Whether enough is pending for a write.
    pub fn is_full(&self) -> bool {
        self.pending.len() >= SCRATCH_BYTES
    }

    /// Writes what is pending in whole blocks; the rest stays.
    pub async fn write_pending(&mut self) -> io::Result<()> {
        let whole = self.pending.len() / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
        self.write(whole).await
    }

    /// Writes everything and makes it durable. Returns length and CRC of all records.
    pub async fn finish(mut self) -> io::Result<(u64, u32)> {
        let len = self.written + self.pending.len() as u64;
        self.pending.resize(self.pending.len().next_multiple_of(BLOCK_ALIGNMENT), 0);
        let all = self.pending.len();
        self.write(all).await?;
        self.file.sync_all().await?;
        Ok((len, self.crc.finish()))
    }

    async fn write(&mut self, len: usize) -> io::Result<()> {
        if len == 0 {
            return Ok(());
        }
        let mut chunk = self.runtime.pool().chunk(len);
        chunk.append(self.pending.get(..len).expect("no more than there is"));
        self.pending.drain(..len);
        self.file.write_at(vec![chunk.freeze()], self.written, Barrier::None).await?;
        self.written += len as u64;
        Ok(())
    }
}

/// Reads a whole checkpoint file's records; `None` if it is not what the superblock named.
pub fn read_records(bytes: &[u8], len: u64, crc: u32) -> Option<Vec<LogRecord>> {
    let mut rest = bytes.get(..usize::try_from(len).ok()?)?;
    if Crc32c::of(rest) != crc {
        return None;
    }
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (record, behind) = LogRecord::decode(rest)?;
        records.push(record);
        rest = behind;
    }
    Some(records)
}
