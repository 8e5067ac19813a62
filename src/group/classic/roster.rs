//! Who is in a group: its members, their instances, and the counts that must fit them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::answer::ClassicError;
use super::member::Member;
use super::protocols::{Protocols, Support};
use crate::group::effects::Ticket;
use crate::group::id::{InstanceId, MemberId};

/// The members, and what is counted of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<MemberId, Member>,
    instances: BTreeMap<InstanceId, MemberId>,
    support: Support,
    /// Members whose join waits for an answer.
    awaiting_join: usize,
}

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn contains(&self, id: &MemberId) -> bool {
        self.members.contains_key(id)
    }

    pub(super) fn get(&self, id: &MemberId) -> Option<&Member> {
        self.members.get(id)
    }

    /// For what is not counted: use the other methods for joins, protocols and names.
    pub(super) fn get_mut(&mut self, id: &MemberId) -> Option<&mut Member> {
        self.members.get_mut(id)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&MemberId, &Member)> {
        self.members.iter()
    }

    /// For what is not counted, as [`Roster::get_mut`].
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&MemberId, &mut Member)> {
        self.members.iter_mut()
    }

    pub(super) fn first(&self) -> Option<MemberId> {
        self.members.keys().next().cloned()
    }

    pub(super) fn by_instance(&self, instance: &InstanceId) -> Option<&MemberId> {
        self.instances.get(instance)
    }

    /// How many members wait in a join.
    pub(super) fn awaiting_join(&self) -> usize {
        self.awaiting_join
    }

    /// The longest time that a member may take to rejoin.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Whether all members support one of these.
    pub(super) fn supports(&self, protocols: &Protocols) -> bool {
        protocols.iter().any(|one| self.support.by_all(&one.name, self.len()))
    }

    /// The protocol that the members would agree on now; none without members.
    pub(super) fn choose_protocol(&self) -> Option<Arc<str>> {
        let chosen = self.support.choose(self.members.values().map(|member| &member.protocols));
        assert!(chosen.is_some() || self.is_empty(), "nobody is let in who shares no protocol");
        chosen
    }

    /// That the member is the one it says it is.
    pub(super) fn validate(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
    ) -> Result<(), ClassicError> {
        if let Some(instance) = instance {
            let holder = self.by_instance(instance).ok_or(ClassicError::UnknownMemberId)?;
            if holder != id {
                return Err(ClassicError::FencedInstanceId);
            }
        }
        if self.contains(id) { Ok(()) } else { Err(ClassicError::UnknownMemberId) }
    }

    pub(super) fn insert(&mut self, id: MemberId, member: Member) {
        assert!(!self.contains(&id), "a member is added once");
        self.support.add(&member.protocols);
        self.awaiting_join += usize::from(member.awaiting_join.is_some());
        if let Some(instance) = &member.instance {
            let other = self.instances.insert(instance.clone(), id.clone());
            assert!(other.is_none(), "an instance is one member");
        }
        self.members.insert(id, member);
    }

    pub(super) fn remove(&mut self, id: &MemberId) -> Option<Member> {
        let member = self.members.remove(id)?;
        self.support.remove(&member.protocols);
        self.awaiting_join -= usize::from(member.awaiting_join.is_some());
        if let Some(instance) = &member.instance {
            self.instances.remove(instance);
        }
        Some(member)
    }

    /// The member supports these from now on.
    pub(super) fn set_protocols(&mut self, id: &MemberId, protocols: Protocols) {
        let Some(member) = self.members.get_mut(id) else { return };
        self.support.remove(&member.protocols);
        self.support.add(&protocols);
        member.protocols = protocols;
    }

    /// The member waits in a join; returns who waited before.
    pub(super) fn await_join(&mut self, id: &MemberId, ticket: Ticket) -> Option<Ticket> {
        let before = self.members.get_mut(id)?.awaiting_join.replace(ticket);
        self.awaiting_join += usize::from(before.is_none());
        before
    }

    /// The member waits in no join any more; returns who is to be answered.
    pub(super) fn take_join(&mut self, id: &MemberId) -> Option<Ticket> {
        let taken = self.members.get_mut(id)?.awaiting_join.take();
        self.awaiting_join -= usize::from(taken.is_some());
        taken
    }
}
