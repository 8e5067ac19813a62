//! What consumers of a classic group tell each other through the coordinator: what a member wants
//! (`JoinGroup`) and what it gets (`SyncGroup`). Both are opaque bytes to those requests.
//!
//! ```text
//! 0  version (int16)
//! 2  the message, never in the flexible encoding; what follows its last known field is left alone
//! ```
//!
//! Versions 0-3, for subscriptions and assignments alike, as of Kafka 4.1:
//!
//! - 1: the partitions that a member still has (KIP-429).
//! - 2: in which generation it had them (KIP-792).
//! - 3: the member's rack (KIP-881).
//!
//! A newer version is read as the newest that is known: it only adds fields at the end. Each
//! member writes the version that it likes, so a group may hold several.

use record::PartitionIndex;

use crate::kafka::api_key::ApiKey;
use crate::kafka::group::GenerationId;
use crate::kafka::version::Version;
use crate::kafka::wire::{
    Array, DecodeError, EncodeError, Fault, Reader, Reading, Wire, Writer, wire_struct,
};

/// The newest version of subscriptions and assignments.
pub const VERSION_MAX: i16 = 3;

wire_struct! {
    /// What a consumer wants to read.
    pub struct ConsumerProtocolSubscription<'a> {
        /// The topics, by name.
        topics: Array<'a, &'a str>;
        /// For the assignor.
        user_data: Option<&'a [u8]>;
        /// What the member has and keeps until it is told otherwise.
        owned_partitions: Array<'a, TopicPartitions<'a>> [1.., ignorable];
        /// The generation in which it was given them.
        generation_id: GenerationId [2.., ignorable] = GenerationId::NONE;
        /// The rack that the member is in.
        rack_id: Option<&'a str> [3.., ignorable];
    }
}

wire_struct! {
    /// What a consumer gets.
    pub struct ConsumerProtocolAssignment<'a> {
        /// The partitions, by topic.
        assigned_partitions: Array<'a, TopicPartitions<'a>>;
        /// For the assignor.
        user_data: Option<&'a [u8]>;
    }
}

wire_struct! {
    /// Partitions of a topic.
    pub struct TopicPartitions<'a> {
        /// The topic's name.
        topic: &'a str;
        /// The partitions.
        partitions: Array<'a, PartitionIndex>;
    }
}

impl<'a> ConsumerProtocolSubscription<'a> {
    /// Decodes version and subscription.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }

    /// The topics alone, which every version begins with. For classic groups Kafka looks at nothing
    /// else, so a client whose later fields do not fit its version is no trouble.
    pub fn decode_topics(bytes: &'a [u8]) -> Result<Array<'a, &'a str>, DecodeError> {
        let (version, mut r) = begin(bytes)?;
        let topics = Array::read(&mut r, version);
        topics.map_err(|error| error.in_field("ConsumerProtocolSubscription.topics"))
    }

    /// Appends version and subscription. Fields that the version does not have are left out. After
    /// an error `bytes` is as before.
    ///
    /// # Panics
    ///
    /// If the version is not between 0 and [`VERSION_MAX`].
    pub fn encode(&self, version: i16, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode(self, version, bytes)
    }
}

impl<'a> ConsumerProtocolAssignment<'a> {
    /// Decodes version and assignment.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }

    /// Appends version and assignment. After an error `bytes` is as before.
    ///
    /// # Panics
    ///
    /// If the version is not between 0 and [`VERSION_MAX`].
    pub fn encode(&self, version: i16, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode(self, version, bytes)
    }
}

fn decode<'a, T: Wire<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    let (version, mut r) = begin(bytes)?;
    T::read(&mut r, version)
}

fn begin(bytes: &[u8]) -> Result<(Version, Reader<'_>), DecodeError> {
    const FIELD: &str = "ConsumerProtocol.version";
    let mut r = Reader::request(bytes);
    let number = r.i16().map_err(|error| error.in_field(FIELD))?;
    if number < 0 {
        let (reading, fault) = (Reading::Number, Fault::Negative);
        return Err(DecodeError { position: 0, field: FIELD, reading, fault });
    }
    Ok((classic(number.min(VERSION_MAX)), r))
}

