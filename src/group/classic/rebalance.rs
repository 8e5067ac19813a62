//! From one generation to the next: waiting for members, choosing a protocol, starting over.

use std::sync::Arc;
use std::time::Duration;

use super::answer::ClassicError;
use super::event::Now;
use super::group::{ClassicGroup, Out};
use super::state::GroupState;
use crate::group::id::MemberId;

/// The least time between two looks at a group in which no member has rejoined and the static
/// ones have not expired: a rebalance timeout of 0 must not make it a busy loop.
const REJOIN_RETRY_MIN: Duration = Duration::from_secs(1);

/// When the waiting for members ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JoinTimer {
    pub(super) at: Duration,
    /// The initial delay of an empty group; none where known members are waited for.
    initial: Option<InitialDelay>,
}

/// The delay that runs, and what is left for further ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InitialDelay {
    delay: Duration,
    remaining: Duration,
}

impl ClassicGroup {
    pub(super) fn on_tick(&mut self, now: Now, out: &mut Out) {
        if self.sessions_due.is_some_and(|at| at <= now.monotonic) {
            self.expire_sessions(now, out);
        }
        if let Some(timer) = self.join_timer.filter(|timer| timer.at <= now.monotonic) {
            self.on_join_timer(timer, now, out);
        }
        if self.sync_timer.is_some_and(|at| at <= now.monotonic) {
            self.expire_pending_sync(now, out);
        }
    }

    /// After members came, went or changed.
    pub(super) fn rebalance_or_complete_join(&mut self, now: Now, out: &mut Out) {
        if self.state.can_rebalance() {
            self.prepare_rebalance(now, out);
        } else {
            self.maybe_complete_join(now, out);
        }
    }

    pub(super) fn prepare_rebalance(&mut self, now: Now, out: &mut Out) {
        if self.state == GroupState::CompletingRebalance {
            self.refuse_all_syncs(now, ClassicError::RebalanceInProgress, out);
        }
        self.pending_sync.clear();
        self.sync_timer = None;
        let is_initial = self.state == GroupState::Empty;
        self.enter(GroupState::PreparingRebalance, now);
        if is_initial {
            let delay = self.config.initial_rebalance_delay;
            let remaining = self.roster.rebalance_timeout().saturating_sub(delay);
            self.new_member_added = false;
            self.start_join_timer(now, delay, Some(InitialDelay { delay, remaining }));
        } else if self.have_all_joined() {
            self.complete_join(now, out);
        } else {
            self.start_join_timer(now, self.roster.rebalance_timeout(), None);
        }
    }

    /// Ends the waiting if nobody is missing, but never the initial delay.
    pub(super) fn maybe_complete_join(&mut self, now: Now, out: &mut Out) {
        let is_initial = self.previous_state == GroupState::Empty;
        if self.state == GroupState::PreparingRebalance && !is_initial && self.have_all_joined() {
            self.complete_join(now, out);
        }
    }

    /// Ends the waiting if nobody is missing, the initial delay too: for members that expired.
    pub(super) fn complete_join_if_all_here(&mut self, now: Now, out: &mut Out) {
        if self.state == GroupState::PreparingRebalance && self.have_all_joined() {
            self.complete_join(now, out);
        }
    }

    fn have_all_joined(&self) -> bool {
        self.roster.len() == self.roster.awaiting_join() && self.pending.is_empty()
    }

    fn start_join_timer(&mut self, now: Now, wait: Duration, initial: Option<InitialDelay>) {
        let at = now.monotonic.saturating_add(wait);
        self.join_timer = Some(JoinTimer { at, initial });
    }

    fn on_join_timer(&mut self, timer: JoinTimer, now: Now, out: &mut Out) {
        match timer.initial {
            Some(InitialDelay { delay, remaining })
                if self.new_member_added && !remaining.is_zero() =>
            {
                self.new_member_added = false;
                let next = self.config.initial_rebalance_delay.min(remaining);
                let remaining = remaining.saturating_sub(delay);
                self.start_join_timer(now, next, Some(InitialDelay { delay: next, remaining }));
            }
            _ => self.complete_join(now, out),
        }
    }

    /// The waiting is over: who has not rejoined is out, unless it is static, and the rest is the
    /// next generation.
    fn complete_join(&mut self, now: Now, out: &mut Out) {
        assert_eq!(self.state, GroupState::PreparingRebalance, "only then is there a wait to end");
        self.join_timer = None;
        let missing = self
            .roster
            .iter()
            .filter(|(_, member)| member.awaiting_join.is_none() && member.instance.is_none());
        let missing: Vec<MemberId> = missing.map(|(id, _)| id.clone()).collect();
        for id in &missing {
            self.remove_member(id, out);
        }
        if !self.elect_joined_leader() && !self.roster.is_empty() {
            let wait = self.roster.rebalance_timeout().max(REJOIN_RETRY_MIN);
            self.start_join_timer(now, wait, None);
            return;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(0);
        self.protocol = self.roster.choose_protocol();
        self.subscribed = self.subscribed_topics();
        self.pending_sync.clear();
        if self.roster.is_empty() {
            self.enter(GroupState::Empty, now);
            if self.pending.is_empty() {
                self.sessions_due = None;
            }
            out.records.push(self.record());
        } else {
            self.enter(GroupState::CompletingRebalance, now);
            self.announce_generation(now, out);
        }
    }

    /// Whether a member that waits leads. It stays the one that led, if that one waits.
    fn elect_joined_leader(&mut self) -> bool {
        let waits = |id: &MemberId| {
            self.roster.get(id).is_some_and(|member| member.awaiting_join.is_some())
        };
        if self.leader.as_ref().is_some_and(waits) {
            return true;
        }
        let mut members = self.roster.iter();
        let Some((id, _)) = members.find(|(_, member)| member.awaiting_join.is_some()) else {
            return false;
        };
        self.leader = Some(id.clone());
        true
    }

    fn announce_generation(&mut self, now: Now, out: &mut Out) {
        let ids: Vec<MemberId> = self.roster.iter().map(|(id, _)| id.clone()).collect();
        for id in ids {
            if let Some(ticket) = self.roster.take_join(&id) {
                Self::accept_join(ticket, self.joined(&id), out);
            }
            if let Some(member) = self.roster.get_mut(&id) {
                member.is_new = false;
            }
            self.restart_session(now, &id);
            self.pending_sync.insert(id);
        }
        let wait = self.roster.rebalance_timeout();
        self.sync_timer = Some(now.monotonic.saturating_add(wait));
    }

    fn refuse_all_syncs(&mut self, now: Now, error: ClassicError, out: &mut Out) {
        let mut waits = Vec::new();
        for (id, member) in self.roster.iter_mut() {
            member.assignment = Arc::from([]);
            if member.awaiting_sync.is_some() {
                waits.push(id.clone());
            }
        }
        for id in waits {
            self.refuse_sync(&id, error, out);
            self.restart_session(now, &id);
        }
    }

    /// Members that joined and never asked for their assignment are out.
    fn expire_pending_sync(&mut self, now: Now, out: &mut Out) {
        self.sync_timer = None;
        if self.pending_sync.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.pending_sync) {
            self.remove_member(&id, out);
        }
        self.prepare_rebalance(now, out);
    }
}
