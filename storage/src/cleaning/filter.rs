//! [`Filter`]: the second pass, which lets go of what comes again later.
//!
//! A record stays if its key was not met at a later offset, and if it is no tombstone whose time
//! is over. A batch that loses all of its records stays as a header where it is a producer's last
//! one, or the last one of the pass; so the offsets that the log has reached, and the sequences
//! that its producers have, can still be read from its segments (Kafka's `Cleaner`).

use std::sync::Arc;

use record::{
    BatchView, Decompressor, Offset, ProducerId, Record, Records, Retained, Retention, Timestamp,
    TopicPartition,
};
use runtime::hash::FixedMap;

use super::CleanError;
use super::batches::Batches;
use super::keys::KeyMap;
use crate::limits::UNPACKED_BYTES_MAX;
use crate::segment::index::{Index, IndexWriter};

/// The last offset of each producer that is remembered.
pub type LastOffsets = Arc<FixedMap<ProducerId, Offset>>;

/// What holds for a whole pass over a log.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The log.
    pub log: TopicPartition,
    /// Behind the last record whose key was noted: what comes from here on stays.
    pub end: Offset,
    /// The time of the pass.
    pub now: Timestamp,
    /// `delete.retention.ms`
    pub tombstone_ms: i64,
    /// No batch is larger.
    pub batch_bytes_max: usize,
    /// Where producers wrote last.
    pub producers: LastOffsets,
}

/// What was made of some segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub bytes: u32,
    /// The largest timestamp.
    pub max_timestamp: Timestamp,
    /// The first offset of the batch with that timestamp.
    pub max_timestamp_offset: Offset,
    /// Behind the last offset.
    pub next_offset: Offset,
    /// Records that were let go.
    pub removed: u64,
    /// Batches that could not be looked into, and stayed as they are.
    pub unread: u64,
}

/// Makes one segment of one or several.
pub struct Filter {
    pass: Pass,
    keys: KeyMap,
    batches: Batches,
    scratch: Decompressor,
    index: Index,
    writer: IndexWriter,
    written: Written,
}

impl Filter {
    /// A filter for the next segment to be made, of segments from `base` on.
    pub fn new(pass: Pass, keys: KeyMap, base: Offset) -> Self {
        let batches = Batches::new(pass.batch_bytes_max, base);
        let writer = IndexWriter::new(pass.log);
        let written = Written {
            bytes: 0,
            max_timestamp: Timestamp::NONE,
            max_timestamp_offset: Offset::NONE,
            next_offset: Offset::NONE,
            removed: 0,
            unread: 0,
        };
        let (scratch, index) = (Decompressor::new(), Index::default());
        Self { pass, keys, batches, scratch, index, writer, written }
    }

    /// Takes the next bytes of a segment and appends what is left of them to `output`.
    pub fn take(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Result<(), CleanError> {
        let Self { pass, keys, batches, scratch, index, writer, written } = self;
        batches.take(bytes, |batch| {
            let start = output.len();
            retain(pass, keys, batch, scratch, output, written);
            let left = output.get(start..).unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            let len = u32::try_from(left.len()).map_err(|_| CleanError::TooLarge)?;
            written.bytes = written.bytes.checked_add(len).ok_or(CleanError::TooLarge)?;
            let (batch, _) = BatchView::parse(left).expect("it was written whole");
            let (base, max_timestamp) = (batch.base_offset(), batch.header().max_timestamp());
            if let Some(entry) = writer.batch(base, max_timestamp) {
                index.push(entry);
            }
            writer.bytes(left);
            // A batch of no records has a time that nobody can be shown.
            if max_timestamp > written.max_timestamp && batch.header().record_count() > 0 {
                (written.max_timestamp, written.max_timestamp_offset) = (max_timestamp, base);
            }
            written.next_offset = batch.next_offset();
            Ok(())
        })
    }

    /// A segment ends, and its offsets before `next_offset`.
    pub fn end_segment(&mut self, next_offset: Offset) -> Result<(), CleanError> {
        self.batches.end_segment(next_offset)
    }

    /// What was made, its index, and the keys for the next one.
    pub fn finish(self) -> (Written, Index, KeyMap) {
        (self.written, self.index, self.keys)
    }
}

/// Appends what is left of a batch.
fn retain(
    pass: &Pass,
    keys: &KeyMap,
    batch: &BatchView<'_>,
    scratch: &mut Decompressor,
    output: &mut Vec<u8>,
    written: &mut Written,
) {
    if batch.base_offset() >= pass.end {
        output.extend_from_slice(batch.as_bytes());
        return;
    }
    let header = batch.header();
    let is_last_of = |last: &Offset| *last == batch.last_offset();
    let is_producers_last = pass.producers.get(&header.producer_id()).is_some_and(is_last_of);
    let retention = Retention {
        delete_horizon: Timestamp(pass.now.0.saturating_add(pass.tombstone_ms)),
        keep_empty: is_producers_last || batch.next_offset() == pass.end,
        plain_bytes_max: UNPACKED_BYTES_MAX,
    };
    let tombstones_stay = header.delete_horizon().is_none_or(|horizon| pass.now < horizon);
    let stays = |records: &Records<'_>, record: &Record<'_>| {
        let offset = records.offset(record);
        if offset >= pass.end {
            return true;
        }
        // A record without a key was there before the topic was compacted: nothing names it.
        let is_last = |key| keys.last(key).is_none_or(|last| offset >= last);
        record.key.is_some_and(is_last) && (record.value.is_some() || tombstones_stay)
    };
    match batch.retain(retention, scratch, stays, output) {
        Ok(Retained::Whole) => {}
        Ok(Retained::Rewritten { removed }) => written.removed += u64::from(removed),
        Ok(Retained::Emptied | Retained::Dropped) => {
            written.removed += u64::from(header.record_count().max(0).unsigned_abs());
        }
        Err(_) => {
            written.unread += 1;
            output.extend_from_slice(batch.as_bytes());
        }
    }
}
