//! A cursor over a key or a value in which every read is checked.

use std::sync::Arc;

use record::TopicId;

use super::error::LogError;

/// Reads Kafka's primitive types. Allocates nothing for a length that the bytes do not hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Whether strings, bytes and arrays are compact, and structures end in tagged fields.
    flexible: bool,
}

impl<'a> Reader<'a> {
    /// A cursor over all of `bytes`, in the encoding that is not flexible.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, flexible: false }
    }

    /// Goes on in the flexible encoding, if so.
    pub(super) fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// That nothing is left.
    pub(super) fn finish(self) -> Result<(), LogError> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(LogError::LeftOver { left }),
        }
    }

    pub(super) fn i8(&mut self) -> Result<i8, LogError> {
        self.fixed().map(i8::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, LogError> {
        self.fixed().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, LogError> {
        self.fixed().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, LogError> {
        self.fixed().map(i64::from_be_bytes)
    }

    pub(super) fn topic_id(&mut self) -> Result<TopicId, LogError> {
        self.fixed().map(TopicId)
    }

    pub(super) fn string(&mut self) -> Result<Arc<str>, LogError> {
        let at = self.position;
        self.nullable_string()?.ok_or(LogError::Null { at })
    }

    pub(super) fn nullable_string(&mut self) -> Result<Option<Arc<str>>, LogError> {
        let at = self.position;
        let len = if self.flexible { self.compact_len()? } else { i64::from(self.i16()?) };
        let Some(len) = self.checked_len(len, at)? else { return Ok(None) };
        let at = self.position;
        let text = str::from_utf8(self.take(len)?).map_err(|_| LogError::NotUtf8 { at })?;
        Ok(Some(text.into()))
    }

    pub(super) fn bytes(&mut self) -> Result<Arc<[u8]>, LogError> {
        let at = self.position;
        let len = if self.flexible { self.compact_len()? } else { i64::from(self.i32()?) };
        let len = self.checked_len(len, at)?.ok_or(LogError::Null { at })?;
        self.take(len).map(Arc::from)
    }

    /// An array, each element read by `element`. An element takes a byte at least, so the count
    /// is checked against what is left before anything is read.
    pub(super) fn array<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, LogError>,
    ) -> Result<Vec<T>, LogError> {
        let at = self.position;
        let count = if self.flexible { self.compact_len()? } else { i64::from(self.i32()?) };
        let count = self.checked_len(count, at)?.ok_or(LogError::Null { at })?;
        (0..count).map(|_| element(self)).collect()
    }

    /// The tagged fields at the end of a structure; none in the encoding that is not flexible.
    /// `field` is given each tag and a cursor over its bytes, and may leave both.
    pub(super) fn tags(
        &mut self,
        mut field: impl FnMut(u32, &mut Self) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let at = self.position;
            let size = i64::from(self.unsigned_varint()?);
            let size = self.checked_len(size, at)?.ok_or(LogError::Length { at })?;
            let mut inner = Self { bytes: self.bytes, ..*self };
            let end = self.position + size;
            self.take(size)?;
            inner.bytes = inner.bytes.get(..end).ok_or(LogError::Truncated { at })?;
            field(tag, &mut inner)?;
        }
        Ok(())
    }

    /// Passes over the tagged fields at the end of a structure.
    pub(super) fn skip_tags(&mut self) -> Result<(), LogError> {
        self.tags(|_, _| Ok(()))
    }

    fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], LogError> {
        let at = self.position;
        let rest = self.bytes.get(at..).unwrap_or_default();
        let taken = rest.get(..len).ok_or(LogError::Truncated { at })?;
        self.position += len;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], LogError> {
        let at = self.position;
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| LogError::Truncated { at })
    }

    /// A compact length: one more than it stands for, 0 for null.
    fn compact_len(&mut self) -> Result<i64, LogError> {
        Ok(i64::from(self.unsigned_varint()?) - 1)
    }

    /// A length that the rest of the bytes holds; none for -1, which is null.
    fn checked_len(&self, len: i64, at: usize) -> Result<Option<usize>, LogError> {
        match usize::try_from(len) {
            Ok(len) if len <= self.remaining() => Ok(Some(len)),
            Err(_) if len == -1 => Ok(None),
            _ => Err(LogError::Length { at }),
        }
    }

    fn unsigned_varint(&mut self) -> Result<u32, LogError> {
        let at = self.position;
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed::<1>()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| LogError::Varint { at });
            }
        }
        Err(LogError::Varint { at })
    }
}
