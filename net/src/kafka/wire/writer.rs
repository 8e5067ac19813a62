//! Appends primitive values to a buffer that the caller owns and may use again.

use record::TopicId;

use super::error::{EncodeError, Reading};
use super::{STRING_LEN_MAX, varint};
use crate::kafka::version::Version;

/// Appends to a buffer. After an error the buffer holds a part of the value; whoever owns the
/// buffer cuts it back.
#[derive(Debug)]
pub struct Writer<'b> {
    bytes: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// A writer that appends to `bytes`.
    pub fn new(bytes: &'b mut Vec<u8>) -> Self {
        Self { bytes }
    }

    /// One byte, 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.i8(value.into());
    }

    /// One byte.
    pub fn i8(&mut self, value: i8) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Two bytes, big-endian.
    pub fn i16(&mut self, value: i16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Two bytes, big-endian, without a sign.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Four bytes, big-endian.
    pub fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Eight bytes, big-endian.
    pub fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: TopicId) {
        self.bytes.extend_from_slice(&value.0);
    }

    /// A string or null.
    pub fn nullable_string(&mut self, v: Version, text: Option<&str>) -> Result<(), EncodeError> {
        let len = text.map(str::len);
        if let Some(len) = len.filter(|len| *len > STRING_LEN_MAX) {
            return Err(EncodeError::TooLong { what: Reading::String, len });
        }
        if v.is_flexible() {
            self.compact_length(len, Reading::String)?;
        } else {
            let len = len.map_or(Ok(-1), i16::try_from);
            self.i16(len.expect("STRING_LEN_MAX is i16::MAX"));
        }
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        Ok(())
    }

    /// Bytes or null, copied.
    pub fn nullable_bytes(&mut self, v: Version, bytes: Option<&[u8]>) -> Result<(), EncodeError> {
        self.bytes_length(v, bytes.map(<[u8]>::len))?;
        self.bytes.extend_from_slice(bytes.unwrap_or_default());
        Ok(())
    }

    /// The length before bytes that follow, or null.
    pub fn bytes_length(&mut self, v: Version, len: Option<usize>) -> Result<(), EncodeError> {
        self.length_32_or_compact(v, len, Reading::Bytes)
    }

    /// The count before an array's elements, or null.
    pub fn array_count(&mut self, v: Version, count: Option<usize>) -> Result<(), EncodeError> {
        self.length_32_or_compact(v, count, Reading::ArrayCount)
    }

    /// How many tagged fields follow; nothing unless the version is flexible.
    pub fn tag_count(&mut self, v: Version, count: u32) {
        if v.is_flexible() {
            varint::write(self.bytes, count);
        }
    }

    /// One tagged field: its tag, its size, and the value that `write` appends.
    pub fn tag(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        varint::write(self.bytes, tag);
        let start = self.bytes.len();
        write(&mut Writer::new(self.bytes))?;
        // The size stands before the value but is known after it: it is appended, and then
        // rotated to the front. Values of tagged fields are small.
        let end = self.bytes.len();
        let size = u32::try_from(end - start)
            .map_err(|_| EncodeError::TooLong { what: Reading::TagValue, len: end - start })?;
        varint::write(self.bytes, size);
        let size_len = self.bytes.len() - end;
        self.bytes.get_mut(start..).unwrap_or_default().rotate_right(size_len);
        Ok(())
    }

    fn length_32_or_compact(
        &mut self,
        v: Version,
        len: Option<usize>,
        what: Reading,
    ) -> Result<(), EncodeError> {
        if v.is_flexible() {
            return self.compact_length(len, what);
        }
        match len.map_or(Ok(-1), i32::try_from) {
            Ok(len) => self.i32(len),
            Err(_) => return Err(EncodeError::TooLong { what, len: len.unwrap_or_default() }),
        }
        Ok(())
    }

    fn compact_length(&mut self, len: Option<usize>, what: Reading) -> Result<(), EncodeError> {
        let Some(len) = len else {
            varint::write(self.bytes, 0);
            return Ok(());
        };
        // Kafka reads lengths into a signed integer, in both encodings.
        let signed = i32::try_from(len).map_err(|_| EncodeError::TooLong { what, len })?;
        varint::write(self.bytes, signed.unsigned_abs() + 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::api_key::ApiKey;

    #[test]
    fn a_tagged_field_gets_its_size_in_front() {
        let mut bytes = vec![0xaa];
        let mut w = Writer::new(&mut bytes);
        w.tag(3, |w| {
            w.i16(0x0102);
            Ok(())
        })
        .unwrap();
        assert_eq!(bytes, [0xaa, 3, 2, 1, 2]);
    }

    #[test]
    fn a_long_tagged_field_gets_a_long_size_in_front() {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes)
            .tag(0, |w| {
                (0..200).for_each(|i| w.i8(i8::try_from(i / 2).unwrap()));
                Ok(())
            })
            .unwrap();
        assert_eq!(bytes[..5], [0, 0xc8, 0x01, 0, 0]);
        assert_eq!(bytes.len(), 203);
        assert_eq!(bytes[202], 99);
    }

    #[test]
    fn a_string_beyond_the_limit_is_refused_in_both_encodings() {
        for version in [0, 3] {
            let v = ApiKey::ApiVersions.version(version).unwrap();
            let mut bytes = Vec::new();
            let mut w = Writer::new(&mut bytes);
            let text = "x".repeat(STRING_LEN_MAX + 1);
            let refused = EncodeError::TooLong { what: Reading::String, len: text.len() };
            assert_eq!(w.nullable_string(v, Some(&text)), Err(refused));
            assert_eq!(w.nullable_string(v, Some(&text[1..])), Ok(()));
        }
    }

    #[test]
    fn a_count_beyond_32_bits_is_refused_in_both_encodings() {
        for version in [0, 3] {
            let v = ApiKey::ApiVersions.version(version).unwrap();
            let mut bytes = Vec::new();
            let len = usize::MAX;
            let refused = EncodeError::TooLong { what: Reading::ArrayCount, len };
            assert_eq!(Writer::new(&mut bytes).array_count(v, Some(len)), Err(refused));
        }
    }
}
