//! One record in borrowed bytes.
//!
//! ```text
//! varint   length of what follows
//! i8       attributes: unused, not read
//! varlong  timestamp - batch's base timestamp
//! varint   offset - batch's base offset
//! varint   key length, -1 for null       + key
//! varint   value length, -1 for null     + value
//! varint   header count, then for each:
//!          varint  key length            + key
//!          varint  value length, -1 null + value
//! ```
//!
//! Guarantees that a decoded [`Record`] fills its length exactly and that its headers can be read
//! without error, in their order, duplicates included, keys as bytes whatever they are. Knows
//! nothing of the batch around it.

use crate::varint::{
    VarintError, put_varint, put_varlong, take_varint, take_varlong, varint_len, varlong_len,
};
use crate::{OffsetDelta, Timestamp};

/// The least that a record takes: seven integers or bytes of one byte each.
pub(super) const RECORD_BYTES_MIN: usize = 7;

/// One record as its batch holds it: positions are relative to the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The record's offset less the batch's base offset.
    pub offset_delta: OffsetDelta,
    /// The producer's timestamp less the batch's base timestamp, in milliseconds.
    pub timestamp_delta: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null: a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: Headers<'a>,
}

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The key: by convention UTF-8, by the format any bytes, and not unique.
    pub key: &'a [u8],
    /// The value, or null.
    pub value: Option<&'a [u8]>,
}

/// What is wrong with a record's bytes. All of these are `INVALID_RECORD` in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// An integer is cut off or too wide.
    #[error(transparent)]
    Varint(#[from] VarintError),
    /// The record's length is negative, over the bytes that are left, or too short to hold one.
    #[error("record length {length} does not fit")]
    Length {
        /// The length.
        length: i32,
    },
    /// The key's length is below -1 or over the record's end.
    #[error("key length {length} does not fit")]
    KeyLength {
        /// The length.
        length: i32,
    },
    /// The value's length is below -1 or over the record's end.
    #[error("value length {length} does not fit")]
    ValueLength {
        /// The length.
        length: i32,
    },
    /// The number of headers is negative.
    #[error("header count {count} is negative")]
    HeaderCount {
        /// The count.
        count: i32,
    },
    /// A header key's length is negative or over the record's end: keys can not be null.
    #[error("header key length {length} does not fit")]
    HeaderKeyLength {
        /// The length.
        length: i32,
    },
    /// A header value's length is below -1 or over the record's end.
    #[error("header value length {length} does not fit")]
    HeaderValueLength {
        /// The length.
        length: i32,
    },
    /// The record's parts end before its length does.
    #[error("{bytes} bytes are left over inside the record")]
    LeftOver {
        /// How many.
        bytes: usize,
    },
    /// The offset is not above the previous record's, or over the batch's last; in a produced
    /// batch, not the next one.
    #[error("offset delta {offset_delta} is out of order")]
    OffsetDelta {
        /// The delta.
        offset_delta: OffsetDelta,
    },
    /// Base timestamp and delta add up to more than an `i64`.
    #[error("timestamp delta {timestamp_delta} overflows")]
    TimestampDelta {
        /// The delta.
        timestamp_delta: i64,
    },
    /// The batch claims fewer than no records.
    #[error("record count {count} is negative")]
    RecordCount {
        /// The count.
        count: i32,
    },
    /// There are bytes after the last record.
    #[error("{bytes} bytes are left over after the last record")]
    Trailing {
        /// How many.
        bytes: usize,
    },
}

impl<'a> Record<'a> {
    /// Takes one record off the front of `input`, reading its headers once so that their iterator
    /// can not fail.
    #[inline]
    pub(super) fn take(input: &mut &'a [u8]) -> Result<Self, RecordFault> {
        let start = RecordStart::take(input)?;
        let mut rest = start.headers.bytes;
        for _ in 0..start.headers.count {
            Header::take(&mut rest)?;
        }
        if !rest.is_empty() {
            return Err(RecordFault::LeftOver { bytes: rest.len() });
        }
        let RecordStart { offset_delta, timestamp_delta, key, value, headers } = start;
        Ok(Self { offset_delta, timestamp_delta, key, value, headers })
    }
}

impl Record<'_> {
    /// Appends the record as it is but for its timestamp, which now counts from elsewhere.
    pub(super) fn put(&self, output: &mut Vec<u8>, timestamp_delta: i64) {
        let content_len = 1
            + varlong_len(timestamp_delta)
            + varint_len(self.offset_delta.0)
            + nullable_len(self.key)
            + nullable_len(self.value)
            + length_len(self.headers.len())
            + self.headers.bytes.len();
        put_length(output, content_len);
        output.push(0);
        put_varlong(output, timestamp_delta);
        put_varint(output, self.offset_delta.0);
        put_nullable(output, self.key);
        put_nullable(output, self.value);
        put_length(output, self.headers.len());
        output.extend_from_slice(self.headers.bytes);
    }
}

/// A record whose headers have not been read yet: they can be many, and are walked apart where
/// the walk must be able to pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordStart<'a> {
    pub(super) offset_delta: OffsetDelta,
    pub(super) timestamp_delta: i64,
    pub(super) key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    /// All bytes up to the record's end, which hold that many headers by their word only.
    pub(super) headers: Headers<'a>,
}

