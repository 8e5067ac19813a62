//! `ConsumerGroupMemberMetadataValue`, key 5: what a member of a consumer group (KIP-848) said of
//! itself.

use std::sync::Arc;

use super::error::LogError;
use super::reader::Reader;
use super::writer::Writer;
use crate::group::id::InstanceId;

/// A member's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadataValue {
    /// A static member's own name.
    pub instance: Option<InstanceId>,
    /// Its rack.
    pub rack: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connected from.
    pub client_host: Arc<str>,
    /// The topics that it named.
    pub topics: Vec<Arc<str>>,
    /// The expression for more of them.
    pub topic_regex: Option<Arc<str>>,
    /// How long it may take to let go of partitions, in milliseconds; -1 for none.
    pub rebalance_timeout_ms: i32,
    /// The assignor that it asked for.
    pub server_assignor: Option<Arc<str>>,
    /// The protocols of a member that speaks the classic protocol; none for all others.
    pub classic_protocols: Option<Vec<ClassicProtocol>>,
}

/// A classic protocol that a member supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicProtocol {
    /// The protocol's name.
    pub name: Arc<str>,
    /// The member's subscription in it.
    pub metadata: Arc<[u8]>,
}

impl MemberMetadataValue {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let mut value = Self {
            instance: reader.nullable_string()?.map(InstanceId),
            rack: reader.nullable_string()?,
            client_id: reader.string()?,
            client_host: reader.string()?,
            topics: reader.array(Reader::string)?,
            topic_regex: reader.nullable_string()?,
            rebalance_timeout_ms: reader.i32()?,
            server_assignor: reader.nullable_string()?,
            classic_protocols: None,
        };
        reader.tags(|tag, reader| {
            // A structure that may be null opens with one byte: negative for null (KIP-893).
            if tag == 0 && reader.i8()? >= 0 {
                value.classic_protocols = Some(reader.array(ClassicProtocol::read)?);
                reader.skip_tags()?;
            }
            Ok(())
        })?;
        Ok(value)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::flexible(0);
        writer.nullable_string(self.instance.as_ref().map(InstanceId::as_str));
        writer.nullable_string(self.rack.as_deref());
        writer.string(&self.client_id);
        writer.string(&self.client_host);
        writer.array(&self.topics, |writer, topic| writer.string(topic));
        writer.nullable_string(self.topic_regex.as_deref());
        writer.i32(self.rebalance_timeout_ms);
        writer.nullable_string(self.server_assignor.as_deref());
        match &self.classic_protocols {
            None => writer.no_tags(),
            Some(protocols) => writer.one_tag(0, |writer| {
                writer.i8(1);
                writer.array(protocols, |writer, protocol| {
                    writer.string(&protocol.name);
                    writer.bytes(&protocol.metadata);
                    writer.no_tags();
                });
                writer.no_tags();
            }),
        }
        writer.finish()
    }
}

impl ClassicProtocol {
    fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let protocol = Self { name: reader.string()?, metadata: reader.bytes()? };
        reader.skip_tags()?;
        Ok(protocol)
    }
}
