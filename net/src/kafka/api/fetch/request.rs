//! The Fetch request, decoded without an allocation.
//!
//! ```text
//! replica id (int32) up to 14
//! max wait ms, min bytes, max bytes (int32), isolation level (int8)
//! session id, session epoch (int32) from 7
//! topics [ name (string) up to 12, id (uuid) from 13,
//!          partitions [ index (int32), current leader epoch (int32) from 9,
//!                       fetch offset (int64), last fetched epoch (int32) from 12,
//!                       log start offset (int64) from 5, max bytes (int32),
//!                       tags: 0 replica directory from 17, 1 high watermark from 18 ], tags ]
//! forgotten topics [ name or id, partitions [int32], tags ] from 7
//! rack id (string) from 11
//! tags: 0 cluster id from 12, 1 replica state from 15
//! ```

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};

use super::{LOG_START_FROM, SESSIONS_FROM, TOPIC_IDS_FROM};
use crate::kafka::isolation::IsolationLevel;
use crate::kafka::version::Version;
use crate::kafka::wire::{
    Array, DecodeError, EncodeError, Reader, Wire, Writer, in_field, refuse_below, wire_newtype,
    wire_struct,
};

/// The first version with the current leader epoch.
const LEADER_EPOCH_FROM: i16 = 9;
/// The first version with the rack.
const RACK_FROM: i16 = 11;
/// The first version with the last fetched epoch.
const LAST_EPOCH_FROM: i16 = 12;
/// The first version with the replica's state in place of its id.
const REPLICA_STATE_FROM: i16 = 15;
/// The first version with the replica's directory.
const DIRECTORY_FROM: i16 = 17;
/// The first version with the replica's high watermark.
const HIGH_WATERMARK_FROM: i16 = 18;

/// A fetch session's number (KIP-227).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionId(pub i32);

impl SessionId {
    /// No session.
    pub const NONE: Self = Self(0);
}

/// Which request of its session a fetch is (KIP-227).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionEpoch(pub i32);

impl SessionEpoch {
    /// Asks for everything and for a new session.
    pub const INITIAL: Self = Self(0);
    /// Asks for everything and ends the session, if one is given.
    pub const FINAL: Self = Self(-1);
}

wire_newtype!(SessionId(i32), SessionEpoch(i32));

/// Asks for records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchRequest<'a> {
    /// The cluster that the client expects, if it says so; left out silently below version 12.
    pub cluster_id: Option<&'a str>,
    /// The fetching broker, -1 for a consumer; up to version 14.
    pub replica_id: NodeId,
    /// The fetching broker and its epoch; from version 15.
    pub replica_state: ReplicaState,
    /// How long to wait for `min_bytes`, in milliseconds.
    pub max_wait_ms: i32,
    /// How many bytes to wait for.
    pub min_bytes: i32,
    /// How many bytes to answer with at most, the first batch excepted.
    pub max_bytes: i32,
    /// Up to where to read.
    pub isolation_level: IsolationLevel,
    /// The session; from version 7.
    pub session_id: SessionId,
    /// Which request of the session; from version 7.
    pub session_epoch: SessionEpoch,
    /// What to fetch, or in a session what to add.
    pub topics: Array<'a, FetchTopic<'a>>,
    /// What to take out of the session; from version 7.
    pub forgotten_topics: Array<'a, ForgottenTopic<'a>>,
    /// The consumer's rack; from version 11.
    pub rack_id: &'a str,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: NodeId(-1),
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: IsolationLevel::READ_UNCOMMITTED,
            session_id: SessionId::NONE,
            session_epoch: SessionEpoch::FINAL,
            topics: Array::EMPTY,
            forgotten_topics: Array::EMPTY,
            rack_id: "",
        }
    }
}

wire_struct! {
    /// A broker that fetches, and which life of it.
    pub struct ReplicaState {
        /// Which broker, -1 for a consumer.
        replica_id: NodeId = NodeId(-1);
        /// Its epoch, -1 if unknown.
        replica_epoch: i64 = -1;
    }
}

/// A topic to fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchTopic<'a> {
    /// Its name, up to version 12; empty from 13.
    pub name: &'a str,
    /// Its id, from version 13; all zero up to 12.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Array<'a, FetchPartition>,
}

