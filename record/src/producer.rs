//! Idempotent producers: id, epoch and the sequence that wraps (KIP-98).

use std::fmt;

/// A producer's id, given by the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub i64);

impl ProducerId {
    /// A batch without a producer id: no idempotence asked for.
    pub const NONE: Self = Self(-1);

    /// Whether the broker gave this id: it is not negative.
    pub fn is_some(self) -> bool {
        self.0 >= 0
    }
}

/// Which life of a producer id wrote; a larger one fences the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerEpoch(pub i16);

impl ProducerEpoch {
    /// No epoch, beside [`ProducerId::NONE`].
    pub const NONE: Self = Self(-1);
}

/// A record's number from one producer to one partition; wraps from `i32::MAX` to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(pub i32);

impl Sequence {
    /// No sequence, beside [`ProducerId::NONE`].
    pub const NONE: Self = Self(-1);

    /// The sequence `count` records later, with the wrap. Both must not be negative.
    #[must_use]
    pub fn advanced_by(self, count: i32) -> Self {
        assert!(self.0 >= 0, "a sequence is not negative");
        assert!(count >= 0, "sequences only advance");
        let sum = i64::from(self.0) + i64::from(count);
        let wrapped = sum % (i64::from(i32::MAX) + 1);
        Self(i32::try_from(wrapped).expect("below 2^31"))
    }
}

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ProducerEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_wraps_to_zero() {
        assert_eq!(Sequence(i32::MAX).advanced_by(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).advanced_by(3), Sequence(1));
        assert_eq!(Sequence(0).advanced_by(0), Sequence(0));
    }
}
