//! A group as people ask for it, and its end.

use std::sync::Arc;

use super::assignment::Assignment;
use super::assignor::Assignor;
use super::change::Change;
use super::member::{MemberState, Metadata};
use super::state::ConsumerGroup;
use crate::group::effects::GroupRecord;
use crate::group::id::MemberId;

/// What a group is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// It has no members.
    Empty,
    /// Its target is not yet computed for its epoch.
    Assigning,
    /// Members are on their way to the target.
    Reconciling,
    /// Everybody has what it is meant to have.
    Stable,
    /// There is no such group.
    Dead,
}

impl GroupState {
    /// As Kafka names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

/// A group, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// What it is at.
    pub state: GroupState,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch that the target is for.
    pub target_epoch: i32,
    /// The assignor in use.
    pub assignor: Assignor,
    /// Its members, by id.
    pub members: Vec<MemberDescription>,
}

/// A member, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDescription {
    /// Its id.
    pub id: MemberId,
    /// The epoch it is in.
    pub epoch: i32,
    /// What it said of itself.
    pub metadata: Arc<Metadata>,
    /// What it has.
    pub assigned: Assignment,
    /// What it is meant to get.
    pub target: Assignment,
}

impl ConsumerGroup {
    /// What the group is at. Never [`GroupState::Dead`]: a dead group is one that nobody holds.
    pub fn state(&self) -> GroupState {
        let is_there = |member: &super::member::Member| {
            member.current.state == MemberState::Stable && member.current.epoch == self.target_epoch
        };
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(is_there) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// The whole group.
    pub fn describe(&self) -> Description {
        let member = |(id, member): (&MemberId, &super::member::Member)| MemberDescription {
            id: id.clone(),
            epoch: member.current.epoch,
            metadata: member.metadata.clone(),
            assigned: member.current.assigned.clone(),
            target: member.target.clone(),
        };
        Description {
            state: self.state(),
            epoch: self.epoch,
            target_epoch: self.target_epoch,
            assignor: self.assignor(),
            members: self.members.iter().map(member).collect(),
        }
    }

    /// Whether the group has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The records that end the group, when it is deleted or becomes a classic one; `None` while
    /// it has members. Offsets are not among them.
    pub fn tombstones(&self) -> Option<Vec<GroupRecord>> {
        if !self.is_empty() {
            return None;
        }
        let regexes = self.regexes.keys().map(|regex| Change::Regex(regex.clone(), None));
        let changes = regexes.chain([Change::TargetEpoch(None), Change::Group(None)]);
        Some(changes.map(|change| change.to_record(&self.id)).collect())
    }
}
