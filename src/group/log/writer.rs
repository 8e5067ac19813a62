//! Kafka's primitive types into bytes.

use record::TopicId;

/// The longest string that a record can hold, in bytes: its length is written in two.
///
/// Whoever makes a record has checked what came from outside against it.
pub const STRING_BYTES_MAX: usize = 0x7fff;

/// A key or a value that grows. Panics on what no length prefix can say; see
/// [`STRING_BYTES_MAX`].
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    /// Begins a key, or a value that is not flexible.
    pub(super) fn new(version: i16) -> Self {
        Self { bytes: version.to_be_bytes().to_vec(), flexible: false }
    }

    /// Begins a flexible value.
    pub(super) fn flexible(version: i16) -> Self {
        Self { flexible: true, ..Self::new(version) }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn i8(&mut self, value: i8) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn topic_id(&mut self, id: TopicId) {
        self.bytes.extend_from_slice(&id.0);
    }

    pub(super) fn string(&mut self, text: &str) {
        self.nullable_string(Some(text));
    }

    pub(super) fn nullable_string(&mut self, text: Option<&str>) {
        let len = text.map(str::len);
        assert!(len.is_none_or(|len| len <= STRING_BYTES_MAX), "strings are checked on entry");
        if self.flexible {
            self.compact_len(len);
        } else {
            let len = len.map_or(-1, |len| i16::try_from(len).expect("checked above"));
            self.bytes.extend_from_slice(&len.to_be_bytes());
        }
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn array<T>(&mut self, elements: &[T], mut element: impl FnMut(&mut Self, &T)) {
        self.len(elements.len());
        for one in elements {
            element(self, one);
        }
    }

    /// Ends a structure of a flexible value that has no tagged fields; elsewhere nothing.
    pub(super) fn no_tags(&mut self) {
        if self.flexible {
            self.unsigned_varint(0);
        }
    }

    /// Ends a structure with one tagged field.
    pub(super) fn one_tag(&mut self, tag: u32, field: impl FnOnce(&mut Self)) {
        let mut inner = Self { bytes: Vec::new(), flexible: true };
        field(&mut inner);
        self.unsigned_varint(1);
        self.unsigned_varint(tag);
        self.unsigned_varint(u32::try_from(inner.bytes.len()).expect("a frame has 31 bits"));
        self.bytes.extend_from_slice(&inner.bytes);
    }

    fn len(&mut self, len: usize) {
        if self.flexible {
            self.compact_len(Some(len));
        } else {
            self.i32(i32::try_from(len).expect("a frame has 31 bits"));
        }
    }

    fn compact_len(&mut self, len: Option<usize>) {
        let len = len.map_or(0, |len| u32::try_from(len).expect("a frame has 31 bits") + 1);
        self.unsigned_varint(len);
    }

    fn unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.bytes.push(low | 0x80);
            value >>= 7;
        }
        let [last, ..] = value.to_le_bytes();
        self.bytes.push(last);
    }
}
