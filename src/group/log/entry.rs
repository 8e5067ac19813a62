//! `GroupLogRecord`: any record of `__consumer_offsets`, from its bytes and back.

use std::sync::Arc;

use super::assignment::{
    CurrentMemberAssignmentValue, TargetAssignmentMemberValue, TargetAssignmentMetadataValue,
};
use super::consumer_group::{
    ConsumerGroupMetadataValue, PartitionMetadataValue, RegularExpressionValue,
};
use super::consumer_member::MemberMetadataValue;
use super::error::LogError;
use super::group_metadata::GroupMetadataValue;
use super::offset_commit::{OffsetCommitKey, OffsetCommitValue};
use super::reader::Reader;
use super::writer::Writer;
use crate::group::effects::GroupRecord;
use crate::group::id::{GroupId, MemberId};

/// A record; no value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "every variant has its key's parts and its value")]
pub enum GroupLogRecord {
    /// Keys 0 and 1, written as 1.
    OffsetCommit { key: OffsetCommitKey, value: Option<OffsetCommitValue> },
    /// Key 2.
    GroupMetadata { group: GroupId, value: Option<GroupMetadataValue> },
    /// Key 3.
    ConsumerGroupMetadata { group: GroupId, value: Option<ConsumerGroupMetadataValue> },
    /// Key 4.
    PartitionMetadata { group: GroupId, value: Option<PartitionMetadataValue> },
    /// Key 5.
    MemberMetadata { group: GroupId, member: MemberId, value: Option<MemberMetadataValue> },
    /// Key 6.
    TargetAssignmentMetadata { group: GroupId, value: Option<TargetAssignmentMetadataValue> },
    /// Key 7.
    TargetAssignmentMember {
        group: GroupId,
        member: MemberId,
        value: Option<TargetAssignmentMemberValue>,
    },
    /// Key 8.
    CurrentMemberAssignment {
        group: GroupId,
        member: MemberId,
        value: Option<CurrentMemberAssignmentValue>,
    },
    /// Key 16.
    RegularExpression { group: GroupId, regex: Arc<str>, value: Option<RegularExpressionValue> },
}

/// A value: its version checked against the newest that its key has, all its bytes read.
struct Value<'a> {
    key: i16,
    bytes: Option<&'a [u8]>,
}

impl Value<'_> {
    fn read<T>(
        &self,
        newest: i16,
        read: impl FnOnce(&mut Reader<'_>, i16) -> Result<T, LogError>,
    ) -> Result<Option<T>, LogError> {
        let Some(bytes) = self.bytes else { return Ok(None) };
        let mut reader = Reader::new(bytes);
        let version = reader.i16()?;
        if !(0..=newest).contains(&version) {
            return Err(LogError::UnknownValue { key: self.key, version });
        }
        let value = read(&mut reader, version)?;
        reader.finish()?;
        Ok(Some(value))
    }

    /// A value whose only version is 0, and flexible.
    fn read_flexible<T>(
        &self,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, LogError>,
    ) -> Result<Option<T>, LogError> {
        self.read(0, |reader, _| {
            reader.set_flexible(true);
            read(reader)
        })
    }
}

