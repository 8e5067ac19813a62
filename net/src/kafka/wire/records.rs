//! Record batches inside a message: borrowed bytes that know where in the frame they stand.

use std::fmt;
use std::ops::Range;

/// Record batches as they stand in a frame. Opaque here: their format is the crate `record`'s.
///
/// Two are equal if their bytes are.
#[derive(Clone, Copy, Default)]
pub struct Records<'a> {
    bytes: &'a [u8],
    start: usize,
}

impl<'a> Records<'a> {
    pub(super) fn at(bytes: &'a [u8], start: usize) -> Self {
        Self { bytes, start }
    }

    /// The batches, back to back.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Where they stand in the frame that was decoded, its length prefix not counted; from 0 if
    /// they were not decoded but given.
    ///
    /// With this range the caller writes base offset and leader epoch in its own mutable frame,
    /// after the borrow of the decoded message has ended.
    pub fn range(self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }
}

impl<'a> From<&'a [u8]> for Records<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0 }
    }
}

impl PartialEq for Records<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Records<'_> {}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({} bytes at {})", self.bytes.len(), self.start)
    }
}
