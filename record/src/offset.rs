//! Offsets: a record's position in its partition, and arithmetic that can not overflow.

use std::fmt;

/// A record's position in its partition, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);
    /// "No offset" on the wire; never a real one.
    pub const NONE: Self = Self(-1);

    /// The offset `delta` after this one, `None` beyond `i64::MAX`.
    pub fn checked_add(self, delta: i64) -> Option<Self> {
        self.0.checked_add(delta).map(Self)
    }

    /// How far this offset is behind `later`; negative if it is ahead.
    pub fn distance_to(self, later: Self) -> i64 {
        later.0.saturating_sub(self.0)
    }
}

/// How far a record's offset is above its batch's base offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetDelta(pub i32);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for OffsetDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
