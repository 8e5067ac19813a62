//! A classic group that becomes a consumer group (KIP-848), or was one.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, ClassicError};
use super::event::Now;
use super::group::{ClassicGroup, Out};
use super::member::Member;
use super::protocols::Protocols;
use super::state::GroupState;
use crate::group::effects::Effects;
use crate::group::id::{InstanceId, MemberId};

/// A member that goes over to a consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradedMember {
    /// Its id.
    pub id: MemberId,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connected from.
    pub client_host: Arc<str>,
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// How long it may take to rejoin.
    pub rebalance_timeout: Duration,
    /// The protocols that it supports.
    pub protocols: Protocols,
    /// What it said of itself in the group's protocol, or in its first one.
    pub subscription: Arc<[u8]>,
    /// What the leader assigned to it; empty if it did not yet.
    pub assignment: Arc<[u8]>,
}

impl ClassicGroup {
    /// The members as they would go over; none unless they are consumers.
    pub fn members_to_upgrade(&self) -> Option<Vec<UpgradedMember>> {
        if !self.is_of_consumers() || self.state == GroupState::Dead {
            return None;
        }
        let upgraded = |(id, member): (&MemberId, &Member)| {
            let chosen = self.protocol.as_deref();
            let first = member.protocols.iter().next().map(|protocol| &*protocol.name);
            let supports = |name: &&str| member.protocols.iter().any(|it| *it.name == **name);
            let protocol = chosen.filter(supports).or(first);
            UpgradedMember {
                id: id.clone(),
                instance: member.instance.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                session_timeout: member.session_timeout,
                rebalance_timeout: member.rebalance_timeout,
                protocols: member.protocols.clone(),
                subscription: member.protocols.metadata(protocol),
                assignment: member.assignment.clone(),
            }
        };
        Some(self.roster.iter().map(upgraded).collect())
    }

    /// The group ends, its members having gone over: its tombstone, and those who wait are told to
    /// join again.
    pub fn end_for_upgrade(&mut self, now: Now) -> Effects<Answer> {
        let mut out = Out::default();
        out.records.push(self.tombstone());
        self.die(now, ClassicError::RebalanceInProgress, &mut out);
        out
    }

    /// The group was a consumer group: its record, and all are to join again.
    pub fn begin_as_downgraded(&mut self, now: Now) -> Effects<Answer> {
        let mut out = Out::default();
        out.records.push(self.record());
        if self.state == GroupState::Stable {
            self.prepare_rebalance(now, &mut out);
        }
        out
    }
}
