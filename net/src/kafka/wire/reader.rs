//! A cursor over one frame in which every read is checked.

use record::TopicId;

use super::error::{DecodeError, Fault, Reading};
use super::records::Records;
use super::{STRING_LEN_MAX, varint};
use crate::kafka::version::Version;

/// The most array elements, nested ones included, that a request may have.
///
/// What a broker spends on a request grows with its elements, and an element can be as small as
/// one byte. A million is sixty times the partitions that a shard holds by default.
pub const ELEMENTS_MAX_REQUEST: usize = 1 << 20;

/// The most array elements, nested ones included, that a response may have.
///
/// Larger than for requests: the metadata of a cluster lists replicas for every partition.
pub const ELEMENTS_MAX_RESPONSE: usize = 1 << 24;

/// A cursor over one frame. Reads borrow the frame, allocate nothing and never panic.
///
/// Positions count from the start of the frame, its length prefix excluded. After an error the
/// reader's position is unspecified; nothing else can be read from that frame.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The frame up to where this reader may go.
    bytes: &'a [u8],
    /// At most `bytes.len()`.
    position: usize,
    elements_left: usize,
}

impl<'a> Reader<'a> {
    /// A reader over a request's frame, with [`ELEMENTS_MAX_REQUEST`].
    pub fn request(frame: &'a [u8]) -> Self {
        Self { bytes: frame, position: 0, elements_left: ELEMENTS_MAX_REQUEST }
    }

    /// A reader over a response's frame, with [`ELEMENTS_MAX_RESPONSE`].
    pub fn response(frame: &'a [u8]) -> Self {
        Self { bytes: frame, position: 0, elements_left: ELEMENTS_MAX_RESPONSE }
    }

    /// Where the next read starts, in bytes from the start of the frame.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// The same reader without a limit on elements, to go again over what was counted already.
    pub(super) fn unlimited(mut self) -> Self {
        self.elements_left = usize::MAX;
        self
    }

