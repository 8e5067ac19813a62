//! The records of one batch, read in place without a copy or an allocation.
//!
//! Guarantees, for every record that the iterator hands out, an offset inside the batch and above
//! the one before, and a timestamp that does not overflow; and that no byte stands between or
//! after the records. After the first error there are no more records. Knows nothing of
//! compression: the body is plain.

use super::HeaderView;
use super::framing::{Framing, FramingCheck};
use super::record::{RECORD_BYTES_MIN, Record, RecordFault};
use crate::{Offset, OffsetDelta, Timestamp};

/// The plain records of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Records<'a> {
    body: &'a [u8],
    base_offset: Offset,
    last_offset_delta: OffsetDelta,
    base_timestamp: Timestamp,
    append_time: Option<Timestamp>,
    record_count: i32,
}

/// Which record is wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {index}: {fault}")]
pub struct RecordError {
    /// The record's number in the batch, from 0: Kafka's `batch_index` of record errors.
    pub index: i32,
    /// What is wrong with it.
    pub fault: RecordFault,
}

impl<'a> Records<'a> {
    #[inline]
    pub(super) fn new(header: HeaderView<'_>, body: &'a [u8]) -> Self {
        Self {
            body,
            base_offset: header.base_offset(),
            last_offset_delta: header.last_offset_delta(),
            base_timestamp: header.base_timestamp(),
            append_time: header.append_time(),
            record_count: header.record_count(),
        }
    }

    /// The records in order.
    #[inline]
    pub fn iter(&self) -> RecordIter<'a> {
        RecordIter { records: *self, rest: self.body, index: 0, lowest: 0, done: false }
    }

    /// Walks every record as a producer must send them, in one go: for batches of a few records,
    /// or off the hot core.
    #[inline]
    pub fn check_framing(&self) -> Result<Framing, RecordError> {
        let mut check = self.framing_check();
        loop {
            if let Some(framing) = check.step(usize::MAX)? {
                return Ok(framing);
            }
        }
    }

    /// The same check in steps.
    #[inline]
    pub fn framing_check(&self) -> FramingCheck<'a> {
        FramingCheck::new(*self)
    }

    /// The offset of one of these records.
    #[inline]
    pub fn offset(&self, record: &Record<'_>) -> Offset {
        Offset(self.base_offset.0.saturating_add(i64::from(record.offset_delta.0)))
    }

    /// The timestamp that a consumer shall see on one of these records: the broker's, if the
    /// batch has one.
    #[inline]
    pub fn timestamp(&self, record: &Record<'_>) -> Timestamp {
        self.append_time.unwrap_or_else(|| self.create_time(record))
    }

    /// The timestamp that the producer gave one of these records.
    #[inline]
    pub fn create_time(&self, record: &Record<'_>) -> Timestamp {
        // The iterator refuses records whose time overflows; another batch's record would saturate.
        Timestamp(self.base_timestamp.0.saturating_add(record.timestamp_delta))
    }

    /// The time at which the broker appended all of them, if that is what they are stamped with.
    #[inline]
    pub(super) fn append_time(&self) -> Option<Timestamp> {
        self.append_time
    }

    /// The records' bytes.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// How many records there are by the header's word, a negative number included.
    #[inline]
    pub(super) fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Whether a record may stand at `offset_delta`, `lowest` being the least delta still free,
    /// and when its producer made it.
    #[inline]
    pub(super) fn place(
        &self,
        lowest: i64,
        offset_delta: OffsetDelta,
        timestamp_delta: i64,
    ) -> Result<Timestamp, RecordFault> {
        if i64::from(offset_delta.0) < lowest || offset_delta > self.last_offset_delta {
            return Err(RecordFault::OffsetDelta { offset_delta });
        }
        let timestamp = self.base_timestamp.0.checked_add(timestamp_delta);
        timestamp.map(Timestamp).ok_or(RecordFault::TimestampDelta { timestamp_delta })
    }

    /// Called where no record is left to come, with the bytes that are: there must be none.
    #[inline]
    pub(super) fn check_end(&self, rest: &[u8]) -> Result<(), RecordFault> {
        let count = self.record_count;
        if count < 0 {
            Err(RecordFault::RecordCount { count })
        } else if rest.is_empty() {
            Ok(())
        } else {
            Err(RecordFault::Trailing { bytes: rest.len() })
        }
    }
}

impl<'a> IntoIterator for &Records<'a> {
    type Item = Result<Record<'a>, RecordError>;
    type IntoIter = RecordIter<'a>;

    fn into_iter(self) -> RecordIter<'a> {
        self.iter()
    }
}

/// The records of one batch, one by one, ending after the first error.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    records: Records<'a>,
    rest: &'a [u8],
    /// The number of the record that comes next.
    index: i32,
    /// The least offset delta that it may have: past the largest one, none is left.
    lowest: i64,
    done: bool,
}

impl<'a> RecordIter<'a> {
    #[inline]
    fn step(&mut self) -> Result<Option<Record<'a>>, RecordFault> {
        if self.index >= self.records.record_count {
            self.records.check_end(self.rest)?;
            return Ok(None);
        }
        let record = Record::take(&mut self.rest)?;
        self.records.place(self.lowest, record.offset_delta, record.timestamp_delta)?;
        self.lowest = i64::from(record.offset_delta.0) + 1;
        self.index += 1;
        Ok(Some(record))
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let index = self.index;
        let item = self.step().map_err(|fault| RecordError { index, fault }).transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let claimed = usize::try_from(self.records.record_count.saturating_sub(self.index));
        let fitting = self.rest.len() / RECORD_BYTES_MIN;
        // One more than the records: what is left over after them yields an error.
        (0, Some(claimed.unwrap_or(0).min(fitting).saturating_add(1)))
    }
}
