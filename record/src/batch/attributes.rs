//! The attribute bits of a batch header.
//!
//! ```text
//! bit 0-2  codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd
//! bit 3    timestamp type: 0 create time, 1 log append time
//! bit 4    transactional
//! bit 5    control
//! bit 6    the base timestamp is a delete horizon
//! bit 7-15 unused: carried, not read
//! ```

use crate::{Codec, TimestampType};

const CODEC: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// A batch's attribute bits as they stand in its header, unknown ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(pub i16);

impl Attributes {
    /// The three codec bits, 0 to 7, of which 5 to 7 name no codec.
    #[inline]
    pub fn codec_id(self) -> u8 {
        let [_, low] = (self.0 & CODEC).to_be_bytes();
        low
    }

    /// How the records are compressed; `None` if no known codec has the id.
    #[inline]
    pub fn codec(self) -> Option<Codec> {
        Codec::from_id(self.codec_id())
    }

    /// Whose clock the batch's largest timestamp comes from.
    #[inline]
    pub fn timestamp_type(self) -> TimestampType {
        if self.has(LOG_APPEND_TIME) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    /// Whether the batch belongs to a transaction.
    #[inline]
    pub fn is_transactional(self) -> bool {
        self.has(TRANSACTIONAL)
    }

    /// Whether the batch holds a marker of the broker's, not records of a client's.
    #[inline]
    pub fn is_control(self) -> bool {
        self.has(CONTROL)
    }

    /// Whether the base timestamp says from when compaction may drop the batch's tombstones
    /// (KIP-534).
    #[inline]
    pub fn has_delete_horizon(self) -> bool {
        self.has(DELETE_HORIZON)
    }

    /// The same bits with this codec.
    #[must_use]
    pub fn with_codec(self, codec: Codec) -> Self {
        Self(self.0 & !CODEC | i16::from(codec.id()))
    }

    /// The same bits with this timestamp type.
    #[must_use]
    pub fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        self.with(LOG_APPEND_TIME, timestamp_type == TimestampType::LogAppendTime)
    }

    /// The same bits, in a transaction or not.
    #[must_use]
    pub fn with_transactional(self, transactional: bool) -> Self {
        self.with(TRANSACTIONAL, transactional)
    }

    /// The same bits, with the base timestamp as a delete horizon or not.
    #[must_use]
    pub fn with_delete_horizon(self, horizon: bool) -> Self {
        self.with(DELETE_HORIZON, horizon)
    }

    /// The same bits, control or not.
    #[must_use]
    pub fn with_control(self, control: bool) -> Self {
        self.with(CONTROL, control)
    }

    #[inline]
    fn has(self, bit: i16) -> bool {
        self.0 & bit != 0
    }

    fn with(self, bit: i16, on: bool) -> Self {
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_reads_as_kafka_writes_it() {
        let attributes = Attributes(0b0111_1100);
        assert_eq!(attributes.codec(), Some(Codec::Zstd));
        assert_eq!(attributes.timestamp_type(), TimestampType::LogAppendTime);
        assert!(attributes.is_transactional());
        assert!(attributes.is_control());
        assert!(attributes.has_delete_horizon());
        assert_eq!(Attributes(5).codec(), None);
        assert_eq!(Attributes(0).timestamp_type(), TimestampType::CreateTime);
    }

    #[test]
    fn setting_one_bit_leaves_the_others() {
        for bits in [0, -1, 0b0101_0101, i16::MIN] {
            let bits = Attributes(bits);
            let flipped = bits
                .with_transactional(!bits.is_transactional())
                .with_control(!bits.is_control())
                .with_codec(Codec::Lz4);
            assert_eq!((bits.0 ^ flipped.0) & !0b11_0111, 0);
            assert_eq!(flipped.is_transactional(), !bits.is_transactional());
            assert_eq!(flipped.is_control(), !bits.is_control());
            assert_eq!(flipped.codec(), Some(Codec::Lz4));
        }
    }
}
