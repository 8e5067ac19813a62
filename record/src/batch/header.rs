//! The 61-byte header of a record batch, version 2 ("magic 2"), big-endian (KIP-98).
//!
//! ```text
//!  0  i64  base offset             set by the leader     -+
//!  8  i32  length after this field: total - 12            | outside the CRC
//! 12  i32  partition leader epoch  set by the leader      |
//! 16  i8   magic: 2                                       |
//! 17  u32  CRC-32C of byte 21 to the end                 -+
//! 21  i16  attributes                                    -+
//! 23  i32  last offset delta                              |
//! 27  i64  base timestamp (delete horizon if bit 6)       |
//! 35  i64  max timestamp                                  | inside the CRC
//! 43  i64  producer id                                    |
//! 51  i16  producer epoch                                 |
//! 53  i32  base sequence                                  |
//! 57  i32  record count                                   |
//! 61       records, compressed as one block              -+
//! ```
//!
//! A [`HeaderView`] exists only for a header with magic 2, a length that holds a header, and
//! offsets from 0 that do not overflow. It promises nothing about the CRC, the records, or fields
//! that only a producer can get wrong; those are `check_produced`'s.

use super::Attributes;
use crate::{
    LeaderEpoch, Offset, OffsetDelta, ProducerEpoch, ProducerId, Sequence, Timestamp, TimestampType,
};

/// The bytes of a batch before its records.
pub const HEADER_BYTES: usize = 61;
/// The bytes of a batch that its CRC does not cover: the leader may rewrite them freely.
pub const UNSUMMED_BYTES: usize = 21;
/// The version of the batch format in this file; older ones are refused.
pub const MAGIC: i8 = 2;

/// The bytes up to and with the length field, which that field does not count.
const LENGTH_END: usize = LENGTH_AT + 4;
/// The least that the length field may say: a header without records, as compaction leaves it.
const LENGTH_MIN: i32 = 49;
/// What must be there before the magic can be told.
const MAGIC_END: usize = MAGIC_AT + 1;

pub(super) const BASE_OFFSET_AT: usize = 0;
const LENGTH_AT: usize = 8;
pub(super) const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
const BASE_TIMESTAMP_AT: usize = 27;
pub(super) const MAX_TIMESTAMP_AT: usize = 35;
pub(super) const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;
const RECORD_COUNT_AT: usize = 57;

const _: () = assert!(RECORD_COUNT_AT + 4 == HEADER_BYTES);
const _: () = assert!(LENGTH_END + 49 == HEADER_BYTES && LENGTH_MIN == 49);
const _: () = assert!(CRC_AT + 4 == UNSUMMED_BYTES && ATTRIBUTES_AT == UNSUMMED_BYTES);

/// A header's bytes.
pub(super) type HeaderArray = [u8; HEADER_BYTES];

/// Why bytes are not the start of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The bytes end inside the header or inside the batch: a cut tail in a log, and in a request
    /// `CORRUPT_MESSAGE`.
    #[error("{have} bytes, but the batch takes at least {needs}")]
    Incomplete {
        /// The bytes that the batch takes, as far as can be told.
        needs: usize,
        /// The bytes that there are.
        have: usize,
    },
    /// Another batch format. In a request `UNSUPPORTED_FOR_MESSAGE_FORMAT` for 0 and 1, and
    /// `INVALID_RECORD` for the rest.
    #[error("batch format {magic} is not supported, only 2")]
    Magic {
        /// The format's number.
        magic: i8,
    },
    /// The length can not hold a header: `CORRUPT_MESSAGE`.
    #[error("batch length {length} can not hold a header")]
    Length {
        /// The length field.
        length: i32,
    },
    /// The offsets are negative or run over the largest one: `INVALID_RECORD`.
    #[error("offsets from {base_offset} with last delta {last_offset_delta} are out of range")]
    OffsetRange {
        /// The base offset.
        base_offset: Offset,
        /// The last record's distance from it.
        last_offset_delta: OffsetDelta,
    },
}

/// A checked header in place; each accessor is one load, so that walking a log reads only what it
/// asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderView<'a>(&'a HeaderArray);

