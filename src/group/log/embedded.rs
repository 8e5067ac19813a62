//! What members of the classic protocol say of themselves and are given, within the records: the
//! consumers' own formats `ConsumerProtocolSubscription` and `ConsumerProtocolAssignment`, versions
//! 0-3. Two bytes of version, never the flexible encoding; a newer version only adds fields.

use std::sync::Arc;

use record::PartitionIndex;

use super::error::LogError;
use super::reader::Reader;
use super::writer::Writer;

const VERSION_MAX: i16 = 3;

/// Partitions of a topic, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPartitions {
    /// The topic.
    pub topic: Arc<str>,
    /// Its partitions.
    pub partitions: Vec<PartitionIndex>,
}

/// What a member wants to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The topics, by name.
    pub topics: Vec<Arc<str>>,
    /// What it has, and keeps until it is told otherwise (version 1).
    pub owned: Vec<NamedPartitions>,
    /// Its rack (version 3).
    pub rack: Option<Arc<str>>,
}

impl Subscription {
    /// Reads one of any version.
    pub fn read(bytes: &[u8]) -> Result<Self, LogError> {
        let mut reader = Reader::new(bytes);
        let version = version(&mut reader)?;
        let topics = reader.array(Reader::string)?;
        reader.skip_bytes()?;
        let mut read = Self { topics, owned: Vec::new(), rack: None };
        if version >= 1 {
            read.owned = reader.array(NamedPartitions::read)?;
        }
        if version >= 2 {
            // The generation in which it had them.
            reader.i32()?;
        }
        if version >= 3 {
            read.rack = reader.nullable_string()?;
        }
        Ok(read)
    }

    /// The topics alone, which every version begins with. For classic groups Kafka looks at nothing
    /// else, so a client whose later fields do not fit its version is no trouble.
    pub fn read_topics(bytes: &[u8]) -> Result<Vec<Arc<str>>, LogError> {
        let mut reader = Reader::new(bytes);
        version(&mut reader)?;
        reader.array(Reader::string)
    }
}

/// Reads an assignment of any version.
pub fn read_assignment(bytes: &[u8]) -> Result<Vec<NamedPartitions>, LogError> {
    let mut reader = Reader::new(bytes);
    version(&mut reader)?;
    reader.array(NamedPartitions::read)
}

/// An assignment in the version of a member's subscription.
pub fn write_assignment(assigned: &[NamedPartitions], subscription: &[u8]) -> Vec<u8> {
    let version = version(&mut Reader::new(subscription)).unwrap_or(0);
    let mut writer = Writer::new(version);
    writer.array(assigned, |writer, NamedPartitions { topic, partitions }| {
        writer.string(topic);
        writer.array(partitions, |writer, partition| writer.i32(partition.0));
    });
    writer.no_bytes();
    writer.finish()
}

impl NamedPartitions {
    fn read(reader: &mut Reader<'_>) -> Result<Self, LogError> {
        let topic = reader.string()?;
        let partitions = reader.array(|reader| reader.i32().map(PartitionIndex))?;
        Ok(Self { topic, partitions })
    }
}

fn version(reader: &mut Reader<'_>) -> Result<i16, LogError> {
    match reader.i16()? {
        version @ 0.. => Ok(version.min(VERSION_MAX)),
        version => Err(LogError::UnknownEmbedded(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(partitions: &[i32]) -> NamedPartitions {
        let partitions = partitions.iter().copied().map(PartitionIndex).collect();
        NamedPartitions { topic: "t".into(), partitions }
    }

    #[test]
    fn each_version_has_what_it_has() {
        let topics = vec![Arc::from("t"), Arc::from("u")];
        let first = b"\0\x00\0\0\0\x02\0\x01t\0\x01u\0\0\0\x02zz";
        let owned = b"\0\0\0\x01\0\x01t\0\0\0\x02\0\0\0\0\0\0\0\x07";
        let read = Subscription { topics, owned: Vec::new(), rack: None };
        assert_eq!(Subscription::read(first), Ok(read.clone()));
        let with = |version: u8, parts: &[&[u8]]| {
            let mut bytes = [first, &parts.concat()[..]].concat();
            bytes[1] = version;
            bytes
        };
        let read = Subscription { owned: vec![named(&[0, 7])], ..read };
        assert_eq!(Subscription::read(&with(1, &[owned])), Ok(read.clone()));
        assert_eq!(Subscription::read(&with(2, &[owned, b"\0\0\0\x09"])), Ok(read.clone()));
        let read = Subscription { rack: Some("r".into()), ..read };
        let third: &[&[u8]] = &[owned, b"\0\0\0\x09", b"\0\x01r"];
        assert_eq!(Subscription::read(&with(3, third)), Ok(read.clone()));
        assert_eq!(Subscription::read(&with(9, &[third, &[b"more"]].concat())), Ok(read));
        let cut = with(1, &[]);
        assert!(Subscription::read(&cut).is_err());
        assert_eq!(Subscription::read_topics(&cut).map(|topics| topics.len()), Ok(2));
    }

    #[test]
    fn an_assignment_is_written_in_the_members_own_version() {
        let assigned = [named(&[1, 2])];
        let written = write_assignment(&assigned, b"\0\x01\0\0\0\0");
        assert_eq!(
            written,
            b"\0\x01\0\0\0\x01\0\x01t\0\0\0\x02\0\0\0\x01\0\0\0\x02\xff\xff\xff\xff"
        );
        assert_eq!(read_assignment(&written), Ok(assigned.to_vec()));
        assert_eq!(write_assignment(&assigned, b"")[..2], [0, 0]);
        assert_eq!(write_assignment(&assigned, b"\0\x09")[..2], [0, 3]);
    }

    #[test]
    fn garbage_is_refused() {
        for garbage in [
            b"".as_slice(),
            b"\0",
            b"\xff\xff\0\0\0\0",
            b"\0\0\xff\xff\xff\xff",
            b"\0\0\x7f\xff\xff\xff",
            b"\0\0\0\0\0\x01\0\x05a",
            b"\0\0\0\0\0\x01\xff\xffa",
            b"\0\0\0\0\0\x01\0\x01\xff",
        ] {
            assert!(Subscription::read_topics(garbage).is_err(), "{garbage:?}");
            assert!(Subscription::read(garbage).is_err(), "{garbage:?}");
            assert!(read_assignment(garbage).is_err(), "{garbage:?}");
        }
    }
}
