//! Assignments of a consumer group (KIP-848): who shall have what (keys 6 and 7), who has what
//! (key 8).

use record::{PartitionIndex, TopicId};

use super::error::LogError;
use super::reader::Reader;
use super::writer::Writer;

/// `ConsumerGroupTargetAssignmentMetadataValue`, key 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetAssignmentMetadataValue {
    /// The group epoch that the target was computed for.
    pub assignment_epoch: i32,
}

/// `ConsumerGroupTargetAssignmentMemberValue`, key 7: what a member shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAssignmentMemberValue {
    /// Its partitions, by topic.
    pub partitions: Vec<AssignedTopic>,
}

/// `ConsumerGroupCurrentMemberAssignmentValue`, key 8: what a member has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentMemberAssignmentValue {
    /// The epoch that the member is in.
    pub member_epoch: i32,
    /// The epoch before, which a member may say again whose answer got lost.
    pub previous_member_epoch: i32,
    /// Kafka's number of the member's state.
    pub state: i8,
    /// What it has.
    pub assigned: Vec<AssignedTopic>,
    /// What it still has and is to let go of.
    pub pending_revocation: Vec<AssignedTopic>,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedTopic {
    /// The topic.
    pub topic_id: TopicId,
    /// Some of its partitions.
    pub partitions: Vec<PartitionIndex>,
}

impl TargetAssignmentMetadataValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let assignment_epoch = reader.i32()?;
        reader.skip_tags()?;
        Ok(Self { assignment_epoch })
    }

    pub(super) fn write(self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.i32(self.assignment_epoch);
        writer.no_tags();
        writer.finish()
    }
}

impl TargetAssignmentMemberValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let partitions = reader.array(AssignedTopic::read)?;
        reader.skip_tags()?;
        Ok(Self { partitions })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.array(&self.partitions, AssignedTopic::write);
        writer.no_tags();
        writer.finish()
    }
}

impl CurrentMemberAssignmentValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let value = Self {
            member_epoch: reader.i32()?,
            previous_member_epoch: reader.i32()?,
            state: reader.i8()?,
            assigned: reader.array(AssignedTopic::read)?,
            pending_revocation: reader.array(AssignedTopic::read)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.i32(self.member_epoch);
        writer.i32(self.previous_member_epoch);
        writer.i8(self.state);
        writer.array(&self.assigned, AssignedTopic::write);
        writer.array(&self.pending_revocation, AssignedTopic::write);
        writer.no_tags();
        writer.finish()
    }
}

impl AssignedTopic {
    fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let topic_id = reader.topic_id()?;
        let partitions = reader.array(|reader| reader.i32().map(PartitionIndex))?;
        reader.skip_tags()?;
        Ok(Self { topic_id, partitions })
    }

    fn write(writer: &mut Writer, topic: &Self) {
        writer.topic_id(topic.topic_id);
        writer.array(&topic.partitions, |writer, partition| writer.i32(partition.0));
        writer.no_tags();
    }
}
