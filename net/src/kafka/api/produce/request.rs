//! The Produce request, decoded without an allocation or a copy.
//!
//! ```text
//! transactional id (nullable string), acks (int16), timeout ms (int32)
//! topics [ name (string) up to 12, id (uuid) from 13,
//!          partitions [ index (int32), records (nullable bytes), tags ], tags ]
//! tags
//! ```

use std::ops::Range;

use record::{PartitionIndex, TopicId};

use super::TOPIC_IDS_FROM;
use crate::kafka::version::Version;
use crate::kafka::wire::{
    Array, DecodeError, EncodeError, Reader, Records, Wire, Writer, in_field, wire_newtype,
};

/// Who must have a batch before it is acknowledged. Other values than those named are kept as
/// they came, for the broker to refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Acks(pub i16);

wire_newtype!(Acks(i16));

impl Acks {
    /// Every replica in sync.
    pub const ALL: Self = Self(-1);
    /// Nobody: there is no response, not even to an error.
    pub const NONE: Self = Self(0);
    /// The leader.
    pub const LEADER: Self = Self(1);
}

/// Asks for records to be appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProduceRequest<'a> {
    /// The producer's transactional id, null without transactions.
    pub transactional_id: Option<&'a str>,
    /// Who must have the records before the answer.
    pub acks: Acks,
    /// How long to wait for them, in milliseconds.
    pub timeout_ms: i32,
    /// The records, by topic.
    pub topics: Array<'a, TopicProduce<'a>>,
}

impl<'a> ProduceRequest<'a> {
    /// Every partition of the request, in order, with where its records stand.
    ///
    /// The ranges outlive the borrow of the frame: note them, let go of the request, and write
    /// base offset and leader epoch into the frame.
    pub fn slots(&self) -> impl Iterator<Item = ProduceSlot<'a>> {
        self.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(move |partition| ProduceSlot {
                topic_name: topic.name,
                topic_id: topic.id,
                partition: partition.partition,
                records: partition.records.map(Records::range),
            })
        })
    }
}

/// One partition of a [`ProduceRequest`] and where its records stand in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProduceSlot<'a> {
    /// The topic's name, empty from version 13.
    pub topic_name: &'a str,
    /// The topic's id, all zero up to version 12.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// Its records, in bytes from the start of the frame, the length prefix not counted.
    pub records: Option<Range<usize>>,
}

/// A topic to append to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicProduce<'a> {
    /// Its name, up to version 12; empty from 13.
    pub name: &'a str,
    /// Its id, from version 13; all zero up to 12.
    pub id: TopicId,
    /// The records, by partition.
    pub partitions: Array<'a, PartitionProduce<'a>>,
}

/// A partition to append to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionProduce<'a> {
    /// Which.
    pub partition: PartitionIndex,
    /// One record batch.
    pub records: Option<Records<'a>>,
}

impl<'a> Wire<'a> for ProduceRequest<'a> {
    fn len_min(v: Version) -> usize {
        Option::<&str>::len_min(v)
            + 6
            + Array::<TopicProduce<'_>>::len_min(v)
            + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let transactional_id =
            r.nullable_string(v).map_err(in_field("ProduceRequest.transactional_id"))?;
        let acks = r.i16().map(Acks).map_err(in_field("ProduceRequest.acks"))?;
        let timeout_ms = r.i32().map_err(in_field("ProduceRequest.timeout_ms"))?;
        let topics = Array::read(r, v).map_err(in_field("ProduceRequest.topics"))?;
        r.skip_tags(v)?;
        Ok(Self { transactional_id, acks, timeout_ms, topics })
    }

    /// Copies the records.
    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.nullable_string(v, self.transactional_id)?;
        w.i16(self.acks.0);
        w.i32(self.timeout_ms);
        self.topics.write(w, v)?;
        w.tag_count(v, 0);
        Ok(())
    }
}

impl<'a> Wire<'a> for TopicProduce<'a> {
    fn len_min(v: Version) -> usize {
        let name = if v.number() < TOPIC_IDS_FROM { <&str>::len_min(v) } else { 16 };
        name + Array::<PartitionProduce<'_>>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let (mut name, mut id) = ("", TopicId::NIL);
        if v.number() < TOPIC_IDS_FROM {
            name = r.string(v).map_err(in_field("TopicProduce.name"))?;
        } else {
            id = r.uuid().map_err(in_field("TopicProduce.id"))?;
        }
        let partitions = Array::read(r, v).map_err(in_field("TopicProduce.partitions"))?;
        r.skip_tags(v)?;
        Ok(Self { name, id, partitions })
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        if v.number() < TOPIC_IDS_FROM {
            w.nullable_string(v, Some(self.name))?;
        } else {
            w.uuid(self.id);
        }
        self.partitions.write(w, v)?;
        w.tag_count(v, 0);
        Ok(())
    }
}

impl<'a> Wire<'a> for PartitionProduce<'a> {
    fn len_min(v: Version) -> usize {
        4 + Option::<Records<'_>>::len_min(v) + usize::from(v.is_flexible())
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let partition =
            PartitionIndex::read(r, v).map_err(in_field("PartitionProduce.partition"))?;
        let records = r.nullable_records(v).map_err(in_field("PartitionProduce.records"))?;
        r.skip_tags(v)?;
        Ok(Self { partition, records })
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.i32(self.partition.0);
        self.records.write(w, v)?;
        w.tag_count(v, 0);
        Ok(())
    }
}