impl GroupLogRecord {
    /// Reads a record. [`LogError::UnknownKey`] is a record to pass over; everything else that
    /// fails is damage.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Self, LogError> {
        let mut reader = Reader::new(key);
        let version = reader.i16()?;
        let value = Value { key: version, bytes: value };
        let record = Self::read(&mut reader, &value)?;
        reader.finish()?;
        Ok(record)
    }

    fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> Result<Self, LogError> {
        if let 0 | 1 = value.key {
            let key = OffsetCommitKey::read(reader)?;
            let value = value.read(4, OffsetCommitValue::read)?;
            return Ok(Self::OffsetCommit { key, value });
        }
        if !matches!(value.key, 2..=8 | 16) {
            return Err(LogError::UnknownKey(value.key));
        }
        let group = GroupId(reader.string()?);
        let member = |reader: &mut Reader<'_>| reader.string().map(MemberId);
        Ok(match value.key {
            2 => Self::GroupMetadata { group, value: value.read(4, GroupMetadataValue::read)? },
            3 => {
                let value = value.read_flexible(ConsumerGroupMetadataValue::read)?;
                Self::ConsumerGroupMetadata { group, value }
            }
            4 => {
                let value = value.read_flexible(PartitionMetadataValue::read)?;
                Self::PartitionMetadata { group, value }
            }
            5 => {
                let member = member(reader)?;
                let value = value.read_flexible(MemberMetadataValue::read)?;
                Self::MemberMetadata { group, member, value }
            }
            6 => {
                let value = value.read_flexible(TargetAssignmentMetadataValue::read)?;
                Self::TargetAssignmentMetadata { group, value }
            }
            7 => {
                let member = member(reader)?;
                let value = value.read_flexible(TargetAssignmentMemberValue::read)?;
                Self::TargetAssignmentMember { group, member, value }
            }
            8 => {
                let member = member(reader)?;
                let value = value.read_flexible(CurrentMemberAssignmentValue::read)?;
                Self::CurrentMemberAssignment { group, member, value }
            }
            _ => {
                let regex = reader.string()?;
                let value = value.read_flexible(RegularExpressionValue::read)?;
                Self::RegularExpression { group, regex, value }
            }
        })
    }

    /// The record's bytes. Panics on a string above [`super::STRING_BYTES_MAX`].
    pub fn encode(&self) -> GroupRecord {
        GroupRecord { key: self.encode_key(), value: self.encode_value() }
    }

    fn encode_key(&self) -> Vec<u8> {
        let (version, group, rest) = match self {
            Self::OffsetCommit { key, .. } => {
                let mut writer = Writer::new(1);
                key.write(&mut writer);
                return writer.finish();
            }
            Self::GroupMetadata { group, .. } => (2, group, None),
            Self::ConsumerGroupMetadata { group, .. } => (3, group, None),
            Self::PartitionMetadata { group, .. } => (4, group, None),
            Self::MemberMetadata { group, member, .. } => (5, group, Some(&member.0)),
            Self::TargetAssignmentMetadata { group, .. } => (6, group, None),
            Self::TargetAssignmentMember { group, member, .. } => (7, group, Some(&member.0)),
            Self::CurrentMemberAssignment { group, member, .. } => (8, group, Some(&member.0)),
            Self::RegularExpression { group, regex, .. } => (16, group, Some(regex)),
        };
        let mut writer = Writer::new(version);
        writer.string(group.as_str());
        if let Some(rest) = rest {
            writer.string(rest);
        }
        writer.finish()
    }

    fn encode_value(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::OffsetCommit { value, .. } => value.as_ref()?.write(),
            Self::GroupMetadata { value, .. } => value.as_ref()?.write(),
            Self::ConsumerGroupMetadata { value, .. } => value.as_ref()?.write(),
            Self::PartitionMetadata { value, .. } => value.as_ref()?.write(),
            Self::MemberMetadata { value, .. } => value.as_ref()?.write(),
            Self::TargetAssignmentMetadata { value, .. } => value.as_ref()?.write(),
            Self::TargetAssignmentMember { value, .. } => value.as_ref()?.write(),
            Self::CurrentMemberAssignment { value, .. } => value.as_ref()?.write(),
            Self::RegularExpression { value, .. } => value.as_ref()?.write(),
        })
    }

    /// The group that the record belongs to.
    pub fn group(&self) -> &GroupId {
        match self {
            Self::OffsetCommit { key, .. } => &key.group,
            Self::GroupMetadata { group, .. }
            | Self::ConsumerGroupMetadata { group, .. }
            | Self::PartitionMetadata { group, .. }
            | Self::MemberMetadata { group, .. }
            | Self::TargetAssignmentMetadata { group, .. }
            | Self::TargetAssignmentMember { group, .. }
            | Self::CurrentMemberAssignment { group, .. }
            | Self::RegularExpression { group, .. } => group,
        }
    }

    /// Whether it only says that its key is forgotten.
    pub fn is_tombstone(&self) -> bool {
        match self {
            Self::OffsetCommit { value, .. } => value.is_none(),
            Self::GroupMetadata { value, .. } => value.is_none(),
            Self::ConsumerGroupMetadata { value, .. } => value.is_none(),
            Self::PartitionMetadata { value, .. } => value.is_none(),
            Self::MemberMetadata { value, .. } => value.is_none(),
            Self::TargetAssignmentMetadata { value, .. } => value.is_none(),
            Self::TargetAssignmentMember { value, .. } => value.is_none(),
            Self::CurrentMemberAssignment { value, .. } => value.is_none(),
            Self::RegularExpression { value, .. } => value.is_none(),
        }
    }
}
