//! Which APIs the codec knows, and in which versions.

use crate::kafka::version::{Version, VersionRange};

/// An API that this codec decodes and encodes; the discriminant is the key on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ApiKey {
    /// Append records to partitions.
    Produce = 0,
    /// Read records of partitions.
    Fetch = 1,
    /// Offsets by time, earliest and latest.
    ListOffsets = 2,
    /// Brokers, topics and who leads their partitions.
    Metadata = 3,
    /// How far a group has read.
    OffsetCommit = 8,
    /// How far groups have read, asked back.
    OffsetFetch = 9,
    /// Which broker coordinates a group, a transaction or a share group.
    FindCoordinator = 10,
    /// Join a classic group.
    JoinGroup = 11,
    /// A member of a classic group is alive.
    Heartbeat = 12,
    /// Leave a classic group.
    LeaveGroup = 13,
    /// The assignment of a member of a classic group.
    SyncGroup = 14,
    /// Classic groups and their members.
    DescribeGroups = 15,
    /// The groups that a broker coordinates.
    ListGroups = 16,
    /// Which APIs and versions the broker serves.
    ApiVersions = 18,
    /// Create topics.
    CreateTopics = 19,
    /// Delete topics.
    DeleteTopics = 20,
    /// Delete records below an offset.
    DeleteRecords = 21,
    /// A producer id for an idempotent or transactional producer.
    InitProducerId = 22,
    /// Where a leader epoch ended.
    OffsetForLeaderEpoch = 23,
    /// Read configurations.
    DescribeConfigs = 32,
    /// Replace all configurations of a thing.
    AlterConfigs = 33,
    /// Move replicas to other directories of a broker.
    AlterReplicaLogDirs = 34,
    /// What a broker's directories hold.
    DescribeLogDirs = 35,
    /// Add partitions to topics.
    CreatePartitions = 37,
    /// Delete groups.
    DeleteGroups = 42,
    /// Give partitions another leader.
    ElectLeaders = 43,
    /// Change single configurations.
    IncrementalAlterConfigs = 44,
    /// Give partitions other replicas.
    AlterPartitionReassignments = 45,
    /// The partitions that are getting other replicas.
    ListPartitionReassignments = 46,
    /// Forget how far a group has read.
    OffsetDelete = 47,
    /// Who keeps the cluster's metadata.
    DescribeQuorum = 55,
    /// The brokers and the controller.
    DescribeCluster = 60,
    /// The producers that partitions know.
    DescribeProducers = 61,
    /// Be a member of a KIP-848 group.
    ConsumerGroupHeartbeat = 68,
    /// KIP-848 groups and their members.
    ConsumerGroupDescribe = 69,
    /// What has configurations.
    ListConfigResources = 74,
    /// Topics and partitions, page by page.
    DescribeTopicPartitions = 75,
}

/// What the codec knows about one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiSpec {
    /// The API.
    pub key: ApiKey,
    /// What an `ApiVersions` response lists; `None` if the broker does not serve the API, and so
    /// refuses it as if its key were unknown.
    pub advertised: Option<VersionRange>,
    /// What is decoded and encoded; narrower than advertised for Produce only.
    pub served: VersionRange,
    /// The first version with compact lengths and tagged fields (KIP-482).
    pub flexible_from: i16,
}

/// Every API, in the order of their keys; the ranges are those that Kafka 4.1 advertises.
pub const APIS: [ApiSpec; 37] = [
    // Clients on librdkafka before 2.11.1 look for Produce 0 before they compress, and otherwise
    // send uncompressed without a word (KAFKA-18659), hence advertised from 0.
    ApiSpec { advertised: Some(PRODUCE_ADVERTISED), ..spec(ApiKey::Produce, 3, 13, 9) },
    spec(ApiKey::Fetch, 4, 18, 12),
    spec(ApiKey::ListOffsets, 1, 10, 6),
    spec(ApiKey::Metadata, 0, 13, 9),
    spec(ApiKey::OffsetCommit, 2, 9, 8),
    spec(ApiKey::OffsetFetch, 1, 9, 6),
    spec(ApiKey::FindCoordinator, 0, 6, 3),
    spec(ApiKey::JoinGroup, 0, 9, 6),
    spec(ApiKey::Heartbeat, 0, 4, 4),
    spec(ApiKey::LeaveGroup, 0, 5, 4),
    spec(ApiKey::SyncGroup, 0, 5, 4),
    spec(ApiKey::DescribeGroups, 0, 6, 5),
    spec(ApiKey::ListGroups, 0, 5, 3),
    spec(ApiKey::ApiVersions, 0, 4, 3),
    spec(ApiKey::CreateTopics, 2, 7, 5),
    spec(ApiKey::DeleteTopics, 1, 6, 4),
    spec(ApiKey::DeleteRecords, 0, 2, 2),
    spec(ApiKey::InitProducerId, 0, 5, 2),
    spec(ApiKey::OffsetForLeaderEpoch, 2, 4, 4),
    spec(ApiKey::DescribeConfigs, 1, 4, 4),
    spec(ApiKey::AlterConfigs, 0, 2, 2),
    spec(ApiKey::AlterReplicaLogDirs, 1, 2, 2),
    spec(ApiKey::DescribeLogDirs, 1, 4, 2),
    spec(ApiKey::CreatePartitions, 0, 3, 2),
    spec(ApiKey::DeleteGroups, 0, 2, 2),
    spec(ApiKey::ElectLeaders, 0, 2, 2),
    spec(ApiKey::IncrementalAlterConfigs, 0, 1, 1),
    spec(ApiKey::AlterPartitionReassignments, 0, 1, 0),
    spec(ApiKey::ListPartitionReassignments, 0, 0, 0),
    spec(ApiKey::OffsetDelete, 0, 0, NEVER),
    spec(ApiKey::DescribeQuorum, 0, 2, 0),
    spec(ApiKey::DescribeCluster, 0, 2, 0),
    spec(ApiKey::DescribeProducers, 0, 0, 0),
    spec(ApiKey::ConsumerGroupHeartbeat, 0, 1, 0),
    spec(ApiKey::ConsumerGroupDescribe, 0, 1, 0),
    spec(ApiKey::ListConfigResources, 0, 1, 0),
    spec(ApiKey::DescribeTopicPartitions, 0, 0, 0),
];

