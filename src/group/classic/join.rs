//! Members that come, and members that come again.

use super::answer::{ClassicError, RefusedJoin};
use super::event::{Join, Now};
use super::group::{ClassicGroup, Out};
use super::member::Member;
use super::state::GroupState;
use crate::group::effects::Ticket;
use crate::group::id::{InstanceId, MemberId};
use crate::group::log::STRING_BYTES_MAX;

/// A hyphen and a UUID, which a member id ends with.
const ID_TAIL_BYTES: usize = 37;

impl ClassicGroup {
    pub(super) fn on_join(&mut self, now: Now, join: Join, out: &mut Out) {
        let ticket = join.ticket;
        if let Err(refused) = self.try_join(now, join, out) {
            out.answers.push((ticket, super::Answer::Join(Err(refused))));
        }
    }

    fn try_join(&mut self, now: Now, join: Join, out: &mut Out) -> Result<(), RefusedJoin> {
        let refuse = |error, member| Err(RefusedJoin { error, member });
        if self.id.as_str().len() > STRING_BYTES_MAX || !join.fits_a_record() {
            return refuse(ClassicError::InvalidRequest, None);
        }
        if !self.config.allows_session(join.session_timeout) {
            return refuse(ClassicError::InvalidSessionTimeout, None);
        }
        if self.state == GroupState::Dead {
            return refuse(ClassicError::CoordinatorNotAvailable, join.member);
        }
        if !self.has_room_for(join.member.as_ref()) {
            if let Some(id) = &join.member {
                self.pending.remove(id);
                self.remove_member(id, out);
                self.maybe_complete_join(now, out);
            }
            return refuse(ClassicError::GroupMaxSizeReached, None);
        }
        if !self.agrees_with(&join) {
            return refuse(ClassicError::InconsistentGroupProtocol, join.member);
        }
        match join.member.clone() {
            None => self.join_as_new(now, join, out),
            Some(id) => {
                let result = self.join_again(now, &id, join, out);
                result.map_err(|error| RefusedJoin { error, member: Some(id) })
            }
        }
    }

    /// While a rebalance is prepared it is those who wait that are counted: with a limit that
    /// was lowered, the last to rejoin are out.
    fn has_room_for(&self, member: Option<&MemberId>) -> bool {
        let max = self.config.max_size;
        let known = member.and_then(|id| self.roster.get(id));
        match self.state {
            GroupState::Empty | GroupState::Dead => true,
            GroupState::PreparingRebalance => {
                known.is_some_and(|member| member.awaiting_join.is_some())
                    || self.roster.awaiting_join() < max
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                known.is_some() || self.roster.len() < max
            }
        }
    }

    fn agrees_with(&self, join: &Join) -> bool {
        if self.state == GroupState::Empty {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        self.protocol_type.as_ref() == Some(&join.protocol_type)
            && self.roster.supports(&join.protocols)
    }

    fn join_as_new(&mut self, now: Now, join: Join, out: &mut Out) -> Result<(), RefusedJoin> {
        let id = new_member_id(&join);
        if let Some(instance) = &join.instance {
            match self.roster.by_instance(instance).cloned() {
                Some(old) => self.take_over(now, &old, &id, join, out),
                None => self.add_member(now, id, &join, out),
            }
        } else if join.needs_member_id {
            return Err(self.give_member_id(now, id, &join));
        } else {
            self.add_member(now, id, &join, out);
        }
        Ok(())
    }

    /// The member has to come back with an id, so that an answer that gets lost leaves no member
    /// behind that nobody is (KIP-394).
    fn give_member_id(&mut self, now: Now, id: MemberId, join: &Join) -> RefusedJoin {
        if self.pending.len() >= self.config.pending_members_max {
            return RefusedJoin { error: ClassicError::GroupMaxSizeReached, member: None };
        }
        let deadline = now.monotonic.saturating_add(join.session_timeout);
        self.pending.insert(id.clone(), deadline);
        self.look_at(deadline);
        RefusedJoin { error: ClassicError::MemberIdRequired, member: Some(id) }
    }

    fn join_again(
        &mut self,
        now: Now,
        id: &MemberId,
        join: Join,
        out: &mut Out,
    ) -> Result<(), ClassicError> {
        if join.instance.is_none() && self.pending.contains_key(id) {
            self.add_member(now, id.clone(), &join, out);
            return Ok(());
        }
        self.roster.validate(id, join.instance.as_ref())?;
        let member = self.roster.get(id).ok_or(ClassicError::UnknownMemberId)?;
        let is_same = member.protocols == join.protocols;
        let needs_no_rebalance = match self.state {
            GroupState::CompletingRebalance => is_same,
            // A leader joins again when something changed that members do not say of themselves:
            // topics have more partitions.
            GroupState::Stable => is_same && !self.is_leader(id),
            _ => false,
        };
        if needs_no_rebalance {
            Self::accept_join(join.ticket, self.joined(id), out);
        } else {
            let ticket = join.ticket;
            self.update_member(id, join);
            self.wait_in_join(id, ticket, out);
            self.rebalance_or_complete_join(now, out);
        }
        Ok(())
    }

    pub(super) fn wait_in_join(&mut self, id: &MemberId, ticket: Ticket, out: &mut Out) {
        self.refuse_join(id, ClassicError::RebalanceInProgress, Some(id.clone()), out);
        let before = self.roster.await_join(id, ticket);
        assert!(before.is_none(), "who waited before was answered");
    }

    /// The member is as it says now.
    pub(super) fn update_member(&mut self, id: &MemberId, join: Join) {
        self.roster.set_protocols(id, join.protocols);
        if let Some(member) = self.roster.get_mut(id) {
            member.session_timeout = join.session_timeout;
            member.rebalance_timeout = join.rebalance_timeout;
        }
    }

    fn add_member(&mut self, now: Now, id: MemberId, join: &Join, out: &mut Out) {
        let was_empty = self.previous_state == GroupState::Empty;
        if self.state == GroupState::PreparingRebalance && was_empty {
            self.new_member_added = true;
        }
        if self.roster.is_empty() {
            self.protocol_type = Some(join.protocol_type.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.pending.remove(&id);
        let mut member = Member::new(join);
        member.awaiting_join = Some(join.ticket);
        let deadline = now.monotonic.saturating_add(self.config.new_member_join_timeout);
        member.deadline = Some(deadline);
        self.look_at(deadline);
        self.roster.insert(id, member);
        self.rebalance_or_complete_join(now, out);
    }
}

/// The instance or the client, and random bits as a UUID of version 4. Cut to what a record holds.
pub(crate) fn new_member_id(join: &Join) -> MemberId {
    let name = join.instance.as_ref().map_or(&*join.client_id, InstanceId::as_str);
    let end = name.floor_char_boundary(STRING_BYTES_MAX - ID_TAIL_BYTES);
    let name = name.get(..end).unwrap_or_default();
    let version = 0x4_u128 << 76;
    let variant = 0x2_u128 << 62;
    let bits = join.random & !(0xf_u128 << 76) & !(0x3_u128 << 62) | version | variant;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    let uuid = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
    MemberId::from(format!("{name}-{uuid}").as_str())
}
