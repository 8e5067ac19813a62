//! The Fetch response.
//!
//! ```text
//! throttle time ms (int32)
//! error code (int16), session id (int32) from 7
//! topics [ name (string) up to 12, id (uuid) from 13,
//!          partitions [ index (int32), error code (int16), high watermark (int64),
//!                       last stable offset (int64), log start offset (int64) from 5,
//!                       aborted transactions (nullable) [ producer id, first offset (int64) ],
//!                       preferred read replica (int32) from 11,
//!                       records (nullable bytes),
//!                       tags: 0 diverging epoch, 1 current leader, 2 snapshot id, from 12 ],
//!          tags ]
//! tags: 0 node endpoints from 16
//! ```
//!
//! The records stand before a partition's tags, so an answer is bytes, extent, bytes, extent.

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicId};

use super::request::{SessionId, read_topic, topic_len_min, write_topic};
use super::{LOG_START_FROM, SESSIONS_FROM};
use crate::kafka::error_code::ErrorCode;
use crate::kafka::leader::{CurrentLeader, NodeEndpoint};
use crate::kafka::version::Version;
use crate::kafka::wire::{
    Array, DecodeError, EncodeError, Reader, Records, Wire, Writer, in_field, refuse_below,
    wire_struct,
};

/// The first version with the preferred read replica.
const PREFERRED_REPLICA_FROM: i16 = 11;
/// The first version that says where the logs diverge and who leads; the first with tags.
const LEADER_FROM: i16 = 12;
/// The first version that says where leaders are reached.
const ENDPOINTS_FROM: i16 = 16;

/// Records, as a client gets them. The broker writes its answers with
/// [`super::FetchResponseEncoder`] instead, which does not copy records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchResponse<'a> {
    /// How long the client should wait before its next request.
    pub throttle_time_ms: i32,
    /// Whether the session is in order; left out silently below version 7.
    pub error_code: ErrorCode,
    /// The session, 0 for none; from version 7.
    pub session_id: SessionId,
    /// The records, by topic.
    pub topics: Array<'a, FetchTopicResponse<'a>>,
    /// Where the leaders named in `topics` are reached; from version 16.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

/// A topic's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchTopicResponse<'a> {
    /// The topic's name, up to version 12; empty from 13.
    pub name: &'a str,
    /// The topic's id, from version 13; all zero up to 12.
    pub id: TopicId,
    /// By partition.
    pub partitions: Array<'a, FetchedPartition<'a>>,
}

/// A partition's state and records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchedPartition<'a> {
    /// Everything but the records.
    pub data: PartitionData<'a>,
    /// Record batches, the last one maybe cut off.
    pub records: Option<Records<'a>>,
}

/// A partition's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionData<'a> {
    /// Which partition.
    pub partition: PartitionIndex,
    /// Whether it could be read.
    pub error_code: ErrorCode,
    /// Up to where it can be read.
    pub high_watermark: Offset,
    /// Up to where no transaction is open, -1 if unknown.
    pub last_stable_offset: Offset,
    /// Where the log starts, -1 if unknown; left out silently below version 5.
    pub log_start_offset: Offset,
    /// Transactions whose records are to be left out, by first offset; null unless only
    /// committed records were asked for.
    pub aborted_transactions: Option<Array<'a, AbortedTransaction>>,
    /// The replica to read from rather, -1 for none; from version 11.
    pub preferred_read_replica: NodeId,
    /// Where the log parts from the client's; from version 12.
    pub diverging_epoch: EpochEnd,
    /// Who leads the partition now; from version 12.
    pub current_leader: CurrentLeader,
    /// The snapshot to fetch first, for followers of a Raft log; from version 12.
    pub snapshot_id: SnapshotId,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition: PartitionIndex(0),
            error_code: ErrorCode::NONE,
            high_watermark: Offset::ZERO,
            last_stable_offset: Offset::NONE,
            log_start_offset: Offset::NONE,
            aborted_transactions: None,
            preferred_read_replica: NodeId(-1),
            diverging_epoch: EpochEnd::default(),
            current_leader: CurrentLeader::default(),
            snapshot_id: SnapshotId::default(),
        }
    }
}

wire_struct! {
    /// A transaction that was aborted.
    pub struct AbortedTransaction {
        /// Whose.
        producer_id: ProducerId = ProducerId(0);
        /// Where it began.
        first_offset: Offset;
    }
}

wire_struct! {
    /// An epoch and where it ended.
    pub struct EpochEnd {
        /// The epoch, -1 for none.
        epoch: LeaderEpoch = LeaderEpoch::NONE;
        /// The offset behind its last record.
        end_offset: Offset = Offset::NONE;
    }
}

wire_struct! {
    /// A snapshot of a Raft log.
    pub struct SnapshotId {
        /// The offset behind the last record in it, -1 for none.
        end_offset: Offset = Offset::NONE;
        /// That record's epoch.
        epoch: LeaderEpoch = LeaderEpoch::NONE;
    }
}

/// Appends what goes before the topics: an answer's scalars.
pub(super) fn write_head(
    throttle_time_ms: i32,
    error_code: ErrorCode,
    session_id: SessionId,
    w: &mut Writer<'_>,
    v: Version,
) -> Result<(), EncodeError> {
    w.i32(throttle_time_ms);
    let is_set = session_id != SessionId::NONE;
    refuse_below(SESSIONS_FROM, v, is_set, "FetchResponse.session_id")?;
    if v.number() >= SESSIONS_FROM {
        w.i16(error_code.0);
        w.i32(session_id.0);
    }
    Ok(())
}