fn encode<'a>(
    message: &impl Wire<'a>,
    version: i16,
    bytes: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    assert!((0..=VERSION_MAX).contains(&version), "the version is a known one");
    let start = bytes.len();
    let mut w = Writer::new(bytes);
    w.i16(version);
    let written = message.write(&mut w, classic(version));
    if written.is_err() {
        bytes.truncate(start);
    }
    written
}

/// The versions are the protocol's own and no API's; `JoinGroup` is what they travel in.
fn classic(number: i16) -> Version {
    Version::new(ApiKey::JoinGroup, number, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: TopicPartitions<'static> = TopicPartitions {
        topic: "t",
        partitions: Array::of(&[PartitionIndex(0), PartitionIndex(7)]),
    };

    fn subscription() -> ConsumerProtocolSubscription<'static> {
        ConsumerProtocolSubscription {
            topics: Array::of(&["t", "u"]),
            user_data: Some(&[1, 2]),
            owned_partitions: Array::of(&[OWNED]),
            generation_id: GenerationId(4),
            rack_id: Some("r"),
        }
    }

    fn encoded(version: i16) -> Vec<u8> {
        let mut bytes = Vec::new();
        subscription().encode(version, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn each_version_keeps_what_it_has() {
        let lost = ConsumerProtocolSubscription {
            owned_partitions: Array::EMPTY,
            generation_id: GenerationId::NONE,
            rack_id: None,
            ..subscription()
        };
        let owned = ConsumerProtocolSubscription { owned_partitions: Array::of(&[OWNED]), ..lost };
        let kept = [
            lost,
            owned,
            ConsumerProtocolSubscription { generation_id: GenerationId(4), ..owned },
            subscription(),
        ];
        for (version, kept) in (0..).zip(kept) {
            assert_eq!(ConsumerProtocolSubscription::decode(&encoded(version)), Ok(kept));
        }
    }

    #[test]
    fn the_first_version_is_as_old_clients_write_it() {
        let bytes = [0, 0, 0, 0, 0, 2, 0, 1, b't', 0, 1, b'u', 0, 0, 0, 2, 1, 2];
        assert_eq!(encoded(0), bytes);
    }

    #[test]
    fn a_newer_version_is_read_as_the_newest_known() {
        let mut newer = encoded(3);
        newer[1] = 9;
        newer.extend_from_slice(b"more");
        assert_eq!(ConsumerProtocolSubscription::decode(&newer), Ok(subscription()));

        let assigned = Array::of(&[OWNED]);
        let assignment =
            ConsumerProtocolAssignment { assigned_partitions: assigned, user_data: None };
        let mut newer = Vec::new();
        assignment.encode(VERSION_MAX, &mut newer).unwrap();
        newer[0] = 0x7f;
        newer.push(0);
        assert_eq!(ConsumerProtocolAssignment::decode(&newer), Ok(assignment));
    }

    #[test]
    fn a_negative_version_is_refused() {
        let error = ConsumerProtocolSubscription::decode(&[0xff, 0xff, 0, 0, 0, 0]).unwrap_err();
        assert_eq!((error.position, error.fault), (0, Fault::Negative));
        let error = ConsumerProtocolAssignment::decode(&[0x80, 0]).unwrap_err();
        assert_eq!((error.position, error.fault), (0, Fault::Negative));
    }

    #[test]
    fn topics_are_found_where_later_fields_are_missing() {
        let mut bytes = encoded(0);
        bytes[1] = 1;
        assert!(ConsumerProtocolSubscription::decode(&bytes).is_err());
        let topics = ConsumerProtocolSubscription::decode_topics(&bytes).unwrap();
        assert_eq!(topics, Array::of(&["t", "u"]));
        let error = ConsumerProtocolSubscription::decode_topics(&bytes[..5]).unwrap_err();
        assert_eq!(error.field, "ConsumerProtocolSubscription.topics");
    }

    #[test]
    fn an_encoding_that_fails_leaves_nothing() {
        let long = "x".repeat(crate::kafka::wire::STRING_LEN_MAX + 1);
        let topics = [long.as_str()];
        let too_long =
            ConsumerProtocolSubscription { topics: Array::from(&topics), ..Default::default() };
        let mut bytes = vec![7];
        let refused = EncodeError::TooLong { what: Reading::String, len: long.len() };
        assert_eq!(too_long.encode(0, &mut bytes), Err(refused));
        assert_eq!(bytes, [7]);
    }
}