impl<'a> RecordStart<'a> {
    /// Takes one record off the front of `input`.
    #[inline]
    pub(super) fn take(input: &mut &'a [u8]) -> Result<Self, RecordFault> {
        let length = take_varint(input)?;
        let fault = RecordFault::Length { length };
        let len = usize::try_from(length).map_err(|_| fault)?;
        let (bytes, rest) = input.split_at_checked(len).ok_or(fault)?;
        *input = rest;
        let (_attributes, mut bytes) = bytes.split_first().ok_or(fault)?;
        let timestamp_delta = take_varlong(&mut bytes)?;
        let offset_delta = OffsetDelta(take_varint(&mut bytes)?);
        let key = take_nullable(&mut bytes, |length| RecordFault::KeyLength { length })?;
        let value = take_nullable(&mut bytes, |length| RecordFault::ValueLength { length })?;
        let count = take_varint(&mut bytes)?;
        let count = u32::try_from(count).map_err(|_| RecordFault::HeaderCount { count })?;
        Ok(Self { offset_delta, timestamp_delta, key, value, headers: Headers { bytes, count } })
    }
}

/// A record's headers, checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) count: u32,
}

impl<'a> Headers<'a> {
    /// The headers in their order.
    pub fn iter(self) -> HeaderIter<'a> {
        self.into_iter()
    }

    /// How many there are, duplicates included.
    pub fn len(self) -> usize {
        usize::try_from(self.count).expect("a u32 fits a usize")
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.count == 0
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        HeaderIter { rest: self }
    }
}

/// A record's headers one by one, in their order.
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    rest: Headers<'a>,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.rest.count = self.rest.count.checked_sub(1)?;
        let header = Header::take(&mut self.rest.bytes);
        Some(header.expect("headers are read once before they are handed out"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest.len(), Some(self.rest.len()))
    }
}

impl ExactSizeIterator for HeaderIter<'_> {}

impl<'a> Header<'a> {
    /// Takes one header off the front of `input`: at least two bytes, so a hostile count ends
    /// with the bytes.
    #[inline]
    pub(super) fn take(input: &mut &'a [u8]) -> Result<Self, RecordFault> {
        let length = take_varint(input)?;
        let fault = RecordFault::HeaderKeyLength { length };
        let len = usize::try_from(length).map_err(|_| fault)?;
        let (key, rest) = input.split_at_checked(len).ok_or(fault)?;
        *input = rest;
        let value = take_nullable(input, |length| RecordFault::HeaderValueLength { length })?;
        Ok(Self { key, value })
    }
}

/// Bytes after their length, with -1 for null.
#[inline]
fn take_nullable<'a>(
    input: &mut &'a [u8],
    fault: impl Fn(i32) -> RecordFault,
) -> Result<Option<&'a [u8]>, RecordFault> {
    let length = take_varint(input)?;
    if length == -1 {
        return Ok(None);
    }
    let len = usize::try_from(length).map_err(|_| fault(length))?;
    let (bytes, rest) = input.split_at_checked(len).ok_or_else(|| fault(length))?;
    *input = rest;
    Ok(Some(bytes))
}

/// A record to be written; a batch takes a copy of all its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// When the producer says that it happened, or [`Timestamp::NONE`].
    pub timestamp: Timestamp,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null.
    pub value: Option<&'a [u8]>,
    /// The headers, kept in this order, duplicates included.
    pub headers: &'a [Header<'a>],
}

impl NewRecord<'_> {
    /// The bytes that the record takes after its length field.
    pub(super) fn content_len(&self, timestamp_delta: i64, offset_delta: OffsetDelta) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|h| nullable_len(Some(h.key)) + nullable_len(h.value));
        1 + varlong_len(timestamp_delta)
            + varint_len(offset_delta.0)
            + nullable_len(self.key)
            + nullable_len(self.value)
            + length_len(self.headers.len())
            + headers.sum::<usize>()
    }

    /// Appends the record. `content_len` is [`NewRecord::content_len`] of the same deltas.
    pub(super) fn put(
        &self,
        output: &mut Vec<u8>,
        content_len: usize,
        timestamp_delta: i64,
        offset_delta: OffsetDelta,
    ) {
        put_length(output, content_len);
        let start = output.len();
        output.push(0);
        put_varlong(output, timestamp_delta);
        put_varint(output, offset_delta.0);
        put_nullable(output, self.key);
        put_nullable(output, self.value);
        put_length(output, self.headers.len());
        for header in self.headers {
            put_nullable(output, Some(header.key));
            put_nullable(output, header.value);
        }
        assert_eq!(output.len() - start, content_len, "a record is as long as it was said to be");
    }
}

fn put_nullable(output: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_length(output, bytes.len());
            output.extend_from_slice(bytes);
        }
        None => put_varint(output, -1),
    }
}

fn nullable_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| length_len(bytes.len()) + bytes.len())
}

/// The builder refuses a batch over 2 GiB before it writes any of a record.
fn put_length(output: &mut Vec<u8>, length: usize) {
    put_varlong(output, i64::try_from(length).expect("a length in memory"));
}

/// The bytes of a length field; a record's is at most five, as the builder sees to.
pub(super) fn length_len(length: usize) -> usize {
    varlong_len(i64::try_from(length).expect("a length in memory"))
}
