//! `ClassicGroup`: one group, changed by events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use record::Timestamp;

use super::answer::{Answer, ClassicError, Joined, JoinedMember, RefusedJoin};
use super::config::ClassicConfig;
use super::event::{Event, Now};
use super::rebalance::JoinTimer;
use super::roster::Roster;
use super::state::GroupState;
use crate::group::effects::{Effects, Ticket};
use crate::group::id::{GroupId, MemberId};
use crate::group::log::GroupLogRecord;

/// What follows from an event, as it is put together.
pub(super) type Out = Effects<Answer>;

/// A classic group. Between events it holds:
///
/// - `Empty` and `Dead` have no members, all other states may have lost theirs only while
///   preparing a rebalance;
/// - only while preparing a rebalance does anybody wait in a join, and then a timer runs that
///   ends the waiting; only while completing one does anybody wait in a sync, and then either the
///   leader's sync is to come or a timer runs that begins the next rebalance;
/// - the leader is a member.
///
/// State changes at once, before its records are durable: the answers to later events must not
/// leave before the records of earlier ones are durable.
#[derive(Clone, Debug)]
pub struct ClassicGroup {
    pub(super) id: GroupId,
    pub(super) config: Arc<ClassicConfig>,
    pub(super) state: GroupState,
    pub(super) previous_state: GroupState,
    pub(super) state_since: Option<Timestamp>,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) leader: Option<MemberId>,
    pub(super) roster: Roster,
    /// Ids given out for members to come back with, and when they are forgotten.
    pub(super) pending: BTreeMap<MemberId, Duration>,
    /// Members of this generation that have not asked for their assignment.
    pub(super) pending_sync: BTreeSet<MemberId>,
    /// Whether somebody came during the initial delay.
    pub(super) new_member_added: bool,
    /// The topics that the members subscribe to; none if that is not known.
    pub(super) subscribed: Option<BTreeSet<Arc<str>>>,
    pub(super) join_timer: Option<JoinTimer>,
    pub(super) sync_timer: Option<Duration>,
    /// Not after any deadline of a member: when to look at them.
    pub(super) sessions_due: Option<Duration>,
}

impl ClassicGroup {
    /// A group that nobody is in. It has no record until its first rebalance is through.
    pub fn new(id: GroupId, config: Arc<ClassicConfig>) -> Self {
        Self {
            id,
            config,
            state: GroupState::Empty,
            previous_state: GroupState::Dead,
            state_since: None,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            roster: Roster::default(),
            pending: BTreeMap::new(),
            pending_sync: BTreeSet::new(),
            new_member_added: false,
            subscribed: None,
            join_timer: None,
            sync_timer: None,
            sessions_due: None,
        }
    }

    /// What follows from an event. Deadlines that have passed are dealt with by [`Event::Tick`]
    /// alone.
    pub fn apply(&mut self, now: Now, event: Event) -> Effects<Answer> {
        let mut out = Out::default();
        match event {
            Event::Join(join) => self.on_join(now, join, &mut out),
            Event::Sync(sync) => self.on_sync(now, sync, &mut out),
            Event::Heartbeat(beat) => {
                let result = self.on_heartbeat(now, &beat);
                out.answers.push((beat.ticket, Answer::Heartbeat(result)));
            }
            Event::Leave(leave) => self.on_leave(now, leave, &mut out),
            Event::Tick => self.on_tick(now, &mut out),
            Event::Delete(ticket) => {
                let result = self.on_delete(now, &mut out);
                out.answers.push((ticket, Answer::Delete(result)));
            }
            Event::Unload => self.die(now, ClassicError::NotCoordinator, &mut out),
        }
        out
    }

    /// When to send the next [`Event::Tick`], on the monotonic clock; it may be past. A tick that
    /// finds nothing to do is harmless.
    pub fn deadline(&self) -> Option<Duration> {
        let join = self.join_timer.map(|timer| timer.at);
        [join, self.sync_timer, self.sessions_due].into_iter().flatten().min()
    }

