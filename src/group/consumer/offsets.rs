//! Who may commit and fetch offsets of a group: its members, in the epoch that they are in.

use thiserror::Error;

use super::state::ConsumerGroup;

/// Who asks for offsets, or commits them.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The member's id; empty if none was given.
    pub member_id: &'a str,
    /// The member's epoch; negative if none was given.
    pub member_epoch: i32,
}

/// Why not.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotAMember {
    /// There is no such member.
    #[error("the member is not in the group")]
    UnknownMemberId,
    /// The member is in another epoch.
    #[error("the member's epoch is {received}, in the group it is {known}")]
    StaleMemberEpoch {
        /// What it sent.
        received: i32,
        /// What it would have had to send.
        known: i32,
    },
}

impl ConsumerGroup {
    /// Whether a commit is from a member in its present epoch, or from outside (an administrator,
    /// a consumer without a group) to a group without members. A commit within a transaction that
    /// names no member may come at any time.
    pub fn check_commit(&self, asker: Asker<'_>, in_transaction: bool) -> Result<(), NotAMember> {
        let names_none = asker.member_id.is_empty() && asker.member_epoch < 0;
        if asker.member_epoch < 0 && self.members.is_empty() || in_transaction && names_none {
            return Ok(());
        }
        self.check_epoch(asker)
    }

    /// Whether a fetch is from a member in its present epoch, or names no member.
    pub fn check_fetch(&self, asker: Asker<'_>) -> Result<(), NotAMember> {
        if asker.member_id.is_empty() && asker.member_epoch < 0 {
            return Ok(());
        }
        self.check_epoch(asker)
    }

    fn check_epoch(&self, asker: Asker<'_>) -> Result<(), NotAMember> {
        let member = self.members.get(asker.member_id).ok_or(NotAMember::UnknownMemberId)?;
        let (received, known) = (asker.member_epoch, member.current.epoch);
        if received == known && known >= 0 {
            return Ok(());
        }
        Err(NotAMember::StaleMemberEpoch { received, known })
    }
}
