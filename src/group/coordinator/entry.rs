//! One group of a coordinator: its members, if it has or had any, and its offsets.

use std::time::Duration;

use crate::group::classic::{ClassicGroup, Now};
use crate::group::consumer::ConsumerGroup;
use crate::group::effects::GroupRecord;
use crate::group::id::GroupId;
use crate::group::offsets::{GroupOffsets, OffsetExpiry};

/// Who is in a group, by the protocol that its members speak. A group has one at a time.
#[derive(Debug)]
pub(super) enum Members {
    /// Nobody ever was: it only keeps offsets.
    None,
    /// They assign among themselves.
    Classic(Box<ClassicGroup>),
    /// The coordinator assigns (KIP-848).
    Consumer(Box<ConsumerGroup>),
}

/// A group.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) members: Members,
    /// How far it got.
    pub(super) offsets: GroupOffsets,
    /// When it is looked at next, as the coordinator has it in its order of deadlines.
    pub(super) due: Option<Duration>,
}

impl Entry {
    pub(super) fn new(id: GroupId) -> Self {
        Self { members: Members::None, offsets: GroupOffsets::new(id), due: None }
    }

    /// When its next timer is over.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.members {
            Members::None => None,
            Members::Classic(group) => group.deadline(),
            Members::Consumer(group) => group.deadline(),
        }
    }

    /// From when on its offsets grow old.
    pub(super) fn expiry(&self) -> OffsetExpiry {
        match &self.members {
            Members::None | Members::Consumer(_) => OffsetExpiry::SinceCommit,
            Members::Classic(group) => group.offset_expiry(),
        }
    }

    /// Nothing is left that anybody could ask for.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.members, Members::None) && self.offsets.is_empty()
    }
}

impl Members {
    /// Ends the group if nobody is in it, and leaves [`Members::None`]: the records that say so.
    pub(super) fn end(&mut self, now: Now) -> Option<Vec<GroupRecord>> {
        let records = match self {
            Self::None => Vec::new(),
            Self::Classic(group) => vec![group.convert_empty(now)?],
            Self::Consumer(group) => group.tombstones()?,
        };
        *self = Self::None;
        Some(records)
    }

    /// Whether the log has records of it.
    pub(super) fn were_written(&self) -> bool {
        match self {
            Self::None => false,
            Self::Classic(group) => group.generation() > 0,
            Self::Consumer(_) => true,
        }
    }

    /// Whether a member reads a topic.
    pub(super) fn are_subscribed_to(&self, topic: &str) -> bool {
        match self {
            Self::None => false,
            Self::Classic(group) => group.is_subscribed_to(topic),
            Self::Consumer(group) => group.is_subscribed(topic),
        }
    }
}
