//! Static members (KIP-345): whoever comes under an instance's name takes its place.

use super::answer::{ClassicError, Joined};
use super::event::{Join, Now};
use super::group::{ClassicGroup, Out};
use super::state::GroupState;
use crate::group::id::MemberId;

impl ClassicGroup {
    /// The member `old` goes on under the id `new`, with its assignment. In a stable group that
    /// would agree on the same protocol again nobody else notices.
    pub(super) fn take_over(
        &mut self,
        now: Now,
        old: &MemberId,
        new: &MemberId,
        join: Join,
        out: &mut Out,
    ) {
        let old_leader = self.leader.clone();
        self.rename_member(old, new, out);
        let ticket = join.ticket;
        let can_skip = join.can_skip_assignment;
        self.update_member(new, join);
        self.restart_session(now, new);
        if self.state == GroupState::Stable && self.roster.choose_protocol() == self.protocol {
            self.subscribed = self.subscribed_topics();
            out.records.push(self.record());
            let joined = self.joined(new);
            let joined = if can_skip {
                Joined { skip_assignment: self.is_leader(new), ..joined }
            } else {
                // Told that the one before it leads, a client that knows no better does not assign.
                Joined { leader: old_leader, members: Vec::new(), ..joined }
            };
            Self::accept_join(ticket, joined, out);
            return;
        }
        self.wait_in_join(new, ticket, out);
        // The leader may have been told the old id already, and would assign to nobody.
        self.rebalance_or_complete_join(now, out);
    }

    fn rename_member(&mut self, old: &MemberId, new: &MemberId, out: &mut Out) {
        self.refuse_join(old, ClassicError::FencedInstanceId, Some(old.clone()), out);
        self.refuse_sync(old, ClassicError::FencedInstanceId, out);
        if let Some(mut member) = self.roster.remove(old) {
            member.is_new = false;
            self.roster.insert(new.clone(), member);
        }
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        if self.pending_sync.remove(old) {
            self.pending_sync.insert(new.clone());
        }
    }
}
