//! What can be wrong with bytes, and what can be wrong with a value that is to be encoded.

use std::fmt;

use crate::kafka::version::Version;

/// Bytes that are not the message they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Where the read that failed started, in bytes from the start of the frame (its length
    /// prefix not counted).
    pub position: usize,
    /// The innermost named field, as `Struct.field`; empty outside of any.
    pub field: &'static str,
    /// What was being read.
    pub reading: Reading,
    /// What was wrong with it.
    pub fault: Fault,
}

impl DecodeError {
    /// Names the field, unless a field within it has been named already.
    #[must_use]
    pub fn in_field(mut self, field: &'static str) -> Self {
        if self.field.is_empty() {
            self.field = field;
        }
        self
    }
}

/// [`DecodeError::in_field`] as `map_err` takes it.
pub(in crate::kafka) fn in_field(field: &'static str) -> impl FnOnce(DecodeError) -> DecodeError {
    move |error| error.in_field(field)
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{} at byte {}: {}", self.reading, self.position, self.fault)
    }
}

impl std::error::Error for DecodeError {}

/// What was being read when a [`DecodeError`] came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// A boolean or an integer of fixed size.
    Number,
    /// A topic id.
    Uuid,
    /// A string's length.
    StringLength,
    /// A string's bytes.
    String,
    /// The length of records or other bytes.
    BytesLength,
    /// Records or other bytes.
    Bytes,
    /// An array's number of elements.
    ArrayCount,
    /// How many tagged fields follow.
    TagCount,
    /// A tagged field's tag.
    Tag,
    /// A tagged field's size in bytes.
    TagSize,
    /// A tagged field's value.
    TagValue,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "number",
            Self::Uuid => "uuid",
            Self::StringLength => "string length",
            Self::String => "string",
            Self::BytesLength => "byte length",
            Self::Bytes => "bytes",
            Self::ArrayCount => "array count",
            Self::TagCount => "number of tagged fields",
            Self::Tag => "tag",
            Self::TagSize => "size of a tagged field",
            Self::TagValue => "tagged field",
        })
    }
}

/// What was wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// The frame ends within what is being read.
    #[error("the frame ends here")]
    Truncated,
    /// A length or count below -1.
    #[error("negative")]
    Negative,
    /// A length or count that the rest of the frame can not hold.
    #[error("more than the rest of the frame holds")]
    BeyondEnd,
    /// A string above [`super::STRING_LEN_MAX`].
    #[error("longer than a string may be")]
    StringTooLong,
    /// An unsigned varint with more than 32 bits.
    #[error("more than 32 bits")]
    VarintOverflow,
    /// A string that is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Null where the version does not allow it.
    #[error("null is not allowed")]
    Null,
    /// More array elements in one frame than the reader's limit.
    #[error("too many array elements in one frame")]
    TooManyElements,
    /// Tags that do not ascend: out of order or twice.
    #[error("tags do not ascend")]
    TagOrder,
    /// A known tag in a version that does not have it.
    #[error("the version does not have this tag")]
    TagNotInVersion,
    /// A known tagged field whose value is shorter than its size says.
    #[error("shorter than its size says")]
    TagSlack,
}

/// A value that can not be encoded. Every one is a mistake of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A field is set that the version does not have and that may not be left out silently.
    #[error("{field} is set, but version {version} does not have it")]
    NotInVersion {
        /// The field, as `Struct.field`.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is null that the version does not allow to be.
    #[error("{field} is null, which version {version} does not allow")]
    Null {
        /// The field, as `Struct.field`.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A string, bytes, array or frame beyond what its length prefix can say.
    #[error("{len} is too much for a {what}")]
    TooLong {
        /// What it is.
        what: Reading,
        /// Its length in bytes or elements.
        len: usize,
    },
    /// Frame and extents together beyond `i32::MAX` bytes.
    #[error("a frame of {len} bytes is too large")]
    FrameTooLarge {
        /// The frame's length without its prefix, in bytes.
        len: usize,
    },
    /// A streaming encoder was given more or fewer elements than announced.
    #[error("{what}: fewer or more than announced")]
    Count {
        /// Which array.
        what: &'static str,
    },
}

/// Refuses a field that is set below the first version that has it, as Kafka does for fields that
/// its schema does not call ignorable.
pub(in crate::kafka) fn refuse_below(
    from: i16,
    v: Version,
    is_set: bool,
    field: &'static str,
) -> Result<(), EncodeError> {
    if is_set && v.number() < from {
        return Err(EncodeError::NotInVersion { field, version: v.number() });
    }
    Ok(())
}