/// A partition to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which.
    pub partition: PartitionIndex,
    /// The epoch that the client knows, for fencing, -1 for no check; left out silently below
    /// version 9.
    pub current_leader_epoch: LeaderEpoch,
    /// From where.
    pub fetch_offset: Offset,
    /// The epoch of the last batch that the client has, -1 for no check; from version 12.
    pub last_fetched_epoch: LeaderEpoch,
    /// Where a follower's log starts, -1 for a consumer; left out silently below version 5.
    pub log_start_offset: Offset,
    /// How many bytes to answer with at most, the first batch excepted.
    pub max_bytes: i32,
    /// A follower's log directory; left out silently below version 17.
    pub replica_directory_id: TopicId,
    /// A follower's high watermark, the largest offset for a consumer; left out silently below
    /// version 18.
    pub high_watermark: Offset,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: PartitionIndex(0),
            current_leader_epoch: LeaderEpoch::NONE,
            fetch_offset: Offset::ZERO,
            last_fetched_epoch: LeaderEpoch::NONE,
            log_start_offset: Offset::NONE,
            max_bytes: 0,
            replica_directory_id: TopicId::NIL,
            high_watermark: Offset(i64::MAX),
        }
    }
}

/// A topic to take out of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgottenTopic<'a> {
    /// Its name, up to version 12; empty from 13.
    pub name: &'a str,
    /// Its id, from version 13; all zero up to 12.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Array<'a, PartitionIndex>,
}

impl<'a> FetchRequest<'a> {
    fn read_tags(&mut self, r: &mut Reader<'a>, v: Version) -> Result<(), DecodeError> {
        r.tags(v, |tag, r| match tag {
            0 => {
                self.cluster_id =
                    r.nullable_string(v).map_err(in_field("FetchRequest.cluster_id"))?;
                Ok(true)
            }
            1 if v.number() < REPLICA_STATE_FROM => Err(r.tag_not_in_version()),
            1 => {
                self.replica_state =
                    ReplicaState::read(r, v).map_err(in_field("FetchRequest.replica_state"))?;
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    fn write_tags(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        let cluster = v.is_flexible() && self.cluster_id.is_some();
        let replica = self.replica_state != ReplicaState::default();
        refuse_below(REPLICA_STATE_FROM, v, replica, "FetchRequest.replica_state")?;
        w.tag_count(v, u32::from(cluster) + u32::from(replica));
        if cluster {
            w.tag(0, |w| w.nullable_string(v, self.cluster_id))?;
        }
        if replica {
            w.tag(1, |w| self.replica_state.write(w, v))?;
        }
        Ok(())
    }
}

impl<'a> Wire<'a> for FetchRequest<'a> {
    fn len_min(v: Version) -> usize {
        3 * 4 + 1 + Array::<FetchTopic<'_>>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        const NUMBERS: &str = "FetchRequest";
        let mut value = Self::default();
        if v.number() < REPLICA_STATE_FROM {
            value.replica_id = NodeId::read(r, v).map_err(in_field(NUMBERS))?;
        }
        value.max_wait_ms = r.i32().map_err(in_field(NUMBERS))?;
        value.min_bytes = r.i32().map_err(in_field(NUMBERS))?;
        value.max_bytes = r.i32().map_err(in_field(NUMBERS))?;
        value.isolation_level = IsolationLevel::read(r, v).map_err(in_field(NUMBERS))?;
        if v.number() >= SESSIONS_FROM {
            value.session_id = SessionId::read(r, v).map_err(in_field(NUMBERS))?;
            value.session_epoch = SessionEpoch::read(r, v).map_err(in_field(NUMBERS))?;
        }
        value.topics = Array::read(r, v).map_err(in_field("FetchRequest.topics"))?;
        if v.number() >= SESSIONS_FROM {
            value.forgotten_topics =
                Array::read(r, v).map_err(in_field("FetchRequest.forgotten_topics"))?;
        }
        if v.number() >= RACK_FROM {
            value.rack_id = r.string(v).map_err(in_field("FetchRequest.rack_id"))?;
        }
        value.read_tags(r, v)?;
        Ok(value)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        if v.number() < REPLICA_STATE_FROM {
            w.i32(self.replica_id.0);
        } else if self.replica_id != NodeId(-1) {
            let field = "FetchRequest.replica_id";
            return Err(EncodeError::NotInVersion { field, version: v.number() });
        }
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i8(self.isolation_level.0);
        if v.number() >= SESSIONS_FROM {
            w.i32(self.session_id.0);
            w.i32(self.session_epoch.0);
        }
        self.topics.write(w, v)?;
        let forgets = !self.forgotten_topics.is_empty();
        refuse_below(SESSIONS_FROM, v, forgets, "FetchRequest.forgotten_topics")?;
        if v.number() >= SESSIONS_FROM {
            self.forgotten_topics.write(w, v)?;
        }
        if v.number() >= RACK_FROM {
            w.nullable_string(v, Some(self.rack_id))?;
        }
        self.write_tags(w, v)
    }
}

impl<'a> Wire<'a> for FetchTopic<'a> {
    fn len_min(v: Version) -> usize {
        topic_len_min(v) + Array::<FetchPartition>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let (name, id) = read_topic(r, v).map_err(in_field("FetchTopic"))?;
        let partitions = Array::read(r, v).map_err(in_field("FetchTopic.partitions"))?;
        r.skip_tags(v)?;
        Ok(Self { name, id, partitions })
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        write_topic(self.name, self.id, w, v)?;
        self.partitions.write(w, v)?;
        w.tag_count(v, 0);
        Ok(())
    }
}

impl<'a> Wire<'a> for ForgottenTopic<'a> {
    fn len_min(v: Version) -> usize {
        topic_len_min(v) + Array::<PartitionIndex>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let (name, id) = read_topic(r, v).map_err(in_field("ForgottenTopic"))?;
        let partitions = Array::read(r, v).map_err(in_field("ForgottenTopic.partitions"))?;
        r.skip_tags(v)?;
        Ok(Self { name, id, partitions })
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        write_topic(self.name, self.id, w, v)?;
        self.partitions.write(w, v)?;
        w.tag_count(v, 0);
        Ok(())
    }
}

/// The fewest bytes that name a topic.
pub(super) fn topic_len_min(v: Version) -> usize {
    if v.number() < TOPIC_IDS_FROM { <&str>::len_min(v) } else { 16 }
}

/// What names a topic: its name up to version 12, its id from 13.
pub(super) fn read_topic<'a>(
    r: &mut Reader<'a>,
    v: Version,
) -> Result<(&'a str, TopicId), DecodeError> {
    if v.number() < TOPIC_IDS_FROM { Ok((r.string(v)?, TopicId::NIL)) } else { Ok(("", r.uuid()?)) }
}