/// Appends what follows the topics.
pub(super) fn write_end(
    node_endpoints: Array<'_, NodeEndpoint<'_>>,
    w: &mut Writer<'_>,
    v: Version,
) -> Result<(), EncodeError> {
    let is_set = !node_endpoints.is_empty();
    refuse_below(ENDPOINTS_FROM, v, is_set, "FetchResponse.node_endpoints")?;
    w.tag_count(v, is_set.into());
    if is_set { w.tag(0, |w| node_endpoints.write(w, v)) } else { Ok(()) }
}

impl PartitionData<'_> {
    /// Appends what goes before the records.
    pub(super) fn write_front(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.i32(self.partition.0);
        w.i16(self.error_code.0);
        w.i64(self.high_watermark.0);
        w.i64(self.last_stable_offset.0);
        if v.number() >= LOG_START_FROM {
            w.i64(self.log_start_offset.0);
        }
        self.aborted_transactions.write(w, v)?;
        let replica = self.preferred_read_replica;
        let is_set = replica != NodeId(-1);
        refuse_below(PREFERRED_REPLICA_FROM, v, is_set, "PartitionData.preferred_read_replica")?;
        if v.number() >= PREFERRED_REPLICA_FROM {
            w.i32(replica.0);
        }
        Ok(())
    }

    /// Appends what follows the records.
    pub(super) fn write_tags(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        let diverging = self.diverging_epoch != EpochEnd::default();
        let leader = self.current_leader != CurrentLeader::default();
        let snapshot = self.snapshot_id != SnapshotId::default();
        refuse_below(LEADER_FROM, v, diverging, "PartitionData.diverging_epoch")?;
        refuse_below(LEADER_FROM, v, leader, "PartitionData.current_leader")?;
        refuse_below(LEADER_FROM, v, snapshot, "PartitionData.snapshot_id")?;
        w.tag_count(v, u32::from(diverging) + u32::from(leader) + u32::from(snapshot));
        if diverging {
            w.tag(0, |w| self.diverging_epoch.write(w, v))?;
        }
        if leader {
            w.tag(1, |w| self.current_leader.write(w, v))?;
        }
        if snapshot {
            w.tag(2, |w| self.snapshot_id.write(w, v))?;
        }
        Ok(())
    }
}

impl<'a> Wire<'a> for FetchResponse<'a> {
    fn len_min(v: Version) -> usize {
        let session = if v.number() >= SESSIONS_FROM { 6 } else { 0 };
        4 + session + Array::<FetchTopicResponse<'_>>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        const NUMBERS: &str = "FetchResponse";
        let throttle_time_ms = r.i32().map_err(in_field(NUMBERS))?;
        let mut value = Self { throttle_time_ms, ..Self::default() };
        if v.number() >= SESSIONS_FROM {
            value.error_code = ErrorCode::read(r, v).map_err(in_field(NUMBERS))?;
            value.session_id = SessionId::read(r, v).map_err(in_field(NUMBERS))?;
        }
        value.topics = Array::read(r, v).map_err(in_field("FetchResponse.topics"))?;
        r.tags(v, |tag, r| match tag {
            0 if v.number() < ENDPOINTS_FROM => Err(r.tag_not_in_version()),
            0 => {
                value.node_endpoints = Array::read(r, v)?;
                Ok(true)
            }
            _ => Ok(false),
        })
        .map_err(in_field("FetchResponse.node_endpoints"))?;
        Ok(value)
    }

    /// Copies the records.
    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        write_head(self.throttle_time_ms, self.error_code, self.session_id, w, v)?;
        self.topics.write(w, v)?;
        write_end(self.node_endpoints, w, v)
    }
}

impl<'a> Wire<'a> for FetchTopicResponse<'a> {
    fn len_min(v: Version) -> usize {
        topic_len_min(v) + Array::<FetchedPartition<'_>>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let (name, id) = read_topic(r, v).map_err(in_field("FetchTopicResponse"))?;
        let partitions = Array::read(r, v).map_err(in_field("FetchTopicResponse.partitions"))?;
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

impl<'a> Wire<'a> for FetchedPartition<'a> {
    fn len_min(v: Version) -> usize {
        let has = |from, len| if v.number() >= from { len } else { 0 };
        4 + 2
            + 8
            + 8
            + has(LOG_START_FROM, 8)
            + Option::<Array<'_, AbortedTransaction>>::len_min(v)
            + has(PREFERRED_REPLICA_FROM, 4)
            + Option::<Records<'_>>::len_min(v)
            + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        const NUMBERS: &str = "PartitionData";
        let mut data = PartitionData {
            partition: PartitionIndex::read(r, v).map_err(in_field(NUMBERS))?,
            error_code: ErrorCode::read(r, v).map_err(in_field(NUMBERS))?,
            high_watermark: Offset::read(r, v).map_err(in_field(NUMBERS))?,
            last_stable_offset: Offset::read(r, v).map_err(in_field(NUMBERS))?,
            ..PartitionData::default()
        };
        if v.number() >= LOG_START_FROM {
            data.log_start_offset = Offset::read(r, v).map_err(in_field(NUMBERS))?;
        }
        data.aborted_transactions =
            Wire::read(r, v).map_err(in_field("PartitionData.aborted_transactions"))?;
        if v.number() >= PREFERRED_REPLICA_FROM {
            data.preferred_read_replica = NodeId::read(r, v).map_err(in_field(NUMBERS))?;
        }
        let records = r.nullable_records(v).map_err(in_field("FetchedPartition.records"))?;
        r.tags(v, |tag, r| {
            match tag {
                0 => data.diverging_epoch = EpochEnd::read(r, v)?,
                1 => data.current_leader = CurrentLeader::read(r, v)?,
                2 => data.snapshot_id = SnapshotId::read(r, v)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Self { data, records })
    }

    /// Copies the records.
    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        self.data.write_front(w, v)?;
        self.records.write(w, v)?;
        self.data.write_tags(w, v)
    }
}
