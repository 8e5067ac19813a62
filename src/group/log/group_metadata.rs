//! `GroupMetadataValue` (0 to 4): a generation of a classic group.

use std::sync::Arc;

use record::Timestamp;

use super::error::LogError;
use super::reader::Reader;
use super::writer::Writer;
use crate::group::id::{InstanceId, MemberId};

/// Kafka writes the highest version that is not flexible.
const VERSION: i16 = 3;

/// What lasts of a classic group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadataValue {
    /// "consumer", "connect"; empty while no member has ever said.
    pub protocol_type: Arc<str>,
    /// The generation.
    pub generation: i32,
    /// The protocol that the members agreed on; none without members.
    pub protocol: Option<Arc<str>>,
    /// The member that computes the assignment; none without members.
    pub leader: Option<MemberId>,
    /// When the group came into its state; [`Timestamp::NONE`] before version 2.
    pub state_since: Timestamp,
    /// Its members.
    pub members: Vec<GroupMetadataMember>,
}

/// A member of a classic group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadataMember {
    /// Its id.
    pub member: MemberId,
    /// A static member's own name.
    pub instance: Option<InstanceId>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connected from.
    pub client_host: Arc<str>,
    /// How long it may take to rejoin, in milliseconds; -1 in version 0, which has the session
    /// timeout for both.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent, in milliseconds.
    pub session_timeout_ms: i32,
    /// What it said of itself for the protocol that was chosen.
    pub subscription: Arc<[u8]>,
    /// What the leader assigned to it.
    pub assignment: Arc<[u8]>,
}

impl GroupMetadataValue {
    pub(super) fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, LogError> {
        reader.set_flexible(version >= 4);
        let value = Self {
            protocol_type: reader.string()?,
            generation: reader.i32()?,
            protocol: reader.nullable_string()?,
            leader: reader.nullable_string()?.map(MemberId),
            state_since: Timestamp(if version >= 2 { reader.i64()? } else { -1 }),
            members: reader.array(|reader| GroupMetadataMember::read(reader, version))?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::new(VERSION);
        writer.string(&self.protocol_type);
        writer.i32(self.generation);
        writer.nullable_string(self.protocol.as_deref());
        writer.nullable_string(self.leader.as_ref().map(MemberId::as_str));
        writer.i64(self.state_since.0);
        writer.array(&self.members, |writer, member| member.write(writer));
        writer.finish()
    }
}

impl GroupMetadataMember {
    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, LogError> {
        let member = MemberId(reader.string()?);
        let instance = if version >= 3 { reader.nullable_string()? } else { None };
        let read = Self {
            member,
            instance: instance.map(InstanceId),
            client_id: reader.string()?,
            client_host: reader.string()?,
            rebalance_timeout_ms: if version >= 1 { reader.i32()? } else { -1 },
            session_timeout_ms: reader.i32()?,
            subscription: reader.bytes()?,
            assignment: reader.bytes()?,
        };
        reader.skip_tags()?;
        Ok(read)
    }

    fn write(&self, writer: &mut Writer) {
        writer.string(self.member.as_str());
        writer.nullable_string(self.instance.as_ref().map(InstanceId::as_str));
        writer.string(&self.client_id);
        writer.string(&self.client_host);
        writer.i32(self.rebalance_timeout_ms);
        writer.i32(self.session_timeout_ms);
        writer.bytes(&self.subscription);
        writer.bytes(&self.assignment);
    }
}
