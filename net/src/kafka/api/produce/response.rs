//! The Produce response.
//!
//! ```text
//! topics [ name (string) up to 12, id (uuid) from 13,
//!          partitions [ index (int32), error code (int16), base offset (int64),
//!                       log append time (int64), log start offset (int64) from 5,
//!                       record errors [...] and error message (nullable string) from 8,
//!                       tags: 0 current leader from 10 ], tags ]
//! throttle time ms (int32)
//! tags: 0 node endpoints from 10
//! ```

use record::{Offset, PartitionIndex, Timestamp, TopicId};

use super::TOPIC_IDS_FROM;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::leader::{CurrentLeader, NodeEndpoint};
use crate::kafka::version::Version;
use crate::kafka::wire::{
    Array, DecodeError, EncodeError, Reader, Wire, Writer, in_field, refuse_below, wire_struct,
};

/// The first version with the log's start.
const LOG_START_FROM: i16 = 5;
/// The first version with errors of single records and an error message.
const RECORD_ERRORS_FROM: i16 = 8;
/// The first version that says where a partition went.
const LEADER_FROM: i16 = 10;

/// What became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProduceResponse<'a> {
    /// By topic.
    pub topics: Array<'a, TopicProduceResponse<'a>>,
    /// How long the client should wait before its next request.
    pub throttle_time_ms: i32,
    /// Where the leaders named in `topics` are reached; from version 10.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

/// What became of a topic's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicProduceResponse<'a> {
    /// The topic's name, up to version 12; empty from 13.
    pub name: &'a str,
    /// The topic's id, from version 13; all zero up to 12.
    pub id: TopicId,
    /// By partition.
    pub partitions: Array<'a, PartitionProduceResponse<'a>>,
}

/// What became of a partition's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionProduceResponse<'a> {
    /// Which partition.
    pub partition: PartitionIndex,
    /// Whether they were appended.
    pub error_code: ErrorCode,
    /// The offset of the first of them.
    pub base_offset: Offset,
    /// The broker's time if the topic keeps that, else -1.
    pub log_append_time: Timestamp,
    /// Where the log starts, -1 if unknown; left out silently below version 5.
    pub log_start_offset: Offset,
    /// Which records were refused; left out silently below version 8.
    pub record_errors: Array<'a, RecordError<'a>>,
    /// Why they were refused, in words; left out silently below version 8.
    pub error_message: Option<&'a str>,
    /// Who leads the partition now; from version 10.
    pub current_leader: CurrentLeader,
}

impl Default for PartitionProduceResponse<'_> {
    fn default() -> Self {
        Self {
            partition: PartitionIndex(0),
            error_code: ErrorCode::NONE,
            base_offset: Offset::ZERO,
            log_append_time: Timestamp::NONE,
            log_start_offset: Offset::NONE,
            record_errors: Array::EMPTY,
            error_message: None,
            current_leader: CurrentLeader::default(),
        }
    }
}

wire_struct! {
    /// A record that was refused, and its batch with it.
    pub struct RecordError<'a> {
        /// Which record of the batch.
        batch_index: i32;
        /// Why, in words.
        message: Option<&'a str>;
    }
}

impl ProduceResponse<'_> {
    /// Appends what follows the topics.
    pub(super) fn write_end(
        throttle_time_ms: i32,
        node_endpoints: Array<'_, NodeEndpoint<'_>>,
        w: &mut Writer<'_>,
        v: Version,
    ) -> Result<(), EncodeError> {
        w.i32(throttle_time_ms);
        let is_set = !node_endpoints.is_empty();
        refuse_below(LEADER_FROM, v, is_set, "ProduceResponse.node_endpoints")?;
        if !is_set {
            w.tag_count(v, 0);
            return Ok(());
        }
        w.tag_count(v, 1);
        w.tag(0, |w| node_endpoints.write(w, v))
    }
}

impl TopicProduceResponse<'_> {
    /// Appends what names the topic.
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
}

