//! Sessions: who is alive, and who may commit.
//!
//! A heartbeat moves one deadline and nothing else. When to look at deadlines is a lower bound of
//! them all, found anew when it has passed: a look is as rare as a session is long.

use super::answer::ClassicError;
use super::event::{Heartbeat, Now};
use super::group::{ClassicGroup, Out};
use super::state::GroupState;
use crate::group::id::{InstanceId, MemberId};
use std::time::Duration;

impl ClassicGroup {
    pub(super) fn on_heartbeat(&mut self, now: Now, beat: &Heartbeat) -> Result<(), ClassicError> {
        self.validate_generation(&beat.member, beat.instance.as_ref(), beat.generation)?;
        self.restart_session(now, &beat.member);
        if self.state == GroupState::PreparingRebalance {
            return Err(ClassicError::RebalanceInProgress);
        }
        Ok(())
    }

    /// Whether offsets may be committed: by a member in its generation, or by nobody in
    /// particular (no member, generation -1) while the group is empty. A member that may is alive.
    pub fn may_commit(
        &mut self,
        now: Now,
        member: Option<&MemberId>,
        instance: Option<&InstanceId>,
        generation: i32,
        is_transactional: bool,
    ) -> Result<(), ClassicError> {
        if self.state == GroupState::Dead {
            return Err(ClassicError::CoordinatorNotAvailable);
        }
        if generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if generation >= 0 || member.is_some() || instance.is_some() {
            let nobody = MemberId::from("");
            self.validate_generation(member.unwrap_or(&nobody), instance, generation)?;
        } else if !is_transactional {
            return Err(ClassicError::UnknownMemberId);
        }
        if self.state == GroupState::CompletingRebalance && !is_transactional {
            return Err(ClassicError::RebalanceInProgress);
        }
        if let Some(member) = member.filter(|_| !is_transactional) {
            self.restart_session(now, member);
        }
        Ok(())
    }

    pub(super) fn validate_generation(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: i32,
    ) -> Result<(), ClassicError> {
        if self.state == GroupState::Dead {
            return Err(ClassicError::CoordinatorNotAvailable);
        }
        self.roster.validate(member, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ClassicError::IllegalGeneration) }
    }

    /// The member's session begins now.
    pub(super) fn restart_session(&mut self, now: Now, id: &MemberId) {
        let Some(member) = self.roster.get_mut(id) else { return };
        let deadline = now.monotonic.saturating_add(member.session_timeout);
        member.deadline = Some(deadline);
        self.look_at(deadline);
    }

    /// There is a deadline of somebody's.
    pub(super) fn look_at(&mut self, deadline: Duration) {
        let due = self.sessions_due.map_or(deadline, |due| due.min(deadline));
        self.sessions_due = Some(due);
    }

    pub(super) fn expire_sessions(&mut self, now: Now, out: &mut Out) {
        let is_due = |deadline: Duration| deadline <= now.monotonic;
        let pending = self.pending.len();
        self.pending.retain(|_, deadline| !is_due(*deadline));
        if self.pending.len() < pending {
            self.complete_join_if_all_here(now, out);
        }
        let due = self.roster.iter().filter(|(_, member)| member.deadline.is_some_and(is_due));
        let due: Vec<MemberId> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            // The removal of one can begin a generation, and with it the sessions of the others.
            let Some(member) = self.roster.get_mut(&id) else { continue };
            if !member.deadline.is_some_and(is_due) {
                continue;
            }
            if member.is_excused() {
                member.deadline = None;
                continue;
            }
            self.remove_member(&id, out);
            if self.state == GroupState::PreparingRebalance {
                self.complete_join_if_all_here(now, out);
            } else {
                self.rebalance_or_complete_join(now, out);
            }
        }
        let members = self.roster.iter().filter_map(|(_, member)| member.deadline);
        self.sessions_due = members.chain(self.pending.values().copied()).min();
    }
}
