//! What can be set, with Kafka's names and defaults where Kafka has the setting.

use std::path::PathBuf;

use record::Timestamp;

use crate::limits;

/// Settings of one log, from its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`
    pub segment_bytes: u32,
    /// `segment.ms`
    pub segment_ms: i64,
    /// `retention.bytes`; none is without limit.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`; none is without limit.
    pub retention_ms: Option<i64>,
    /// `flush.messages`: records after which a barrier is forced. 1 makes every ack durable.
    pub flush_messages: u64,
    /// `flush.ms`: the longest a record waits for its barrier, if set.
    pub flush_ms: Option<u64>,
    /// `file.delete.delay.ms`
    pub file_delete_delay_ms: u64,
    /// `cleanup.policy` has `delete`: segments go by time and size.
    pub delete: bool,
    /// `cleanup.policy` has `compact`: of each key the last record stays.
    pub compaction: Option<Compaction>,
}

/// When and how a log is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// `min.cleanable.dirty.ratio` in millionths: a log is left alone until more of its bytes
    /// than this have not been looked at.
    pub dirty_millionths_min: u32,
    /// `min.compaction.lag.ms`: younger records are left alone.
    pub lag_ms_min: i64,
    /// `max.compaction.lag.ms`: once a record is older, the ratio does not count.
    pub lag_ms_max: i64,
    /// `delete.retention.ms`: how long a tombstone stays after it was first met.
    pub tombstone_ms: i64,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            dirty_millionths_min: 500_000,
            lag_ms_min: 0,
            lag_ms_max: i64::MAX,
            tombstone_ms: 24 * 3_600_000,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            retention_bytes: None,
            retention_ms: Some(7 * 24 * 3_600_000),
            flush_messages: 1,
            flush_ms: None,
            file_delete_delay_ms: 60_000,
            delete: true,
            compaction: None,
        }
    }
}

/// Settings of one shard's storage.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The data directory.
    pub data: PathBuf,
    /// This shard's number.
    pub shard: u16,
    /// Bytes of one journal file, a multiple of the block.
    pub journal_file_bytes: u64,
    /// How many journal files.
    pub journal_files: usize,
    /// Bytes of recent batches kept in memory.
    pub tail_bytes: usize,
    /// Memory for the keys of a log that is being compacted.
    pub key_bytes: usize,
    /// File descriptors of segments kept open.
    pub open_files: usize,
    /// The longest that relaxed bytes wait for a barrier, in milliseconds.
    pub relaxed_barrier_ms: u64,
}

impl StoreConfig {
    /// The defaults for a shard of a data directory.
    pub fn new(data: PathBuf, shard: u16) -> Self {
        Self {
            data,
            shard,
            journal_file_bytes: limits::JOURNAL_FILE_BYTES,
            journal_files: limits::JOURNAL_FILES,
            tail_bytes: limits::TAIL_BYTES,
            key_bytes: limits::KEY_BYTES,
            open_files: 2048,
            relaxed_barrier_ms: 1000,
        }
    }

    /// All journal files together.
    pub fn journal_bytes(&self) -> u64 {
        self.journal_file_bytes * self.journal_files as u64
    }

    /// How many partitions this shard can hold.
    pub fn partitions_max(&self) -> u64 {
        limits::partitions_max(self.journal_bytes(), self.tail_bytes as u64)
    }
}

impl LogConfig {
    /// Segments whose newest record is older than this may go.
    pub fn retention_horizon(&self, now: Timestamp) -> Option<Timestamp> {
        self.retention_ms.map(|ms| Timestamp(now.0.saturating_sub(ms)))
    }
}