impl<'a> Wire<'a> for ProduceResponse<'a> {
    fn len_min(v: Version) -> usize {
        Array::<TopicProduceResponse<'_>>::len_min(v) + 4 + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let topics = Array::read(r, v).map_err(in_field("ProduceResponse.topics"))?;
        let throttle_time_ms = r.i32().map_err(in_field("ProduceResponse.throttle_time_ms"))?;
        let mut node_endpoints = Array::EMPTY;
        r.tags(v, |tag, r| {
            if tag != 0 {
                return Ok(false);
            }
            if v.number() < LEADER_FROM {
                return Err(r.tag_not_in_version());
            }
            node_endpoints = Array::read(r, v)?;
            Ok(true)
        })
        .map_err(in_field("ProduceResponse.node_endpoints"))?;
        Ok(Self { topics, throttle_time_ms, node_endpoints })
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        self.topics.write(w, v)?;
        Self::write_end(self.throttle_time_ms, self.node_endpoints, w, v)
    }
}

impl<'a> Wire<'a> for TopicProduceResponse<'a> {
    fn len_min(v: Version) -> usize {
        let name = if v.number() < TOPIC_IDS_FROM { <&str>::len_min(v) } else { 16 };
        name + Array::<PartitionProduceResponse<'_>>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let (mut name, mut id) = ("", TopicId::NIL);
        if v.number() < TOPIC_IDS_FROM {
            name = r.string(v).map_err(in_field("TopicProduceResponse.name"))?;
        } else {
            id = r.uuid().map_err(in_field("TopicProduceResponse.id"))?;
        }
        let partitions = Array::read(r, v).map_err(in_field("TopicProduceResponse.partitions"))?;
        r.skip_tags(v)?;
        Ok(Self { name, id, partitions })
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        Self::write_topic(self.name, self.id, w, v)?;
        self.partitions.write(w, v)?;
        w.tag_count(v, 0);
        Ok(())
    }
}

impl<'a> Wire<'a> for PartitionProduceResponse<'a> {
    fn len_min(v: Version) -> usize {
        let mut len = 4 + 2 + 8 + 8 + usize::from(v.is_flexible());
        if v.number() >= LOG_START_FROM {
            len += 8;
        }
        if v.number() >= RECORD_ERRORS_FROM {
            len += Array::<RecordError<'_>>::len_min(v) + Option::<&str>::len_min(v);
        }
        len
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        const NUMBERS: &str = "PartitionProduceResponse";
        let mut value = Self {
            partition: PartitionIndex::read(r, v).map_err(in_field(NUMBERS))?,
            error_code: ErrorCode::read(r, v).map_err(in_field(NUMBERS))?,
            base_offset: Offset::read(r, v).map_err(in_field(NUMBERS))?,
            log_append_time: Timestamp::read(r, v).map_err(in_field(NUMBERS))?,
            ..Self::default()
        };
        if v.number() >= LOG_START_FROM {
            value.log_start_offset = Offset::read(r, v).map_err(in_field(NUMBERS))?;
        }
        if v.number() >= RECORD_ERRORS_FROM {
            value.record_errors =
                Array::read(r, v).map_err(in_field("PartitionProduceResponse.record_errors"))?;
            value.error_message =
                r.nullable_string(v).map_err(in_field("PartitionProduceResponse.error_message"))?;
        }
        r.tags(v, |tag, r| {
            if tag != 0 {
                return Ok(false);
            }
            if v.number() < LEADER_FROM {
                return Err(r.tag_not_in_version());
            }
            value.current_leader = CurrentLeader::read(r, v)?;
            Ok(true)
        })
        .map_err(in_field("PartitionProduceResponse.current_leader"))?;
        Ok(value)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.i32(self.partition.0);
        w.i16(self.error_code.0);
        w.i64(self.base_offset.0);
        w.i64(self.log_append_time.0);
        if v.number() >= LOG_START_FROM {
            w.i64(self.log_start_offset.0);
        }
        if v.number() >= RECORD_ERRORS_FROM {
            self.record_errors.write(w, v)?;
            w.nullable_string(v, self.error_message)?;
        }
        let is_set = self.current_leader != CurrentLeader::default();
        refuse_below(LEADER_FROM, v, is_set, "PartitionProduceResponse.current_leader")?;
        if !is_set {
            w.tag_count(v, 0);
            return Ok(());
        }
        w.tag_count(v, 1);
        w.tag(0, |w| self.current_leader.write(w, v))
    }
}