impl<'a> HeaderView<'a> {
    /// Checks the header at the front of `bytes`; what follows it is not looked at and need not
    /// be there.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HeaderError> {
        let Some(array) = bytes.first_chunk() else { return Err(incomplete_header(bytes)) };
        check(array)?;
        Ok(Self(array))
    }

    /// For an array that [`check`] has accepted.
    pub(super) fn of_checked(array: &'a HeaderArray) -> Self {
        debug_assert!(check(array).is_ok(), "only a checked header becomes a view");
        Self(array)
    }

    /// The offset of the batch's first record, whether or not compaction left it there.
    #[inline]
    pub fn base_offset(self) -> Offset {
        Offset(i64::from_be_bytes(get::<BASE_OFFSET_AT, 8>(self.0)))
    }

    /// The batch's bytes, this header's included: at least [`HEADER_BYTES`], under 2 GiB + 12.
    #[inline]
    pub fn total_len(self) -> usize {
        total_len(i32::from_be_bytes(get::<LENGTH_AT, 4>(self.0)))
    }

    /// The reign that wrote the batch.
    #[inline]
    pub fn leader_epoch(self) -> LeaderEpoch {
        LeaderEpoch(i32::from_be_bytes(get::<LEADER_EPOCH_AT, 4>(self.0)))
    }

    /// The CRC-32C that the header claims for byte [`UNSUMMED_BYTES`] to the end.
    #[inline]
    pub fn crc(self) -> u32 {
        u32::from_be_bytes(get::<CRC_AT, 4>(self.0))
    }

    /// The attribute bits.
    #[inline]
    pub fn attributes(self) -> Attributes {
        Attributes(i16::from_be_bytes(get::<ATTRIBUTES_AT, 2>(self.0)))
    }

    /// The last offset's distance from the base offset: not negative.
    #[inline]
    pub fn last_offset_delta(self) -> OffsetDelta {
        OffsetDelta(i32::from_be_bytes(get::<LAST_OFFSET_DELTA_AT, 4>(self.0)))
    }

    /// The last offset that the batch covers, whether or not compaction left its record there.
    #[inline]
    pub fn last_offset(self) -> Offset {
        // A header whose offsets overflow is refused before it becomes a view.
        Offset(self.base_offset().0 + i64::from(self.last_offset_delta().0))
    }

    /// The base offset of the batch that comes next in a log without holes.
    #[inline]
    pub fn next_offset(self) -> Offset {
        Offset(self.last_offset().0 + 1)
    }

    /// What the records' timestamp deltas count from; also the delete horizon, if the attributes
    /// say so.
    #[inline]
    pub fn base_timestamp(self) -> Timestamp {
        Timestamp(i64::from_be_bytes(get::<BASE_TIMESTAMP_AT, 8>(self.0)))
    }

    /// From when on compaction may drop the batch's tombstones, if it was told (KIP-534).
    #[inline]
    pub fn delete_horizon(self) -> Option<Timestamp> {
        self.attributes().has_delete_horizon().then(|| self.base_timestamp())
    }

    /// The largest timestamp of the records by the producer's word, or the append time.
    #[inline]
    pub fn max_timestamp(self) -> Timestamp {
        Timestamp(i64::from_be_bytes(get::<MAX_TIMESTAMP_AT, 8>(self.0)))
    }

    /// The time at which the broker appended the batch, if that is what it is stamped with.
    #[inline]
    pub fn append_time(self) -> Option<Timestamp> {
        match self.attributes().timestamp_type() {
            TimestampType::LogAppendTime => Some(self.max_timestamp()),
            TimestampType::CreateTime => None,
        }
    }

    /// The idempotent producer that wrote the batch, or none.
    #[inline]
    pub fn producer_id(self) -> ProducerId {
        ProducerId(i64::from_be_bytes(get::<PRODUCER_ID_AT, 8>(self.0)))
    }

    /// The producer's epoch, meaningless without a producer id.
    #[inline]
    pub fn producer_epoch(self) -> ProducerEpoch {
        ProducerEpoch(i16::from_be_bytes(get::<PRODUCER_EPOCH_AT, 2>(self.0)))
    }

    /// The first record's sequence number, meaningless without a producer id.
    #[inline]
    pub fn base_sequence(self) -> Sequence {
        Sequence(i32::from_be_bytes(get::<BASE_SEQUENCE_AT, 4>(self.0)))
    }

    /// How many records there are by the producer's word: any number, also a negative one.
    #[inline]
    pub fn record_count(self) -> i32 {
        i32::from_be_bytes(get::<RECORD_COUNT_AT, 4>(self.0))
    }

    /// All fields, by value.
    pub fn decode(self) -> BatchHeader {
        BatchHeader {
            base_offset: self.base_offset(),
            total_len: self.total_len(),
            leader_epoch: self.leader_epoch(),
            crc: self.crc(),
            attributes: self.attributes(),
            last_offset_delta: self.last_offset_delta(),
            base_timestamp: self.base_timestamp(),
            max_timestamp: self.max_timestamp(),
            producer_id: self.producer_id(),
            producer_epoch: self.producer_epoch(),
            base_sequence: self.base_sequence(),
            record_count: self.record_count(),
        }
    }

    /// The bytes that the CRC does not cover; with the summed rest they are the whole batch.
    #[inline]
    pub fn unsummed(self) -> &'a [u8; UNSUMMED_BYTES] {
        self.0.first_chunk().expect("a header is longer than its unsummed part")
    }
}

/// A header by value: what is left of a batch when its bytes have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of the first record.
    pub base_offset: Offset,
    /// The batch's bytes, this header's included.
    pub total_len: usize,
    /// The reign that wrote the batch.
    pub leader_epoch: LeaderEpoch,
    /// The CRC-32C of byte [`UNSUMMED_BYTES`] to the end.
    pub crc: u32,
    /// The attribute bits.
    pub attributes: Attributes,
    /// The last offset's distance from the base offset.
    pub last_offset_delta: OffsetDelta,
    /// What the records' timestamp deltas count from.
    pub base_timestamp: Timestamp,
    /// The largest timestamp of the records, or the append time.
    pub max_timestamp: Timestamp,
    /// The idempotent producer, or none.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence number.
    pub base_sequence: Sequence,
    /// How many records there are.
    pub record_count: i32,
}

