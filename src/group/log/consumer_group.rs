//! What lasts of a consumer group (KIP-848) as a whole: its epoch, and what its regular
//! expressions resolved to.

use std::sync::Arc;

use record::{PartitionIndex, Timestamp, TopicId};

use super::error::LogError;
use super::reader::Reader;
use super::writer::Writer;

/// `ConsumerGroupMetadataValue`, key 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerGroupMetadataValue {
    /// The group epoch.
    pub epoch: i32,
    /// The hash of all subscribed topics (KIP-1101); 0 if it was not computed.
    pub metadata_hash: i64,
}

impl ConsumerGroupMetadataValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let epoch = reader.i32()?;
        let mut metadata_hash = 0;
        reader.tags(|tag, reader| {
            if tag == 0 {
                metadata_hash = reader.i64()?;
            }
            Ok(())
        })?;
        Ok(Self { epoch, metadata_hash })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.i32(self.epoch);
        match self.metadata_hash {
            0 => writer.no_tags(),
            hash => writer.one_tag(0, |writer| writer.i64(hash)),
        }
        writer.finish()
    }
}

/// `ConsumerGroupPartitionMetadataValue`, key 4: what Kafka before 4.1 knew of the subscribed
/// topics. Read, and ended by a tombstone; the hash in [`ConsumerGroupMetadataValue`] came after
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadataValue {
    /// The subscribed topics.
    pub topics: Vec<TopicMetadata>,
}

/// A topic of [`PartitionMetadataValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// The topic's id.
    pub topic_id: TopicId,
    /// The topic's name.
    pub topic: Arc<str>,
    /// How many partitions it had.
    pub partition_count: i32,
    /// Where its replicas were.
    pub racks: Vec<PartitionRacks>,
}

/// The racks of a partition's replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRacks {
    /// The partition.
    pub partition: PartitionIndex,
    /// The racks.
    pub racks: Vec<Arc<str>>,
}

impl PartitionMetadataValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let topics = reader.array(|reader| {
            let topic = TopicMetadata {
                topic_id: reader.topic_id()?,
                topic: reader.string()?,
                partition_count: reader.i32()?,
                racks: reader.array(|reader| {
                    let partition = PartitionIndex(reader.i32()?);
                    let racks = reader.array(Reader::string)?;
                    reader.skip_tags()?;
                    Ok(PartitionRacks { partition, racks })
                })?,
            };
            reader.skip_tags()?;
            Ok(topic)
        })?;
        reader.skip_tags()?;
        Ok(Self { topics })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.array(&self.topics, |writer, topic| {
            writer.topic_id(topic.topic_id);
            writer.string(&topic.topic);
            writer.i32(topic.partition_count);
            writer.array(&topic.racks, |writer, one| {
                writer.i32(one.partition.0);
                writer.array(&one.racks, |writer, rack| writer.string(rack));
                writer.no_tags();
            });
            writer.no_tags();
        });
        writer.no_tags();
        writer.finish()
    }
}

/// `ConsumerGroupRegularExpressionValue`, key 16: the topics that an expression matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegularExpressionValue {
    /// The topics' names.
    pub topics: Vec<Arc<str>>,
    /// The version of the metadata that it was resolved against.
    pub version: i64,
    /// When it was resolved.
    pub resolved_at: Timestamp,
}

impl RegularExpressionValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let value = Self {
            topics: reader.array(Reader::string)?,
            version: reader.i64()?,
            resolved_at: Timestamp(reader.i64()?),
        };
        reader.skip_tags()?;
        Ok(value)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.array(&self.topics, |writer, topic| writer.string(topic));
        writer.i64(self.version);
        writer.i64(self.resolved_at.0);
        writer.no_tags();
        writer.finish()
    }
}