    fn on_delete(&mut self, now: Now, out: &mut Out) -> Result<(), ClassicError> {
        if self.state == GroupState::Dead {
            return Err(ClassicError::GroupIdNotFound);
        }
        out.records.push(self.convert_empty(now).ok_or(ClassicError::NonEmptyGroup)?);
        Ok(())
    }

    /// An empty group ends to make place for one of another kind (KIP-848): its tombstone, or
    /// none if it has members.
    pub fn convert_empty(&mut self, now: Now) -> Option<crate::group::effects::GroupRecord> {
        if self.state != GroupState::Empty {
            return None;
        }
        let mut out = Out::default();
        self.die(now, ClassicError::CoordinatorNotAvailable, &mut out);
        assert!(out.answers.is_empty(), "nobody waits in an empty group");
        Some(self.tombstone())
    }

    pub(super) fn tombstone(&self) -> crate::group::effects::GroupRecord {
        GroupLogRecord::GroupMetadata { group: self.id.clone(), value: None }.encode()
    }

    pub(super) fn die(&mut self, now: Now, error: ClassicError, out: &mut Out) {
        let ids: Vec<_> = self.roster.iter().map(|(id, _)| id.clone()).collect();
        for id in &ids {
            self.refuse_join(id, error, Some(id.clone()), out);
            self.refuse_sync(id, error, out);
        }
        if self.state != GroupState::Dead {
            self.enter(GroupState::Dead, now);
        }
        self.roster = Roster::default();
        self.leader = None;
        self.pending.clear();
        self.pending_sync.clear();
        self.join_timer = None;
        self.sync_timer = None;
        self.sessions_due = None;
    }

    pub(super) fn enter(&mut self, state: GroupState, now: Now) {
        assert!(state.may_follow(self.state), "{} after {}", state, self.state);
        self.previous_state = self.state;
        self.state = state;
        self.state_since = Some(now.wall);
    }

    pub(super) fn is_leader(&self, id: &MemberId) -> bool {
        self.leader.as_ref() == Some(id)
    }

    /// Takes a member out, and answers what it still waits for.
    pub(super) fn remove_member(&mut self, id: &MemberId, out: &mut Out) {
        self.refuse_join(id, ClassicError::UnknownMemberId, None, out);
        self.refuse_sync(id, ClassicError::UnknownMemberId, out);
        self.roster.remove(id);
        self.pending_sync.remove(id);
        if self.is_leader(id) {
            self.leader = self.roster.first();
        }
    }

    /// Whoever waits in the member's join gets an error.
    pub(super) fn refuse_join(
        &mut self,
        id: &MemberId,
        error: ClassicError,
        member: Option<MemberId>,
        out: &mut Out,
    ) {
        if let Some(ticket) = self.roster.take_join(id) {
            out.answers.push((ticket, Answer::Join(Err(RefusedJoin { error, member }))));
        }
    }

    /// Whoever waits in the member's sync gets an error.
    pub(super) fn refuse_sync(&mut self, id: &MemberId, error: ClassicError, out: &mut Out) {
        let member = self.roster.get_mut(id);
        if let Some(ticket) = member.and_then(|member| member.awaiting_sync.take()) {
            out.answers.push((ticket, Answer::Sync(Err(error))));
        }
    }

    /// The current generation as a member is told of it.
    pub(super) fn joined(&self, id: &MemberId) -> Joined {
        Joined {
            member: id.clone(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            skip_assignment: false,
            members: if self.is_leader(id) { self.joined_members() } else { Vec::new() },
        }
    }

    fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref();
        let members = self.roster.iter().map(|(id, member)| JoinedMember {
            member: id.clone(),
            instance: member.instance.clone(),
            metadata: member.protocols.metadata(protocol),
        });
        members.collect()
    }

    pub(super) fn accept_join(ticket: Ticket, joined: Joined, out: &mut Out) {
        out.answers.push((ticket, Answer::Join(Ok(joined))));
    }
}