/// Appends what names a topic.
pub(super) fn write_topic(
    name: &str,
    id: TopicId,
    w: &mut Writer<'_>,
    v: Version,
) -> Result<(), EncodeError> {
    if v.number() < TOPIC_IDS_FROM {
        return w.nullable_string(v, Some(name));
    }
    w.uuid(id);
    Ok(())
}

impl<'a> Wire<'a> for FetchPartition {
    fn len_min(v: Version) -> usize {
        let has = |from, len| if v.number() >= from { len } else { 0 };
        let versioned =
            has(LEADER_EPOCH_FROM, 4) + has(LAST_EPOCH_FROM, 4) + has(LOG_START_FROM, 8);
        4 + 8 + 4 + versioned + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        const NUMBERS: &str = "FetchPartition";
        let mut value = Self {
            partition: PartitionIndex::read(r, v).map_err(in_field(NUMBERS))?,
            ..Self::default()
        };
        if v.number() >= LEADER_EPOCH_FROM {
            value.current_leader_epoch = LeaderEpoch::read(r, v).map_err(in_field(NUMBERS))?;
        }
        value.fetch_offset = Offset::read(r, v).map_err(in_field(NUMBERS))?;
        if v.number() >= LAST_EPOCH_FROM {
            value.last_fetched_epoch = LeaderEpoch::read(r, v).map_err(in_field(NUMBERS))?;
        }
        if v.number() >= LOG_START_FROM {
            value.log_start_offset = Offset::read(r, v).map_err(in_field(NUMBERS))?;
        }
        value.max_bytes = r.i32().map_err(in_field(NUMBERS))?;
        r.tags(v, |tag, r| match tag {
            0 if v.number() < DIRECTORY_FROM => Err(r.tag_not_in_version()),
            1 if v.number() < HIGH_WATERMARK_FROM => Err(r.tag_not_in_version()),
            0 => {
                value.replica_directory_id = r.uuid()?;
                Ok(true)
            }
            1 => {
                value.high_watermark = Offset::read(r, v)?;
                Ok(true)
            }
            _ => Ok(false),
        })
        .map_err(in_field("FetchPartition tags"))?;
        Ok(value)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.i32(self.partition.0);
        if v.number() >= LEADER_EPOCH_FROM {
            w.i32(self.current_leader_epoch.0);
        }
        w.i64(self.fetch_offset.0);
        let last = self.last_fetched_epoch;
        let is_set = last != LeaderEpoch::NONE;
        refuse_below(LAST_EPOCH_FROM, v, is_set, "FetchPartition.last_fetched_epoch")?;
        if v.number() >= LAST_EPOCH_FROM {
            w.i32(last.0);
        }
        if v.number() >= LOG_START_FROM {
            w.i64(self.log_start_offset.0);
        }
        w.i32(self.max_bytes);
        let directory = v.number() >= DIRECTORY_FROM && !self.replica_directory_id.is_nil();
        let watermark =
            v.number() >= HIGH_WATERMARK_FROM && self.high_watermark != Offset(i64::MAX);
        w.tag_count(v, u32::from(directory) + u32::from(watermark));
        if directory {
            w.tag(0, |w| self.replica_directory_id.write(w, v))?;
        }
        if watermark {
            w.tag(1, |w| self.high_watermark.write(w, v))?;
        }
        Ok(())
    }
}
