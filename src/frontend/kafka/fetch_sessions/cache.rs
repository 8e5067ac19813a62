//! All fetch sessions of one shard: found by number, and evicted where there is no room.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use net::kafka::api::fetch::{SessionEpoch, SessionId};
use record::ShardId;
use runtime::Instant;

use super::session::{Seen, Session};
use super::{Asked, Opened, SessionError, SessionRequest};

/// A session that was not used for longer makes room for any other, and one that exists for longer
/// makes room for a larger one. Kafka's `min.incremental.fetch.session.eviction.ms`.
const STALE_AFTER: Duration = Duration::from_mins(2);
/// Partitions in all sessions of a shard: some 30 MB, and as much again if their names are long
/// and all different.
const PARTITIONS_MAX: usize = 128 << 10;

/// A shard's sessions.
#[derive(Debug)]
pub struct FetchSessions {
    /// Sessions at most.
    slots: usize,
    /// Partitions in all of them at most.
    partitions_max: usize,
    /// The numbers that this shard gives out.
    ids: Range<i32>,
    sessions: BTreeMap<i32, Entry>,
    last_used: BTreeSet<(Instant, i32)>,
    /// By size: those that a larger one may evict.
    evictable: BTreeSet<(usize, i32)>,
    partitions: usize,
}

#[derive(Debug)]
struct Entry {
    session: Session,
    created: Instant,
    last_used: Instant,
    /// As it is counted; the session itself may be ahead within a call.
    size: usize,
}

/// A session that is asked for.
pub(in crate::frontend::kafka) struct Proposal<'a> {
    /// Whether it names topics by id.
    pub(in crate::frontend::kafka) by_ids: bool,
    /// What it reads.
    pub(in crate::frontend::kafka) asked: &'a [Asked],
    /// What its client is told now, in the same order.
    pub(in crate::frontend::kafka) seen: &'a [Seen],
    /// Any number: the session's is made of it.
    pub(in crate::frontend::kafka) random: u32,
}

impl FetchSessions {
    /// A shard's part of the `slots` that the broker has.
    pub fn new(slots: u32, shard: ShardId, shards: u16) -> Self {
        let (number, count) = (u32::from(shard.0), u32::from(shards));
        let own = slots / count + u32::from(number < slots % count);
        let range = i32::MAX / i32::from(shards);
        let start = range * i32::from(shard.0);
        let ids = start.max(1)..start + range;
        // Half of the numbers are free at any time, so one is soon found.
        let slots = usize::try_from(own).unwrap_or(usize::MAX).min(ids.len() / 2);
        Self::with_limits(slots, PARTITIONS_MAX, ids)
    }

