//! Fetch sessions (KIP-227): what a consumer reads is kept here, so that its requests name only
//! what has changed, and so do the answers.
//!
//! Pure state: a shard's sessions are changed by requests and answers, and time and randomness
//! are arguments. Where KIP-227 and Kafka's code differ, it does as the code does.
//!
//! A session lives on the shard that made it. Its number tells that shard, so a connection that
//! moves, or comes after a restart, finds no session under its number and begins a new one.

mod cache;
mod session;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use net::kafka::api::fetch::{FetchPartition, SessionEpoch, SessionId};
use record::{LeaderEpoch, Offset, PartitionIndex, TopicId};

pub use self::cache::FetchSessions;
pub(super) use self::cache::Proposal;
pub(super) use self::session::{Place, Seen, Session};

/// What names a topic: its name in requests up to version 12, its id from 13.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TopicKey {
    /// By name.
    Name(Rc<str>),
    /// By id.
    Id(TopicId),
}

/// What is asked of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// Which.
    pub(super) partition: PartitionIndex,
    /// From where.
    pub(super) offset: Offset,
    /// Bytes at most, the first batch excepted.
    pub(super) bytes_max: i32,
    /// The epoch that the client knows, -1 for none.
    pub(super) leader_epoch: LeaderEpoch,
}

/// Some partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The topic.
    pub(super) topic: TopicKey,
    /// The partitions.
    pub(super) partitions: Vec<Ask>,
}

/// What a request says to the sessions.
#[derive(Clone, Debug)]
pub(super) struct SessionRequest {
    /// Its session, if it is in one.
    pub(super) id: SessionId,
    /// Which request of the session it is.
    pub(super) epoch: SessionEpoch,
    /// Whether it names topics by id.
    pub(super) by_ids: bool,
    /// What to fetch, or in a session what to add or change.
    pub(super) asked: Vec<Asked>,
    /// What to take out of the session.
    pub(super) forgotten: Vec<(TopicKey, PartitionIndex)>,
}

/// What a request amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Everything that it names is answered.
    Full {
        /// That.
        asked: Vec<Asked>,
        /// It asks for a session.
        wants_session: bool,
    },
    /// What the session knows is read, and what is new is answered.
    Incremental(Turn),
}

/// One request of a session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The session.
    pub(super) id: SessionId,
    /// The epoch of the request to come: as long as the session has it, this turn is the last.
    pub(super) next: SessionEpoch,
    /// Everything that the session reads, in its order; a topic may come more than once.
    pub(super) asked: Vec<Asked>,
    /// Where each partition stands in the session.
    pub(super) places: Vec<Place>,
}

/// Why a request can not be answered in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionError {
    /// There is no such session (any more).
    UnknownId,
    /// It is not the request that is due.
    Epoch,
    /// The session names topics by id and the request by name, or the other way round.
    TopicIds,
}

impl TopicKey {
    /// The name, empty if it is named by id.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Id(_) => "",
        }
    }

    /// The id, all zero if it is named by name.
    pub(super) fn id(&self) -> TopicId {
        match self {
            Self::Name(_) => TopicId::NIL,
            Self::Id(id) => *id,
        }
    }
}

impl From<FetchPartition> for Ask {
    fn from(wanted: FetchPartition) -> Self {
        Self {
            partition: wanted.partition,
            offset: wanted.fetch_offset,
            bytes_max: wanted.max_bytes,
            leader_epoch: wanted.current_leader_epoch,
        }
    }
}

/// The epoch behind one; the first comes again behind the last.
fn next_epoch(epoch: SessionEpoch) -> SessionEpoch {
    SessionEpoch(epoch.0.checked_add(1).unwrap_or(1))
}
