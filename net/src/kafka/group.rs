//! What counts the states of a group: generations of classic groups, epochs of KIP-848's.

use crate::kafka::wire::wire_newtype;

/// A generation of a classic group: one more with each rebalance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenerationId(pub i32);

impl GenerationId {
    /// No generation: whoever says so is not a member.
    pub const NONE: Self = Self(-1);
}

/// How far a member of a KIP-848 group has come: the [`GroupEpoch`] whose assignment it has, or,
/// in a heartbeat, one of the named values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberEpoch(pub i32);

impl MemberEpoch {
    /// In a heartbeat: the member wants to join.
    pub const JOIN: Self = Self(0);
    /// In a heartbeat: the member leaves.
    pub const LEAVE: Self = Self(-1);
    /// In a heartbeat: the static member leaves and will come back.
    pub const LEAVE_STATIC: Self = Self(-2);
    /// In an `OffsetFetch`: whoever asks is not a member.
    pub const NONE: Self = Self(-1);
}

/// An epoch of a KIP-848 group: one more with each change of members, subscriptions or topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupEpoch(pub i32);

wire_newtype!(GenerationId(i32), MemberEpoch(i32), GroupEpoch(i32));