    pub(super) fn with_limits(slots: usize, partitions_max: usize, ids: Range<i32>) -> Self {
        Self {
            slots,
            partitions_max,
            ids,
            sessions: BTreeMap::new(),
            last_used: BTreeSet::new(),
            evictable: BTreeSet::new(),
            partitions: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How many partitions are in them.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// Takes a request whose turn it is.
    pub(in crate::frontend::kafka) fn open(
        &mut self,
        request: SessionRequest,
        now: Instant,
    ) -> Result<Opened, SessionError> {
        if matches!(request.epoch, SessionEpoch::INITIAL | SessionEpoch::FINAL) {
            self.remove(request.id.0);
            let wants_session = request.epoch == SessionEpoch::INITIAL;
            return Ok(Opened::Full { asked: request.asked, wants_session });
        }
        let id = request.id.0;
        let entry = self.sessions.get_mut(&id).ok_or(SessionError::UnknownId)?;
        if entry.session.epoch() != request.epoch {
            return Err(SessionError::Epoch);
        }
        if entry.session.by_ids() != request.by_ids {
            return Err(SessionError::TopicIds);
        }
        let is_kept = entry.session.merge(&request);
        let (len, size) = (entry.session.len(), entry.size);
        if len == 0 {
            self.remove(id);
            return Ok(Opened::Full { asked: request.asked, wants_session: false });
        }
        if !is_kept || self.partitions - size + len > self.partitions_max {
            // The client begins anew, is told that there is no session, and goes on without.
            self.remove(id);
            return Err(SessionError::UnknownId);
        }
        let turn = entry_of(&mut self.sessions, id).session.turn(request.id);
        self.touch(id, now);
        Ok(Opened::Incremental(turn))
    }

    /// The session of a turn, to be told what is answered: `None` if it has been evicted
    /// meanwhile, so that everything is answered.
    pub(in crate::frontend::kafka) fn answering(
        &mut self,
        id: SessionId,
        next: SessionEpoch,
    ) -> Result<Option<&mut Session>, SessionError> {
        let Some(entry) = self.sessions.get_mut(&id.0) else { return Ok(None) };
        if entry.session.epoch() == next {
            Ok(Some(&mut entry.session))
        } else {
            Err(SessionError::Epoch)
        }
    }

    /// Makes a session, if there is room for it or room can be made; and how many were evicted.
    pub(in crate::frontend::kafka) fn create(
        &mut self,
        proposal: &Proposal<'_>,
        now: Instant,
    ) -> (SessionId, u64) {
        let Some(session) = self.build(proposal) else { return (SessionId::NONE, 0) };
        let size = session.len();
        let mut evicted = 0;
        while self.sessions.len() >= self.slots || self.partitions + size > self.partitions_max {
            if !self.evict_for(size, now) {
                return (SessionId::NONE, evicted);
            }
            evicted += 1;
        }
        let id = self.free_id(proposal.random);
        let entry = Entry { session, created: now, last_used: now, size: 0 };
        self.sessions.insert(id, entry);
        self.touch(id, now);
        (SessionId(id), evicted)
    }

    /// The session itself; none if it can not be had whoever is evicted.
    fn build(&self, proposal: &Proposal<'_>) -> Option<Session> {
        let count: usize = proposal.asked.iter().map(|topic| topic.partitions.len()).sum();
        assert_eq!(count, proposal.seen.len(), "each partition is answered");
        if self.slots == 0 || count > self.partitions_max {
            return None;
        }
        let mut session = Session::new(proposal.by_ids);
        let mut seen = proposal.seen.iter();
        for topic in proposal.asked {
            for (ask, seen) in topic.partitions.iter().zip(&mut seen) {
                if !session.put(&topic.topic, *ask, *seen) {
                    return None;
                }
            }
        }
        Some(session)
    }

    /// Evicts a session that is stale, or smaller than the new one and no longer young.
    fn evict_for(&mut self, size: usize, now: Instant) -> bool {
        let oldest = self.last_used.first().copied();
        let stale = oldest.filter(|(used, _)| is_past(*used, now)).map(|(_, id)| id);
        let smallest = self.evictable.first().filter(|(kept, _)| *kept < size).map(|(_, id)| *id);
        let Some(id) = stale.or(smallest) else { return false };
        self.remove(id);
        true
    }

    /// Notes that a session is used, and how large it is now.
    fn touch(&mut self, id: i32, now: Instant) {
        let entry = entry_of(&mut self.sessions, id);
        self.last_used.remove(&(entry.last_used, id));
        self.evictable.remove(&(entry.size, id));
        self.partitions -= entry.size;
        entry.last_used = now;
        entry.size = entry.session.len();
        self.partitions += entry.size;
        self.last_used.insert((now, id));
        if is_past(entry.created, now) {
            self.evictable.insert((entry.size, id));
        }
    }

    fn remove(&mut self, id: i32) {
        let Some(entry) = self.sessions.remove(&id) else { return };
        self.last_used.remove(&(entry.last_used, id));
        self.evictable.remove(&(entry.size, id));
        self.partitions -= entry.size;
    }

    fn free_id(&self, random: u32) -> i32 {
        let len = u32::try_from(self.ids.len()).expect("numbers are 31 bits");
        let first = self.ids.start + i32::try_from(random % len).expect("below a 31-bit number");
        let mut ids = (first..self.ids.end).chain(self.ids.start..first);
        ids.find(|id| !self.sessions.contains_key(id)).expect("there are more numbers than slots")
    }
}

fn entry_of(sessions: &mut BTreeMap<i32, Entry>, id: i32) -> &mut Entry {
    sessions.get_mut(&id).expect("it was found")
}

fn is_past(since: Instant, now: Instant) -> bool {
    u128::from(now.nanos_since(since)) > STALE_AFTER.as_nanos()
}
