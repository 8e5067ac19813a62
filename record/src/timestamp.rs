//! Wall-clock time as records carry it: given, never read here.

use std::fmt;

/// Milliseconds since the Unix epoch; -1 means "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// "No timestamp" on the wire.
    pub const NONE: Self = Self(-1);
}

/// Whose clock a batch's timestamps come from (KIP-32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's: each record has its own.
    CreateTime,
    /// The broker's, at append: the batch's largest timestamp stands for every record in it.
    LogAppendTime,
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