const PRODUCE_ADVERTISED: VersionRange = VersionRange { min: 0, max: 13 };

/// In place of the first flexible version, of an API that has none.
const NEVER: i16 = i16::MAX;

/// An API that the broker serves.
const fn spec(key: ApiKey, min: i16, max: i16, flexible_from: i16) -> ApiSpec {
    let served = VersionRange { min, max };
    ApiSpec { key, advertised: Some(served), served, flexible_from }
}

impl ApiKey {
    /// The key on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The API with this key, `None` if the codec does not know it.
    pub fn from_code(code: i16) -> Option<Self> {
        APIS.iter().map(|spec| spec.key).find(|key| key.code() == code)
    }

    /// What the codec knows about this API.
    pub fn spec(self) -> ApiSpec {
        *APIS.iter().find(|spec| spec.key == self).expect("every API has a row in APIS")
    }

    /// Whether the broker serves this API, and so lists it.
    pub fn is_advertised(self) -> bool {
        self.spec().advertised.is_some()
    }

    /// The version of this API with the given number.
    pub fn version(self, number: i16) -> Result<Version, UnsupportedVersion> {
        let spec = self.spec();
        if !spec.served.contains(number) {
            return Err(UnsupportedVersion { api: self, number });
        }
        Ok(Version::new(self, number, number >= spec.flexible_from))
    }

    /// The newest version of this API.
    pub fn newest(self) -> Version {
        self.version(self.spec().served.max).expect("the newest version is a served one")
    }

    /// Every served version of this API, oldest first.
    pub fn versions(self) -> impl Iterator<Item = Version> {
        let VersionRange { min, max } = self.spec().served;
        (min..=max).filter_map(move |number| self.version(number).ok())
    }
}

/// A version that this codec neither decodes nor encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {number} of {api:?} is not supported")]
pub struct UnsupportedVersion {
    /// The API.
    pub api: ApiKey,
    /// The version asked for.
    pub number: i16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_has_one_row_in_key_order() {
        assert!(APIS.is_sorted_by(|a, b| a.key.code() < b.key.code()));
        for spec in APIS {
            assert_eq!(ApiKey::from_code(spec.key.code()), Some(spec.key));
            if let Some(advertised) = spec.advertised {
                assert!(advertised.contains(spec.served.min), "{:?}", spec.key);
                assert_eq!(advertised.max, spec.served.max);
            }
        }
        assert_eq!(ApiKey::from_code(-1), None);
        assert_eq!(ApiKey::from_code(4), None);
    }

    #[test]
    fn produce_is_advertised_from_0_and_served_from_3() {
        assert_eq!(ApiKey::Produce.spec().advertised, Some(VersionRange { min: 0, max: 13 }));
        for number in [-1, 0, 2, 14] {
            let refused = Err(UnsupportedVersion { api: ApiKey::Produce, number });
            assert_eq!(ApiKey::Produce.version(number), refused);
        }
        assert_eq!(ApiKey::Produce.versions().map(Version::number).min(), Some(3));
    }

    #[test]
    fn header_versions_follow_flexibility_but_for_api_versions() {
        let headers = |api: ApiKey, number| {
            let version = api.version(number).unwrap();
            (version.request_header(), version.response_header())
        };
        assert_eq!(headers(ApiKey::Fetch, 11), (1, 0));
        assert_eq!(headers(ApiKey::Fetch, 12), (2, 1));
        assert_eq!(headers(ApiKey::ApiVersions, 2), (1, 0));
        assert_eq!(headers(ApiKey::ApiVersions, 4), (2, 0));
    }
}
