//! Epochs: which reign over a partition wrote a batch (KIP-101, KIP-320), and which reign over a
//! transactional id ended a transaction (KIP-98).

use std::fmt;

/// The reign that wrote a batch; grows, and never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

impl LeaderEpoch {
    /// "No epoch given" on the wire: the receiver does not check it.
    pub const NONE: Self = Self(-1);
    /// The first reign of every partition.
    pub const FIRST: Self = Self(0);

    /// The next reign, `None` beyond `i32::MAX`.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

/// The reign of the transaction coordinator that wrote an end marker; an older one is fenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoordinatorEpoch(pub i32);

impl fmt::Display for LeaderEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CoordinatorEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
