//! [`KeyScan`]: the first pass, which notes the last offset of each key.

use record::{Decompressor, Offset};

use super::CleanError;
use super::batches::Batches;
use super::keys::KeyMap;
use crate::limits::UNPACKED_BYTES_MAX;

/// Reads the records of segments in order.
pub struct KeyScan {
    batches: Batches,
    scratch: Decompressor,
    keys: KeyMap,
    from: Offset,
    end: Offset,
    is_full: bool,
}

impl KeyScan {
    /// Notes records from offset `from` on, of segments from `base` on.
    pub fn new(keys: KeyMap, base: Offset, from: Offset, batch_bytes_max: usize) -> Self {
        let (batches, scratch) = (Batches::new(batch_bytes_max, base), Decompressor::new());
        Self { batches, scratch, keys, from, end: from, is_full: false }
    }

    /// The next bytes of a segment. False once the map is full: the rest is for another time.
    ///
    /// What can not be unpacked is not noted. Its records stay, and so does what is before them:
    /// too much is kept, never too little.
    pub fn take(&mut self, bytes: &[u8]) -> Result<bool, CleanError> {
        let Self { batches, scratch, keys, from, end, is_full } = self;
        batches.take(bytes, |batch| {
            if *is_full || batch.next_offset() <= *from {
                return Ok(());
            }
            let is_control = batch.header().attributes().is_control();
            if !is_control && let Ok(records) = batch.records(scratch, UNPACKED_BYTES_MAX) {
                for record in records.iter().map_while(Result::ok) {
                    let offset = records.offset(&record);
                    let Some(key) = record.key.filter(|_| offset >= *from) else { continue };
                    if !keys.note(key, offset) {
                        (*is_full, *end) = (true, offset);
                        return Ok(());
                    }
                }
            }
            *end = batch.next_offset();
            Ok(())
        })?;
        Ok(!self.is_full)
    }

    /// A segment ends, and its offsets before `next_offset`.
    pub fn end_segment(&mut self, next_offset: Offset) -> Result<(), CleanError> {
        self.batches.end_segment(next_offset)
    }

    /// The keys, and behind the last record whose key was noted.
    pub fn finish(self) -> (KeyMap, Offset) {
        (self.keys, self.end)
    }
}
