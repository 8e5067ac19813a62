//! The assignment: from the leader to the members.

use std::sync::Arc;

use super::answer::{Answer, ClassicError, Synced};
use super::event::{Now, Sync};
use super::group::{ClassicGroup, Out};
use super::state::GroupState;
use crate::group::id::MemberId;

impl ClassicGroup {
    pub(super) fn on_sync(&mut self, now: Now, sync: Sync, out: &mut Out) {
        let ticket = sync.ticket;
        if let Err(error) = self.validate_sync(&sync) {
            out.answers.push((ticket, Answer::Sync(Err(error))));
            return;
        }
        self.pending_sync.remove(&sync.member);
        if self.pending_sync.is_empty() {
            self.sync_timer = None;
        }
        if self.state == GroupState::Stable {
            let synced = self.synced(&sync.member);
            out.answers.push((ticket, Answer::Sync(Ok(synced))));
            return;
        }
        assert_eq!(self.state, GroupState::CompletingRebalance, "other states were refused");
        self.refuse_sync(&sync.member, ClassicError::RebalanceInProgress, out);
        if let Some(member) = self.roster.get_mut(&sync.member) {
            member.awaiting_sync = Some(ticket);
        }
        if self.is_leader(&sync.member) {
            self.assign(now, sync.assignments, out);
        }
    }

    fn validate_sync(&self, sync: &Sync) -> Result<(), ClassicError> {
        self.validate_generation(&sync.member, sync.instance.as_ref(), sync.generation)?;
        let differ = |one: &Option<Arc<str>>, other: &Option<Arc<str>>| {
            one.is_some() && other.is_some() && one != other
        };
        if differ(&sync.protocol_type, &self.protocol_type)
            || differ(&sync.protocol, &self.protocol)
        {
            return Err(ClassicError::InconsistentGroupProtocol);
        }
        if self.state == GroupState::PreparingRebalance {
            return Err(ClassicError::RebalanceInProgress);
        }
        Ok(())
    }

    /// The leader has spoken: the generation is durable, then all who wait are told. Who is not
    /// named gets nothing, and who is no member is passed over.
    fn assign(&mut self, now: Now, assignments: Vec<(MemberId, Arc<[u8]>)>, out: &mut Out) {
        for (_, member) in self.roster.iter_mut() {
            member.assignment = Arc::from([]);
        }
        for (id, assignment) in assignments {
            if let Some(member) = self.roster.get_mut(&id) {
                member.assignment = assignment;
            }
        }
        self.enter(GroupState::Stable, now);
        out.records.push(self.record());
        let waits = self.roster.iter().filter(|(_, member)| member.awaiting_sync.is_some());
        let waits: Vec<MemberId> = waits.map(|(id, _)| id.clone()).collect();
        for id in waits {
            let synced = self.synced(&id);
            let member = self.roster.get_mut(&id);
            if let Some(ticket) = member.and_then(|member| member.awaiting_sync.take()) {
                out.answers.push((ticket, Answer::Sync(Ok(synced))));
            }
            self.restart_session(now, &id);
        }
    }

    fn synced(&self, id: &MemberId) -> Synced {
        let member = self.roster.get(id);
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.map_or_else(|| Arc::from([]), |member| member.assignment.clone()),
        }
    }
}
