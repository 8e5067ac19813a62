//! Writing a batch again without some of its records: what compaction leaves of it.
//!
//! Guarantees that the batch covers the same offsets and that every record left keeps its offset,
//! timestamp, key, value and headers; that producer, sequence, leader epoch, codec and timestamp
//! type stay; and that a batch which loses nothing is copied byte for byte. As Kafka's
//! `MemoryRecords.filterTo` does it, with the delete horizon of KIP-534: the first time that a
//! tombstone survives, its batch is told from when on it may go.

use super::header::{HEADER_BYTES, UNSUMMED_BYTES};
use super::{BatchHeader, BatchView, Record, RecordError, Records};
use crate::{Codec, CompressionError, Crc32c, Decompressor, Timestamp, compress};

/// The most bytes that a batch's length field can state, with those that it does not count.
const TOTAL_LEN_MAX: usize = 0x7fff_ffff + 12;

/// How a batch is written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// From when on tombstones may go, for a batch that keeps one and does not say so yet.
    pub delete_horizon: Timestamp,
    /// A batch that loses all records stays as a header: its producer's last, or a log's.
    pub keep_empty: bool,
    /// The decompressed bytes of a batch at most.
    pub plain_bytes_max: usize,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retained {
    /// It is as it was.
    Whole,
    /// It was written again; so many records were left out.
    Rewritten {
        /// How many.
        removed: u32,
    },
    /// Only its header is left.
    Emptied,
    /// Nothing of it is left.
    Dropped,
}

/// Why a batch can not be written again. The output is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetainError {
    /// Its records can not be unpacked, or packed again.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A record is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A timestamp is too far from the delete horizon to be written as a difference.
    #[error("timestamp {timestamp} is too far from the batch's first")]
    Timestamp {
        /// The timestamp.
        timestamp: Timestamp,
    },
    /// It would be over the 2 GiB that its length field can state.
    #[error("the batch would be over 2 GiB")]
    TooLarge,
}

impl BatchView<'_> {
    /// Appends to `output` what is left of the batch if only the records stay for which `keep`
    /// says so; `keep` is asked once for each, in their order. A control batch stays as it is.
    pub fn retain(
        &self,
        retention: Retention,
        decompressor: &mut Decompressor,
        mut keep: impl FnMut(&Records<'_>, &Record<'_>) -> bool,
        output: &mut Vec<u8>,
    ) -> Result<Retained, RetainError> {
        let header = self.header().decode();
        if header.attributes.is_control() {
            output.extend_from_slice(self.as_bytes());
            return Ok(Retained::Whole);
        }
        let records = self.records(decompressor, retention.plain_bytes_max)?;
        let mut kept = Vec::new();
        let mut has_tombstone = false;
        for record in &records {
            let record = record?;
            let stays = keep(&records, &record);
            has_tombstone |= stays && record.value.is_none();
            kept.push(stays);
        }
        let left = kept.iter().filter(|stays| **stays).count();
        let needs_horizon = has_tombstone && !header.attributes.has_delete_horizon();
        if left == 0 && !retention.keep_empty {
            return Ok(Retained::Dropped);
        }
        if left == 0 && !kept.is_empty() {
            output.extend_from_slice(&emptied(&header));
            return Ok(Retained::Emptied);
        }
        if left == kept.len() && !needs_horizon {
            output.extend_from_slice(self.as_bytes());
            return Ok(Retained::Whole);
        }
        let horizon = match (needs_horizon, header.attributes.has_delete_horizon()) {
            (true, _) => Some(retention.delete_horizon),
            (false, true) => Some(header.base_timestamp),
            (false, false) => None,
        };
        write(&header, &records, &kept, horizon, output)?;
        let removed = u32::try_from(kept.len() - left).expect("a batch has fewer records");
        Ok(Retained::Rewritten { removed })
    }
}

/// The header that is left where no record is: Kafka's `DefaultRecordBatch.writeEmptyHeader`.
fn emptied(header: &BatchHeader) -> [u8; HEADER_BYTES] {
    let attributes = header.attributes.with_codec(Codec::None).with_delete_horizon(false);
    let empty = BatchHeader {
        total_len: HEADER_BYTES,
        attributes,
        base_timestamp: Timestamp::NONE,
        record_count: 0,
        ..*header
    };
    let crc = Crc32c::of(empty.encode().split_at(UNSUMMED_BYTES).1);
    BatchHeader { crc, ..empty }.encode()
}

/// Appends a batch of the records that are `kept`.
fn write(
    header: &BatchHeader,
    records: &Records<'_>,
    kept: &[bool],
    horizon: Option<Timestamp>,
    output: &mut Vec<u8>,
) -> Result<(), RetainError> {
    let mut plain = Vec::new();
    let mut base = horizon;
    let mut max_timestamp = None;
    let mut record_count = 0;
    for (record, _) in records.iter().zip(kept).filter(|(_, stays)| **stays) {
        let record = record?;
        let timestamp = records.create_time(&record);
        let base = *base.get_or_insert(timestamp);
        let delta = timestamp.0.checked_sub(base.0);
        record.put(&mut plain, delta.ok_or(RetainError::Timestamp { timestamp })?);
        max_timestamp = max_timestamp.max(Some(timestamp));
        record_count += 1;
    }
    let codec = header.attributes.codec().expect("its records were read");
    let start = output.len();
    output.resize(start + HEADER_BYTES, 0);
    let packed = if codec == Codec::None {
        output.extend_from_slice(&plain);
        Ok(())
    } else {
        compress(codec, &plain, output).map_err(RetainError::from)
    };
    let total_len = output.len() - start;
    let fits = if total_len > TOTAL_LEN_MAX { Err(RetainError::TooLarge) } else { Ok(()) };
    if let Err(error) = packed.and(fits) {
        output.truncate(start);
        return Err(error);
    }
    let new = BatchHeader {
        total_len,
        attributes: header.attributes.with_delete_horizon(horizon.is_some()),
        base_timestamp: base.unwrap_or(header.base_timestamp),
        max_timestamp: records.append_time().or(max_timestamp).unwrap_or(header.max_timestamp),
        record_count,
        ..*header
    };
    let batch = output.split_at_mut(start).1;
    seal(&new, batch);
    Ok(())
}

/// Writes a header over the front of its batch, with the CRC of what is behind it.
fn seal(header: &BatchHeader, batch: &mut [u8]) {
    let array = header.encode();
    let (front, body) = batch.split_at_mut(HEADER_BYTES);
    let mut crc = Crc32c::new();
    crc.update(array.split_at(UNSUMMED_BYTES).1);
    crc.update(body);
    front.copy_from_slice(&BatchHeader { crc: crc.finish(), ..*header }.encode());
}
