//! Which records a reader sees while transactions are open (KIP-98).

use crate::kafka::wire::wire_newtype;

/// Up to where a consumer reads. Other values than the two named are kept as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IsolationLevel(pub i8);

wire_newtype!(IsolationLevel(i8));

impl IsolationLevel {
    /// Up to the high watermark, records of open and aborted transactions included.
    pub const READ_UNCOMMITTED: Self = Self(0);
    /// Up to the last stable offset, with a list of aborted transactions to leave out.
    pub const READ_COMMITTED: Self = Self(1);
}
