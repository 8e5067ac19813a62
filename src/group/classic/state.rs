//! The states of a classic group.

use std::fmt;

/// Where a group is between two generations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    /// No members; perhaps offsets.
    #[default]
    Empty,
    /// Members are to join, those that did wait.
    PreparingRebalance,
    /// All have joined; the leader is to bring the assignment.
    CompletingRebalance,
    /// Every member can have its assignment.
    Stable,
    /// Forgotten, or gone to another coordinator.
    Dead,
}

impl GroupState {
    /// Kafka's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }

    /// Whether a rebalance can begin here.
    pub(super) fn can_rebalance(self) -> bool {
        matches!(self, Self::Empty | Self::CompletingRebalance | Self::Stable)
    }

    /// Whether `self` may follow `before`.
    pub(super) fn may_follow(self, before: Self) -> bool {
        match self {
            Self::PreparingRebalance => before.can_rebalance(),
            Self::Empty | Self::CompletingRebalance => before == Self::PreparingRebalance,
            Self::Stable => before == Self::CompletingRebalance,
            Self::Dead => true,
        }
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
