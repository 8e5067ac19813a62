//! What happens to a classic group.

use std::sync::Arc;
use std::time::Duration;

use record::Timestamp;

use super::protocols::Protocols;
use crate::group::effects::Ticket;
use crate::group::id::{InstanceId, MemberId};
use crate::group::log::STRING_BYTES_MAX;

/// The time of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since some origin, never going back: all timeouts are measured by it.
    pub monotonic: Duration,
    /// What goes into records; expels nobody, however it jumps.
    pub wall: Timestamp,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// A member comes, or comes again.
    Join(Join),
    /// A member wants its assignment; the leader brings all of them.
    Sync(Sync),
    /// A member lives.
    Heartbeat(Heartbeat),
    /// Members go, or are sent away.
    Leave(Leave),
    /// A deadline may have passed.
    Tick,
    /// The group is to be forgotten, which only an empty one can be.
    Delete(Ticket),
    /// Another coordinator takes over: all who wait are told.
    Unload,
}

impl Event {
    /// Who waits for the answer.
    pub fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Join(join) => Some(join.ticket),
            Self::Sync(sync) => Some(sync.ticket),
            Self::Heartbeat(beat) => Some(beat.ticket),
            Self::Leave(leave) => Some(leave.ticket),
            Self::Delete(ticket) => Some(*ticket),
            Self::Tick | Self::Unload => None,
        }
    }
}

/// A member comes, or comes again.
#[derive(Clone, Debug)]
pub struct Join {
    /// Who waits.
    pub ticket: Ticket,
    /// The member's id, if it has one.
    pub member: Option<MemberId>,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connected from.
    pub client_host: Arc<str>,
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// How long it may take to rejoin; the session timeout where the request has none.
    pub rebalance_timeout: Duration,
    /// What the group is for: "consumer", "connect".
    pub protocol_type: Arc<str>,
    /// The protocols that it supports, the one it likes best first.
    pub protocols: Protocols,
    /// Whether a member without an id is given one to come back with (`JoinGroup` 4 and later).
    pub needs_member_id: bool,
    /// Whether the client can be told that it leads but must not assign (`JoinGroup` 9, KIP-814).
    pub can_skip_assignment: bool,
    /// Random bits for an id.
    pub random: u128,
}

impl Join {
    /// Whether every name can be written into a record.
    pub fn fits_a_record(&self) -> bool {
        let names = [&*self.client_id, &*self.client_host, &*self.protocol_type];
        let ids = [
            self.member.as_ref().map(MemberId::as_str),
            self.instance.as_ref().map(InstanceId::as_str),
        ];
        let protocols = self.protocols.iter().map(|protocol| &*protocol.name);
        let mut all = names.into_iter().chain(ids.into_iter().flatten()).chain(protocols);
        all.all(|name| name.len() <= STRING_BYTES_MAX)
    }
}

/// A member wants its assignment.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Who waits.
    pub ticket: Ticket,
    /// The member.
    pub member: MemberId,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// The generation that it is in.
    pub generation: i32,
    /// The protocol type that it thinks of, if it says so.
    pub protocol_type: Option<Arc<str>>,
    /// The protocol that it thinks of, if it says so.
    pub protocol: Option<Arc<str>>,
    /// The leader's assignments.
    pub assignments: Vec<(MemberId, Arc<[u8]>)>,
}

/// A member lives.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// Who waits.
    pub ticket: Ticket,
    /// The member.
    pub member: MemberId,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// The generation that it is in.
    pub generation: i32,
}

/// Members go.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Who waits.
    pub ticket: Ticket,
    /// The members.
    pub members: Vec<LeavingMember>,
}

/// A member that goes. An administrator names static ones without the member id. Why it goes is
/// for the log of whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingMember {
    /// Its id.
    pub member: Option<MemberId>,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
}
