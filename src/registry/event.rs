//! What happens to topics and configurations, as the registry's log records it.

#![allow(missing_docs, reason = "rkyv derives an enum from the one below")]

use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

/// One event; the value of one record in the registry's log, as an rkyv archive.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A topic was created.
    TopicCreated(TopicRecord),
    /// A topic has this many partitions from now on.
    PartitionsAdded {
        /// The topic's id.
        topic: [u8; 16],
        /// All its partitions.
        partitions: i32,
    },
    /// A topic's own settings are these from now on.
    ConfigsChanged {
        /// The topic's id.
        topic: [u8; 16],
        /// Names and values, as they were given.
        configs: Vec<(String, String)>,
    },
    /// A topic was deleted: its name is free, its logs are to go.
    TopicDeleted {
        /// The topic's id.
        topic: [u8; 16],
    },
    /// The logs of a topic's first partitions are durable on their shards: from now on, one that
    /// is not there has been lost.
    Confirmed {
        /// The topic's id.
        topic: [u8; 16],
        /// How many.
        partitions: i32,
    },
    /// The logs of a deleted topic are gone.
    Gone {
        /// The topic's id.
        topic: [u8; 16],
    },
    /// Producer ids below this may have been given out.
    ProducerIds {
        /// The first one that was not.
        next: i64,
    },
    /// What versions wrote for [`Event::Snapshot`] that had configurations of topics alone.
    /// [`Event::decode`] makes the other of it.
    TopicsSnapshot {
        /// See [`Event::Snapshot`].
        topics: Vec<TopicRecord>,
        /// See [`Event::Snapshot`].
        dying: Vec<([u8; 16], i32)>,
        /// See [`Event::ProducerIds`].
        next_producer_id: i64,
    },
    /// What is configured of something that is no topic is this from now on.
    ResourceConfigsChanged {
        /// What.
        resource: Resource,
        /// Names and values, as the tables print them.
        configs: Vec<(String, String)>,
    },
    /// Everything up to here: what is before in the log is not needed any more.
    Snapshot {
        /// Live topics.
        topics: Vec<TopicRecord>,
        /// Deleted topics whose logs may still be there.
        dying: Vec<([u8; 16], i32)>,
        /// See [`Event::ProducerIds`].
        next_producer_id: i64,
        /// See [`Event::ResourceConfigsChanged`]; none twice, none without configurations.
        resources: Vec<(Resource, Vec<(String, String)>)>,
    },
}

/// What has configurations and is no topic.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// All brokers, where none has its own.
    Brokers,
    /// The broker with this node id.
    Broker(i32),
    /// The group with this id.
    Group(String),
}

/// A topic as events carry it.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct TopicRecord {
    /// Its random id.
    pub topic: [u8; 16],
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many of them are confirmed.
    pub confirmed: i32,
    /// Its own settings.
    pub configs: Vec<(String, String)>,
}

/// The bytes are no event that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of the registry's log can not be read")]
pub struct EventError;

impl Event {
    /// The event as a record's value.
    pub fn encode(&self) -> Vec<u8> {
        rkyv::to_bytes::<Error>(self).expect("plain values can be archived").to_vec()
    }