impl BatchHeader {
    /// Checks and decodes the header at the front of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        HeaderView::parse(bytes).map(HeaderView::decode)
    }

    /// The header's bytes. `total_len` must be one that a header can state.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let length = self.total_len.checked_sub(LENGTH_END).and_then(|len| i32::try_from(len).ok());
        let length = length.filter(|length| *length >= LENGTH_MIN);
        let length = length.expect("a batch has a header and is under 2 GiB");
        let mut array = [0; HEADER_BYTES];
        put::<BASE_OFFSET_AT, _>(&mut array, self.base_offset.0.to_be_bytes());
        put::<LENGTH_AT, _>(&mut array, length.to_be_bytes());
        put::<LEADER_EPOCH_AT, _>(&mut array, self.leader_epoch.0.to_be_bytes());
        put::<MAGIC_AT, _>(&mut array, MAGIC.to_be_bytes());
        put::<CRC_AT, _>(&mut array, self.crc.to_be_bytes());
        put::<ATTRIBUTES_AT, _>(&mut array, self.attributes.0.to_be_bytes());
        put::<LAST_OFFSET_DELTA_AT, _>(&mut array, self.last_offset_delta.0.to_be_bytes());
        put::<BASE_TIMESTAMP_AT, _>(&mut array, self.base_timestamp.0.to_be_bytes());
        put::<MAX_TIMESTAMP_AT, _>(&mut array, self.max_timestamp.0.to_be_bytes());
        put::<PRODUCER_ID_AT, _>(&mut array, self.producer_id.0.to_be_bytes());
        put::<PRODUCER_EPOCH_AT, _>(&mut array, self.producer_epoch.0.to_be_bytes());
        put::<BASE_SEQUENCE_AT, _>(&mut array, self.base_sequence.0.to_be_bytes());
        put::<RECORD_COUNT_AT, _>(&mut array, self.record_count.to_be_bytes());
        array
    }
}

/// The one place that decides what a coherent header is.
#[inline]
pub(super) fn check(array: &HeaderArray) -> Result<(), HeaderError> {
    // The magic first: older formats have it in the same place, and shorter headers.
    let [magic] = get::<MAGIC_AT, 1>(array).map(u8::cast_signed);
    if magic != MAGIC {
        return Err(HeaderError::Magic { magic });
    }
    let length = i32::from_be_bytes(get::<LENGTH_AT, 4>(array));
    if length < LENGTH_MIN {
        return Err(HeaderError::Length { length });
    }
    let base_offset = Offset(i64::from_be_bytes(get::<BASE_OFFSET_AT, 8>(array)));
    let delta = OffsetDelta(i32::from_be_bytes(get::<LAST_OFFSET_DELTA_AT, 4>(array)));
    check_offsets(base_offset, delta)
}

/// Whether every offset of a batch, and the one after it, is a real one.
#[inline]
pub(super) fn check_offsets(
    base_offset: Offset,
    last_offset_delta: OffsetDelta,
) -> Result<(), HeaderError> {
    let next = base_offset.checked_add(i64::from(last_offset_delta.0) + 1);
    if base_offset >= Offset::ZERO && last_offset_delta.0 >= 0 && next.is_some() {
        Ok(())
    } else {
        Err(HeaderError::OffsetRange { base_offset, last_offset_delta })
    }
}

/// Names what is wrong with fewer bytes than a header: another format's batch may be shorter.
#[cold]
fn incomplete_header(bytes: &[u8]) -> HeaderError {
    let have = bytes.len();
    let Some(start) = bytes.first_chunk::<MAGIC_END>() else {
        return HeaderError::Incomplete { needs: HEADER_BYTES, have };
    };
    let mut array = [0; HEADER_BYTES];
    put::<0, MAGIC_END>(&mut array, *start);
    match check(&array) {
        Err(error @ (HeaderError::Magic { .. } | HeaderError::Length { .. })) => error,
        _ => HeaderError::Incomplete { needs: HeaderView(&array).total_len(), have },
    }
}

/// The whole batch's bytes from its length field; the caller has checked the field.
#[inline]
fn total_len(length: i32) -> usize {
    usize::try_from(length).expect("a checked length is positive") + LENGTH_END
}

#[inline]
fn get<const AT: usize, const N: usize>(array: &HeaderArray) -> [u8; N] {
    const { assert!(AT + N <= HEADER_BYTES) };
    *array.get(AT..).and_then(<[u8]>::first_chunk).expect("inside, as asserted at compile time")
}

#[inline]
pub(super) fn put<const AT: usize, const N: usize>(array: &mut HeaderArray, bytes: [u8; N]) {
    const { assert!(AT + N <= HEADER_BYTES) };
    let place = array.get_mut(AT..).and_then(<[u8]>::first_chunk_mut);
    *place.expect("inside, as asserted at compile time") = bytes;
}

#[cfg(test)]
mod tests;
