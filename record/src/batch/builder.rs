//! Building a batch from records.
//!
//! Guarantees a batch that [`BatchView`](super::BatchView) and a producer's checks accept: deltas
//! from the first record's timestamp and from offset 0 without holes, the largest timestamp, the
//! CRC. Uncompressed records are written once, where they stay. Knows no limit but the format's;
//! the size is there to ask as it grows.

use super::header::{BatchHeader, HEADER_BYTES, UNSUMMED_BYTES};
use super::record::length_len;
use super::{Attributes, NewRecord};
use crate::{
    Codec, CompressionError, Crc32c, LeaderEpoch, Offset, OffsetDelta, ProducerEpoch, ProducerId,
    Sequence, Timestamp, compress,
};

/// The most bytes that a batch's length field can state, with those that it does not count.
const TOTAL_LEN_MAX: usize = 0x7fff_ffff + 12;

/// A batch under construction.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Room for the header, then the plain records.
    bytes: Vec<u8>,
    record_count: i32,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
}

/// What a sealed batch says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// How to compress the records.
    pub codec: Codec,
    /// 0 from a client; otherwise the place in the log.
    pub base_offset: Offset,
    /// [`LeaderEpoch::NONE`] from a client.
    pub leader_epoch: LeaderEpoch,
    /// The idempotent producer, if there is one.
    pub producer: Option<SealProducer>,
}

/// The idempotent producer of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealProducer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The first record's number.
    pub base_sequence: Sequence,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
}

/// Why a batch can not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The record would take the batch over the 2 GiB that its length field can state.
    #[error("the batch would be over 2 GiB")]
    TooLarge,
    /// The record's timestamp is further from the first record's than an `i64` reaches.
    #[error("timestamp {timestamp} is too far from the batch's first")]
    Timestamp {
        /// The timestamp.
        timestamp: Timestamp,
    },
    /// A batch has at least one record.
    #[error("a batch without records")]
    Empty,
    /// The compressor failed.
    #[error(transparent)]
    Compression(#[from] CompressionError),
}

impl Default for Seal {
    /// A client's batch: not compressed, not placed, no producer id.
    fn default() -> Self {
        Self {
            codec: Codec::None,
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            producer: None,
        }
    }
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new() -> Self {
        Self::with_capacity(HEADER_BYTES)
    }

    /// An empty batch that grows to `bytes` plain bytes without another allocation.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(bytes.max(HEADER_BYTES));
        buffer.resize(HEADER_BYTES, 0);
        Self {
            bytes: buffer,
            record_count: 0,
            base_timestamp: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
        }
    }

    /// The batch's size in bytes if it were sealed now and not compressed.
    pub fn total_len(&self) -> usize {
        self.bytes.len()
    }

    /// What [`BatchBuilder::total_len`] would be after `record`; `None` where it can not be
    /// appended.
    pub fn total_len_with(&self, record: &NewRecord<'_>) -> Option<usize> {
        self.place(record).ok().map(|place| place.total_len)
    }

    /// How many records are in it.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Whether it has no records.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// Appends `record` and gives its offset in the batch. An error changes nothing.
    pub fn append(&mut self, record: &NewRecord<'_>) -> Result<OffsetDelta, BuildError> {
        let place = self.place(record)?;
        if self.is_empty() {
            self.base_timestamp = record.timestamp;
            self.max_timestamp = record.timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        record.put(&mut self.bytes, place.content_len, place.timestamp_delta, place.offset_delta);
        self.record_count += 1;
        assert_eq!(self.bytes.len(), place.total_len, "a record takes the room that was reckoned");
        Ok(place.offset_delta)
    }

    /// The finished batch.
    pub fn seal(self, seal: &Seal) -> Result<Vec<u8>, BuildError> {
        self.seal_with(seal, Attributes::default())
    }

    /// As [`BatchBuilder::seal`], with attribute bits that only a broker may set.
    pub(super) fn seal_with(
        mut self,
        seal: &Seal,
        attributes: Attributes,
    ) -> Result<Vec<u8>, BuildError> {
        if self.is_empty() {
            return Err(BuildError::Empty);
        }
        let mut batch = if seal.codec == Codec::None {
            std::mem::take(&mut self.bytes)
        } else {
            let (header, body) = self.bytes.split_at(HEADER_BYTES);
            let mut batch = Vec::with_capacity(HEADER_BYTES + body.len() / 2);
            batch.extend_from_slice(header);
            compress(seal.codec, body, &mut batch)?;
            batch
        };
        if batch.len() > TOTAL_LEN_MAX {
            return Err(BuildError::TooLarge);
        }
        let mut header = self.header(seal, attributes, batch.len());
        let place = batch.first_chunk_mut().expect("room for the header was made at the start");
        *place = header.encode();
        header.crc = Crc32c::of(batch.split_at(UNSUMMED_BYTES).1);
        let place = batch.first_chunk_mut().expect("room for the header was made at the start");
        *place = header.encode();
        Ok(batch)
    }

    fn header(&self, seal: &Seal, attributes: Attributes, total_len: usize) -> BatchHeader {
        let producer = seal.producer.unwrap_or(SealProducer {
            id: ProducerId::NONE,
            epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            transactional: false,
        });
        BatchHeader {
            base_offset: seal.base_offset,
            total_len,
            leader_epoch: seal.leader_epoch,
            crc: 0,
            attributes: attributes
                .with_codec(seal.codec)
                .with_transactional(producer.transactional),
            last_offset_delta: OffsetDelta(self.record_count - 1),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: producer.base_sequence,
            record_count: self.record_count,
        }
    }

    fn place(&self, record: &NewRecord<'_>) -> Result<Place, BuildError> {
        let timestamp = record.timestamp;
        let base = if self.is_empty() { timestamp } else { self.base_timestamp };
        let timestamp_delta = timestamp.0.checked_sub(base.0);
        let timestamp_delta = timestamp_delta.ok_or(BuildError::Timestamp { timestamp })?;
        let offset_delta = OffsetDelta(self.record_count);
        let content_len = record.content_len(timestamp_delta, offset_delta);
        let total_len = self.bytes.len() + length_len(content_len) + content_len;
        if total_len > TOTAL_LEN_MAX {
            return Err(BuildError::TooLarge);
        }
        Ok(Place { timestamp_delta, offset_delta, content_len, total_len })
    }
}

/// Where a record comes to stand in a batch.
#[derive(Clone, Copy, Debug)]
struct Place {
    timestamp_delta: i64,
    offset_delta: OffsetDelta,
    content_len: usize,
    total_len: usize,
}
