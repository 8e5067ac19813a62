//! What can be wrong with a record of `__consumer_offsets`.

/// Why a record can not be read. Positions are in bytes from the start of the key or the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A record of another kind of group, or of a later Kafka: not damage, to be passed over.
    #[error("no known record has a key of version {0}")]
    UnknownKey(i16),
    /// A version of the value that is not known.
    #[error("a key of version {key} with a value of version {version}")]
    UnknownValue {
        /// The key's version: which record it is.
        key: i16,
        /// The value's version.
        version: i16,
    },
    /// The bytes end within a field.
    #[error("the bytes end within what starts at {at}")]
    Truncated {
        /// Where the field starts.
        at: usize,
    },
    /// A length or count that is negative, or more than the rest of the bytes holds.
    #[error("the length at {at} is not possible")]
    Length {
        /// Where it stands.
        at: usize,
    },
    /// Null where the schema has none.
    #[error("null at {at}")]
    Null {
        /// Where it stands.
        at: usize,
    },
    /// A string that is not UTF-8.
    #[error("the string at {at} is not UTF-8")]
    NotUtf8 {
        /// Where its bytes start.
        at: usize,
    },
    /// A variable-length integer of more than 32 bits.
    #[error("the variable-length integer at {at} is too wide")]
    Varint {
        /// Where it starts.
        at: usize,
    },
    /// Bytes behind the last field.
    #[error("{left} bytes are left over")]
    LeftOver {
        /// How many.
        left: usize,
    },
}