    /// Reads a record's value.
    pub fn decode(bytes: &[u8]) -> Result<Self, EventError> {
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        let event = rkyv::from_bytes::<Self, Error>(&aligned).map_err(|_| EventError)?;
        Ok(match event {
            Self::TopicsSnapshot { topics, dying, next_producer_id } => {
                Self::Snapshot { topics, dying, next_producer_id, resources: Vec::new() }
            }
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that docs/FORMAT.md states.
    #[test]
    fn an_event_s_bytes_are_the_documented_ones() {
        let bytes = Event::Confirmed { topic: [1; 16], partitions: 9 }.encode();
        let fields = [&[4][..], &[1; 16], &[0; 3], &9_i32.to_le_bytes(), &[0; 24]];
        assert_eq!(bytes, fields.concat());
        let (name, configs) = ("orders".into(), vec![("a".into(), "b".into())]);
        let topic = TopicRecord { topic: [1; 16], name, partitions: 3, confirmed: 2, configs };
        let fields = [
            b"a\xff\xff\xff\xff\xff\xff\xffb\xff\xff\xff\xff\xff\xff\xff",
            &[0, 0, 0, 0][..],
            &[1; 16],
            b"orders\xff\xff",
            &3_i32.to_le_bytes(),
            &2_i32.to_le_bytes(),
            &(-52_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[0; 4],
        ];
        assert_eq!(Event::TopicCreated(topic).encode(), fields.concat());
        let bytes = Event::ProducerIds { next: 7 }.encode();
        assert_eq!(bytes, [&[6][..], &[0; 7], &7_i64.to_le_bytes(), &[0; 32]].concat());
    }

    #[test]
    fn configurations_of_resources_are_the_documented_bytes() {
        let configs = vec![("a".into(), "b".into())];
        let event = Event::ResourceConfigsChanged { resource: Resource::Broker(7), configs };
        let fields = [
            b"a\xff\xff\xff\xff\xff\xff\xffb\xff\xff\xff\xff\xff\xff\xff",
            &[8, 0, 0, 0][..],
            &[1, 0, 0, 0],
            &7_i32.to_le_bytes(),
            &[0; 4],
            &(-32_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[0; 24],
        ];
        assert_eq!(event.encode(), fields.concat());
    }

    #[test]
    fn a_snapshot_s_bytes_are_the_documented_ones() {
        let configs = vec![("a".into(), "b".into())];
        let resources = vec![(Resource::Group("g".into()), configs)];
        let (topics, dying) = (Vec::new(), vec![([2; 16], 5)]);
        let event = Event::Snapshot { topics, dying, next_producer_id: 7, resources };
        let fields = [
            // A dying topic, and the configurations of a group, before the root.
            &[2; 16][..],
            &[5, 0, 0, 0],
            b"a\xff\xff\xff\xff\xff\xff\xffb\xff\xff\xff\xff\xff\xff\xff",
            &[2, 0, 0, 0],
            b"g\xff\xff\xff\xff\xff\xff\xff",
            &(-28_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[9, 0, 0, 0],
            &(-60_i32).to_le_bytes(),
            &[0; 4],
            &(-68_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[0; 4],
            &7_i64.to_le_bytes(),
            &(-52_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[0; 8],
        ];
        assert_eq!(event.encode(), fields.concat());
    }

    #[test]
    fn an_older_snapshot_is_one_without_configurations_of_resources() {
        let dying = vec![([2; 16], 5)];
        let (topics, next_producer_id) = (Vec::new(), 7);
        let older = Event::TopicsSnapshot { topics, dying: dying.clone(), next_producer_id };
        let fields = [
            // A dying topic, before the root.
            &[2; 16][..],
            &[5, 0, 0, 0, 0, 0, 0, 0],
            &[7, 0, 0, 0],
            &(-28_i32).to_le_bytes(),
            &[0; 4],
            &(-36_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[0; 4],
            &7_i64.to_le_bytes(),
            &[0; 16],
        ];
        assert_eq!(older.encode(), fields.concat());
        let (topics, resources) = (Vec::new(), Vec::new());
        let newer = Event::Snapshot { topics, dying, next_producer_id, resources };
        assert_eq!(Event::decode(&fields.concat()), Ok(newer));
    }

    #[test]
    fn events_survive_their_records() {
        let topic = TopicRecord {
            topic: [1; 16],
            name: "orders".into(),
            partitions: 3,
            confirmed: 2,
            configs: vec![("retention.ms".into(), "1".into())],
        };
        let events = [
            Event::TopicCreated(topic.clone()),
            Event::PartitionsAdded { topic: [1; 16], partitions: 9 },
            Event::Snapshot {
                topics: vec![topic],
                dying: vec![([2; 16], 1)],
                next_producer_id: 7,
                resources: vec![(Resource::Brokers, vec![("a".into(), "b".into())])],
            },
            Event::ResourceConfigsChanged {
                resource: Resource::Group("g".into()),
                configs: vec![("consumer.session.timeout.ms".into(), "50000".into())],
            },
            Event::ResourceConfigsChanged { resource: Resource::Broker(7), configs: Vec::new() },
        ];
        for event in events {
            assert_eq!(Event::decode(&event.encode()), Ok(event));
        }
        assert_eq!(Event::decode(&[1, 2, 3]), Err(EventError));
    }
}