    /// One byte; every value but 0 is true, as in Kafka.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.i8()? != 0)
    }

    /// One byte, signed.
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        self.fixed(Reading::Number).map(i8::from_be_bytes)
    }

    /// Two bytes, big-endian.
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        self.fixed(Reading::Number).map(i16::from_be_bytes)
    }

    /// Two bytes, big-endian, without a sign.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.fixed(Reading::Number).map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.fixed(Reading::Number).map(i32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.fixed(Reading::Number).map(i64::from_be_bytes)
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self) -> Result<TopicId, DecodeError> {
        self.fixed(Reading::Uuid).map(TopicId)
    }

    /// A string, `None` for null.
    pub fn nullable_string(&mut self, v: Version) -> Result<Option<&'a str>, DecodeError> {
        let at = self.position;
        let Some(len) = self.length_16_or_compact(v)? else { return Ok(None) };
        if len > STRING_LEN_MAX {
            return Err(error(at, Reading::StringLength, Fault::StringTooLong));
        }
        if len > self.remaining() {
            return Err(error(at, Reading::StringLength, Fault::BeyondEnd));
        }
        let at = self.position;
        let bytes = self.take(len, Reading::String)?;
        let text =
            std::str::from_utf8(bytes).map_err(|_| error(at, Reading::String, Fault::NotUtf8))?;
        Ok(Some(text))
    }

    /// A string that may not be null.
    pub fn string(&mut self, v: Version) -> Result<&'a str, DecodeError> {
        let at = self.position;
        self.nullable_string(v)?.ok_or(error(at, Reading::StringLength, Fault::Null))
    }

    /// Bytes, `None` for null.
    pub fn nullable_bytes(&mut self, v: Version) -> Result<Option<&'a [u8]>, DecodeError> {
        let at = self.position;
        let Some(len) = self.length_32_or_compact(v, Reading::BytesLength)? else {
            return Ok(None);
        };
        if len > self.remaining() {
            return Err(error(at, Reading::BytesLength, Fault::BeyondEnd));
        }
        self.take(len, Reading::Bytes).map(Some)
    }

    /// Bytes that may not be null.
    pub fn bytes(&mut self, v: Version) -> Result<&'a [u8], DecodeError> {
        let at = self.position;
        self.nullable_bytes(v)?.ok_or(error(at, Reading::BytesLength, Fault::Null))
    }

    /// Record batches, `None` for null.
    pub fn nullable_records(&mut self, v: Version) -> Result<Option<Records<'a>>, DecodeError> {
        let Some(bytes) = self.nullable_bytes(v)? else { return Ok(None) };
        Ok(Some(Records::at(bytes, self.position - bytes.len())))
    }

    /// An array's count, `None` for null. The elements are counted against the reader's limit,
    /// and the count against what the rest of the frame can hold at `element_len_min` bytes each.
    pub(super) fn array_count(
        &mut self,
        v: Version,
        element_len_min: usize,
    ) -> Result<Option<usize>, DecodeError> {
        assert!(element_len_min > 0, "an element that takes no byte could be repeated for free");
        let at = self.position;
        let Some(count) = self.length_32_or_compact(v, Reading::ArrayCount)? else {
            return Ok(None);
        };
        if count > self.remaining() / element_len_min {
            return Err(error(at, Reading::ArrayCount, Fault::BeyondEnd));
        }
        match self.elements_left.checked_sub(count) {
            Some(left) => self.elements_left = left,
            None => return Err(error(at, Reading::ArrayCount, Fault::TooManyElements)),
        }
        Ok(Some(count))
    }

    /// The tagged fields at the end of a struct; nothing unless the version is flexible.
    ///
    /// `known` reads the value of a tag that it knows and answers true, or answers false, upon
    /// which the value is skipped. Tags must ascend, sizes stay within the frame, and a known
    /// value must take exactly its size.
    pub fn tags(
        &mut self,
        v: Version,
        mut known: impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        if !v.is_flexible() {
            return Ok(());
        }
        let mut tag_min = 0_u64;
        for _ in 0..self.varint(Reading::TagCount)? {
            let at = self.position;
            let tag = self.varint(Reading::Tag)?;
            if u64::from(tag) < tag_min {
                return Err(error(at, Reading::Tag, Fault::TagOrder));
            }
            tag_min = u64::from(tag) + 1;
            let mut value = self.tag_value()?;
            let end = value.bytes.len();
            if known(tag, &mut value)? {
                if value.position != end {
                    return Err(error(value.position, Reading::TagValue, Fault::TagSlack));
                }
                self.elements_left = value.elements_left;
            }
            self.position = end;
        }
        Ok(())
    }

    /// Skips the tagged fields at the end of a struct that knows none.
    pub fn skip_tags(&mut self, v: Version) -> Result<(), DecodeError> {
        self.tags(v, |_, _| Ok(false))
    }

    /// The refusal of a tag that the version does not have, for `known` in [`Reader::tags`].
    pub fn tag_not_in_version(&self) -> DecodeError {
        error(self.position, Reading::Tag, Fault::TagNotInVersion)
    }

    /// The refusal of a null that the version does not allow.
    pub(in crate::kafka) fn null_not_allowed(at: usize) -> DecodeError {
        error(at, Reading::Number, Fault::Null)
    }

    /// The refusal of a null array that may not be null.
    pub(super) fn null_array(at: usize) -> DecodeError {
        error(at, Reading::ArrayCount, Fault::Null)
    }

    /// A reader that ends where the tagged field's value does.
    fn tag_value(&mut self) -> Result<Self, DecodeError> {
        let at = self.position;
        let size = self.varint(Reading::TagSize)?;
        let end = usize::try_from(size).ok().and_then(|size| self.position.checked_add(size));
        let bytes = end.and_then(|end| self.bytes.get(..end)).ok_or(error(
            at,
            Reading::TagSize,
            Fault::BeyondEnd,
        ))?;
        Ok(Self { bytes, ..*self })
    }

    fn length_16_or_compact(&mut self, v: Version) -> Result<Option<usize>, DecodeError> {
        let reading = Reading::StringLength;
        if v.is_flexible() {
            return self.compact_length(reading);
        }
        let at = self.position;
        let len = self.fixed(reading).map(i16::from_be_bytes)?;
        signed_length(len.into(), at, reading)
    }

    fn length_32_or_compact(
        &mut self,
        v: Version,
        reading: Reading,
    ) -> Result<Option<usize>, DecodeError> {
        if v.is_flexible() {
            return self.compact_length(reading);
        }
        let at = self.position;
        let len = self.fixed(reading).map(i32::from_be_bytes)?;
        signed_length(len, at, reading)
    }

    /// A compact length: 0 is null, everything else one more than the length.
    fn compact_length(&mut self, reading: Reading) -> Result<Option<usize>, DecodeError> {
        let at = self.position;
        match self.varint(reading)?.checked_sub(1) {
            None => Ok(None),
            Some(len) => match usize::try_from(len) {
                Ok(len) => Ok(Some(len)),
                Err(_) => Err(error(at, reading, Fault::BeyondEnd)),
            },
        }
    }

    fn varint(&mut self, reading: Reading) -> Result<u32, DecodeError> {
        let at = self.position;
        let rest = self.bytes.get(at..).unwrap_or_default();
        match varint::read(rest) {
            Ok(Some((value, len))) => {
                self.position += len;
                Ok(value)
            }
            Ok(None) => Err(error(at, reading, Fault::Truncated)),
            Err(varint::Overflow) => Err(error(at, reading, Fault::VarintOverflow)),
        }
    }

    fn fixed<const N: usize>(&mut self, reading: Reading) -> Result<[u8; N], DecodeError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let Some(chunk) = rest.first_chunk::<N>() else {
            return Err(error(self.position, reading, Fault::Truncated));
        };
        self.position += N;
        Ok(*chunk)
    }

    fn take(&mut self, len: usize, reading: Reading) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let Some(taken) = rest.get(..len) else {
            return Err(error(self.position, reading, Fault::Truncated));
        };
        self.position += len;
        Ok(taken)
    }
}

fn signed_length(len: i32, at: usize, reading: Reading) -> Result<Option<usize>, DecodeError> {
    match usize::try_from(len) {
        Ok(len) => Ok(Some(len)),
        Err(_) if len == -1 => Ok(None),
        Err(_) => Err(error(at, reading, Fault::Negative)),
    }
}

fn error(position: usize, reading: Reading, fault: Fault) -> DecodeError {
    DecodeError { position, field: "", reading, fault }
}

#[cfg(test)]
mod tests;
