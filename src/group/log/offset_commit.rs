//! `OffsetCommitKey` (0, 1) and `OffsetCommitValue` (0 to 4): how far a group got in a partition.

use std::sync::Arc;

use record::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use super::error::LogError;
use super::reader::Reader;
use super::writer::Writer;
use crate::group::id::GroupId;

/// Whose offset, and where. The topic is a name, as Kafka's format has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetCommitKey {
    /// The group.
    pub group: GroupId,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition within it.
    pub partition: PartitionIndex,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommitValue {
    /// The offset of the next record to read.
    pub offset: Offset,
    /// The leader epoch of the last record read; [`LeaderEpoch::NONE`] if it was not given.
    pub leader_epoch: LeaderEpoch,
    /// What the client wanted to be kept with it.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// When it ends, where the client said so (`OffsetCommit` before version 5).
    pub expires_at: Option<Timestamp>,
    /// The topic's id, where it was known: a topic made again under the same name is another.
    pub topic_id: Option<TopicId>,
}

impl OffsetCommitKey {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        Ok(Self {
            group: GroupId(reader.string()?),
            topic: reader.string()?,
            partition: PartitionIndex(reader.i32()?),
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.string(self.group.as_str());
        writer.string(&self.topic);
        writer.i32(self.partition.0);
    }
}

impl OffsetCommitValue {
    pub(super) fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, LogError> {
        reader.set_flexible(version >= 4);
        let offset = Offset(reader.i64()?);
        let leader_epoch = if version >= 3 { reader.i32()? } else { LeaderEpoch::NONE.0 };
        let metadata = reader.string()?;
        let committed_at = Timestamp(reader.i64()?);
        let expires_at = if version == 1 { Some(Timestamp(reader.i64()?)) } else { None };
        let mut topic_id = None;
        reader.tags(|tag, reader| {
            if tag == 0 {
                topic_id = Some(reader.topic_id()?);
            }
            Ok(())
        })?;
        Ok(Self {
            offset,
            leader_epoch: LeaderEpoch(leader_epoch),
            metadata,
            committed_at,
            expires_at: expires_at.filter(|at| *at != Timestamp::NONE),
            topic_id: topic_id.filter(|id| !id.is_nil()),
        })
    }

    /// As it will be read back: where the client said when it ends, the format has no room for
    /// epoch and topic id.
    #[must_use]
    pub fn as_written(self) -> Self {
        if self.expires_at.is_none() {
            return self;
        }
        Self { leader_epoch: LeaderEpoch::NONE, topic_id: None, ..self }
    }

    /// Only version 1 says when an offset ends, and knows neither epoch nor topic id.
    pub(super) fn write(&self) -> Vec<u8> {
        let version = match (self.expires_at, self.topic_id) {
            (Some(_), _) => 1,
            (None, Some(_)) => 4,
            (None, None) => 3,
        };
        let mut writer =
            if version >= 4 { Writer::flexible(version) } else { Writer::new(version) };
        writer.i64(self.offset.0);
        if version >= 3 {
            writer.i32(self.leader_epoch.0);
        }
        writer.string(&self.metadata);
        writer.i64(self.committed_at.0);
        if let Some(expires_at) = self.expires_at {
            writer.i64(expires_at.0);
        } else if let Some(id) = self.topic_id {
            writer.one_tag(0, |writer| writer.topic_id(id));
        }
        writer.finish()
    }
}
