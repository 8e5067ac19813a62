//! Whether the records of a produced batch are framed as they must be, walked in place.
//!
//! Accepts exactly the bodies whose records [`RecordIter`](super::RecordIter) hands out to the
//! end with offset deltas 0, 1, 2 and so on: compaction leaves holes, a producer must not. The
//! walk pauses where it is told, between records and also between headers, of which one record
//! can hold as many as fit.

use super::record::{Header, Headers, RecordStart};
use super::{RecordError, RecordFault, Records};
use crate::{OffsetDelta, Timestamp};

/// What a walk over all records found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The smallest timestamp by the producer's clock; [`Timestamp::NONE`] without records.
    pub min_timestamp: Timestamp,
    /// The largest: what the header's max timestamp should say.
    pub max_timestamp: Timestamp,
    /// The first record without a key, which a compacted topic refuses.
    pub first_without_key: Option<OffsetDelta>,
}

/// A walk over the records of a batch, some at a time so that many small ones do not hold up
/// their core.
#[derive(Clone, Debug)]
pub struct FramingCheck<'a> {
    records: Records<'a>,
    /// The bytes after the last record that was begun.
    rest: &'a [u8],
    /// The headers of that record which are still to be read.
    headers: Headers<'a>,
    /// How many records were begun.
    begun: i32,
    framing: Framing,
}

impl<'a> FramingCheck<'a> {
    #[inline]
    pub(super) fn new(records: Records<'a>) -> Self {
        let framing = Framing {
            min_timestamp: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
            first_without_key: None,
        };
        let headers = Headers::default();
        Self { records, rest: records.body(), headers, begun: 0, framing }
    }

    /// Walks up to `items_max` further records and headers, at least one, in about 10 to 20 ns
    /// each. Gives what it found once all records are walked, and `None` if some are left. Not to
    /// be called again after an error.
    #[inline]
    pub fn step(&mut self, items_max: usize) -> Result<Option<Framing>, RecordError> {
        assert!(items_max > 0, "a step of no items never ends the walk");
        for _ in 0..items_max {
            if self.headers.count > 0 {
                let taken = Header::take(&mut self.headers.bytes);
                taken.map_err(|fault| self.error(fault))?;
                self.headers.count -= 1;
                continue;
            }
            if !self.headers.bytes.is_empty() {
                let bytes = self.headers.bytes.len();
                return Err(self.error(RecordFault::LeftOver { bytes }));
            }
            let index = self.begun;
            if index >= self.records.record_count() {
                let ended = self.records.check_end(self.rest);
                return ended
                    .map(|()| Some(self.framing))
                    .map_err(|fault| RecordError { index, fault });
            }
            self.begin_record().map_err(|fault| RecordError { index, fault })?;
        }
        Ok(None)
    }

    /// Takes the next record up to its headers.
    #[inline]
    fn begin_record(&mut self) -> Result<(), RecordFault> {
        let record = RecordStart::take(&mut self.rest)?;
        let offset_delta = record.offset_delta;
        let lowest = i64::from(self.begun);
        let timestamp = self.records.place(lowest, offset_delta, record.timestamp_delta)?;
        if offset_delta.0 != self.begun {
            return Err(RecordFault::OffsetDelta { offset_delta });
        }
        let framing = &mut self.framing;
        if self.begun == 0 {
            framing.min_timestamp = timestamp;
            framing.max_timestamp = timestamp;
        }
        framing.min_timestamp = framing.min_timestamp.min(timestamp);
        framing.max_timestamp = framing.max_timestamp.max(timestamp);
        if record.key.is_none() {
            framing.first_without_key.get_or_insert(offset_delta);
        }
        self.headers = record.headers;
        self.begun += 1;
        Ok(())
    }

    /// For a fault in the headers of the record that was begun last.
    #[cold]
    fn error(&self, fault: RecordFault) -> RecordError {
        RecordError { index: self.begun - 1, fault }
    }
}
