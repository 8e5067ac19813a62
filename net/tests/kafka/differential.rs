//! What they encode we decode to the same values, and what we encode is theirs byte for byte.

use std::fmt::Debug;

use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable};
use net::kafka::api as ours;
use net::kafka::api_key::ApiKey;
use net::kafka::version::Version;
use net::kafka::wire::{EncodeError, Reader, Wire, Writer};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::entropy::{Entropy, Generate};
use crate::hostile;
use crate::mirror::Mirror;

/// A message of theirs that has a counterpart.
pub(crate) trait Theirs: Encodable + Decodable + Generate + PartialEq + Debug {}

impl<T: Encodable + Decodable + Generate + PartialEq + Debug> Theirs for T {}

/// A message of ours.
pub(crate) trait Ours: Wire<'static> + PartialEq + Debug {}

impl<T: Wire<'static> + PartialEq + Debug> Ours for T {}

pub(crate) fn encode_theirs(message: &impl Encodable, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    message
        .encode(&mut bytes, version.number())
        .expect("they encode what was made for the version");
    bytes
}

pub(crate) fn encode_ours(message: &impl Ours, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut Writer::new(&mut bytes), version).expect("we encode what they do");
    bytes
}

fn decode_ours<O: Ours>(bytes: &[u8], version: Version) -> O {
    let mut r = Reader::request(bytes.to_vec().leak());
    let message = O::read(&mut r, version).unwrap_or_else(|error| {
        panic!("{version:?}: {error} in {bytes:02x?}");
    });
    assert_eq!(r.remaining(), 0, "{version:?}: all of {bytes:02x?} is read");
    message
}

pub(crate) fn check<T: Theirs + Mirror<O>, O: Ours>(version: Version, entropy: &[u8]) {
    let message = T::generate(&mut Entropy::new(entropy, version.number()));
    let expected = encode_theirs(&message, version);
    assert_eq!(encode_ours(&message.mirror(), version), expected, "{version:?}: {message:?}");

    // What the version does not have is gone when they decode it, as when we do.
    let decoded_theirs = T::decode(&mut &expected[..], version.number()).expect("they decode");
    let decoded_ours: O = decode_ours(&expected, version);
    assert_eq!(decoded_ours, decoded_theirs.mirror(), "{version:?}");
    assert_eq!(encode_ours(&decoded_ours, version), expected, "{version:?}");

    let mut entropy = Entropy::new(entropy, version.number());
    entropy.unknown_tags = true;
    let with_unknown = encode_theirs(&T::generate(&mut entropy), version);
    assert_eq!(with_unknown != expected, version.is_flexible(), "{version:?}");
    assert_eq!(decode_ours::<O>(&with_unknown, version), decoded_ours, "{version:?}");

    hostile::check::<O>(version, &expected);
}

/// Fields that Kafka's schema does not call ignorable, and that their encoder leaves out silently
/// all the same because they are tagged.
const STRICTER: [&str; 7] = [
    "ProduceResponse.node_endpoints",
    "PartitionProduceResponse.current_leader",
    "FetchRequest.replica_state",
    "FetchResponse.node_endpoints",
    "PartitionData.diverging_epoch",
    "PartitionData.current_leader",
    "PartitionData.snapshot_id",
];

/// What they refuse to encode in a version we refuse, and the other way round.
pub(crate) fn check_refusals<T: Theirs + Mirror<O>, O: Ours>(version: Version, entropy: &[u8]) {
    let mut entropy = Entropy::new(entropy, version.number());
    entropy.unrestricted = true;
    let message = T::generate(&mut entropy);
    let mut theirs = Vec::new();
    let accepted = message.encode(&mut theirs, version.number()).is_ok();
    let mut ours = Vec::new();
    match message.mirror().write(&mut Writer::new(&mut ours), version) {
        Ok(()) => assert_eq!((accepted, ours), (true, theirs), "{version:?}: {message:?}"),
        Err(EncodeError::NotInVersion { field, .. }) => {
            assert!(!accepted || STRICTER.contains(&field), "{version:?}: {field}");
        }
        Err(error) => panic!("{version:?}: {error}"),
    }
}

macro_rules! differential {
    ($($test:ident: $api:ident, $request:ident => $our_request:ty,
        $response:ident => $our_response:ty;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]
            $(
                #[test]
                fn $test(
                    request in vec(any::<u8>(), 0..400),
                    response in vec(any::<u8>(), 0..400),
                ) {
                    for version in ApiKey::$api.versions() {
                        check::<theirs::$request, $our_request>(version, &request);
                        check::<theirs::$response, $our_response>(version, &response);
                        check_refusals::<theirs::$request, $our_request>(version, &request);
                        check_refusals::<theirs::$response, $our_response>(version, &response);
                    }
                }
            )*
        }

        #[test]
        fn every_api_is_compared() {
            let compared = [$(ApiKey::$api),*];
            assert_eq!(compared, net::kafka::api_key::APIS.map(|spec| spec.key));
        }

        /// Their encoding of a message made from entropy.
        pub(crate) fn sample(version: Version, is_request: bool, entropy: &[u8]) -> Vec<u8> {
            let mut entropy = Entropy::new(entropy, version.number());
            match version.api() {
                $(
                    ApiKey::$api if is_request => {
                        encode_theirs(&theirs::$request::generate(&mut entropy), version)
                    }
                    ApiKey::$api => {
                        encode_theirs(&theirs::$response::generate(&mut entropy), version)
                    }
                )*
            }
        }
    };
}

differential! {
    produce: Produce,
        ProduceRequest => ours::produce::ProduceRequest<'static>,
        ProduceResponse => ours::produce::ProduceResponse<'static>;
    fetch: Fetch,
        FetchRequest => ours::fetch::FetchRequest<'static>,
        FetchResponse => ours::fetch::FetchResponse<'static>;
    list_offsets: ListOffsets,
        ListOffsetsRequest => ours::list_offsets::ListOffsetsRequest<'static>,
        ListOffsetsResponse => ours::list_offsets::ListOffsetsResponse<'static>;
    metadata: Metadata,
        MetadataRequest => ours::metadata::MetadataRequest<'static>,
        MetadataResponse => ours::metadata::MetadataResponse<'static>;
    offset_commit: OffsetCommit,
        OffsetCommitRequest => ours::offset_commit::OffsetCommitRequest<'static>,
        OffsetCommitResponse => ours::offset_commit::OffsetCommitResponse<'static>;
    offset_fetch: OffsetFetch,
        OffsetFetchRequest => ours::offset_fetch::OffsetFetchRequest<'static>,
        OffsetFetchResponse => ours::offset_fetch::OffsetFetchResponse<'static>;
    find_coordinator: FindCoordinator,
        FindCoordinatorRequest => ours::find_coordinator::FindCoordinatorRequest<'static>,
        FindCoordinatorResponse => ours::find_coordinator::FindCoordinatorResponse<'static>;
    join_group: JoinGroup,
        JoinGroupRequest => ours::join_group::JoinGroupRequest<'static>,
        JoinGroupResponse => ours::join_group::JoinGroupResponse<'static>;
    heartbeat: Heartbeat,
        HeartbeatRequest => ours::heartbeat::HeartbeatRequest<'static>,
        HeartbeatResponse => ours::heartbeat::HeartbeatResponse;
    leave_group: LeaveGroup,
        LeaveGroupRequest => ours::leave_group::LeaveGroupRequest<'static>,
        LeaveGroupResponse => ours::leave_group::LeaveGroupResponse<'static>;
    sync_group: SyncGroup,
        SyncGroupRequest => ours::sync_group::SyncGroupRequest<'static>,
        SyncGroupResponse => ours::sync_group::SyncGroupResponse<'static>;
    describe_groups: DescribeGroups,
        DescribeGroupsRequest => ours::describe_groups::DescribeGroupsRequest<'static>,
        DescribeGroupsResponse => ours::describe_groups::DescribeGroupsResponse<'static>;
    list_groups: ListGroups,
        ListGroupsRequest => ours::list_groups::ListGroupsRequest<'static>,
        ListGroupsResponse => ours::list_groups::ListGroupsResponse<'static>;
    api_versions: ApiVersions,
        ApiVersionsRequest => ours::api_versions::ApiVersionsRequest<'static>,
        ApiVersionsResponse => ours::api_versions::ApiVersionsResponse<'static>;
    create_topics: CreateTopics,
        CreateTopicsRequest => ours::create_topics::CreateTopicsRequest<'static>,
        CreateTopicsResponse => ours::create_topics::CreateTopicsResponse<'static>;
    delete_topics: DeleteTopics,
        DeleteTopicsRequest => ours::delete_topics::DeleteTopicsRequest<'static>,
        DeleteTopicsResponse => ours::delete_topics::DeleteTopicsResponse<'static>;
    delete_records: DeleteRecords,
        DeleteRecordsRequest => ours::delete_records::DeleteRecordsRequest<'static>,
        DeleteRecordsResponse => ours::delete_records::DeleteRecordsResponse<'static>;
    init_producer_id: InitProducerId,
        InitProducerIdRequest => ours::init_producer_id::InitProducerIdRequest<'static>,
        InitProducerIdResponse => ours::init_producer_id::InitProducerIdResponse;
    offset_for_leader_epoch: OffsetForLeaderEpoch,
        OffsetForLeaderEpochRequest =>
            ours::offset_for_leader_epoch::OffsetForLeaderEpochRequest<'static>,
        OffsetForLeaderEpochResponse =>
            ours::offset_for_leader_epoch::OffsetForLeaderEpochResponse<'static>;
    describe_configs: DescribeConfigs,
        DescribeConfigsRequest => ours::describe_configs::DescribeConfigsRequest<'static>,
        DescribeConfigsResponse => ours::describe_configs::DescribeConfigsResponse<'static>;
    alter_configs: AlterConfigs,
        AlterConfigsRequest => ours::alter_configs::AlterConfigsRequest<'static>,
        AlterConfigsResponse => ours::alter_configs::AlterConfigsResponse<'static>;
    alter_replica_log_dirs: AlterReplicaLogDirs,
        AlterReplicaLogDirsRequest =>
            ours::alter_replica_log_dirs::AlterReplicaLogDirsRequest<'static>,
        AlterReplicaLogDirsResponse =>
            ours::alter_replica_log_dirs::AlterReplicaLogDirsResponse<'static>;
    describe_log_dirs: DescribeLogDirs,
        DescribeLogDirsRequest => ours::describe_log_dirs::DescribeLogDirsRequest<'static>,
        DescribeLogDirsResponse => ours::describe_log_dirs::DescribeLogDirsResponse<'static>;
    create_partitions: CreatePartitions,
        CreatePartitionsRequest => ours::create_partitions::CreatePartitionsRequest<'static>,
        CreatePartitionsResponse => ours::create_partitions::CreatePartitionsResponse<'static>;
    delete_groups: DeleteGroups,
        DeleteGroupsRequest => ours::delete_groups::DeleteGroupsRequest<'static>,
        DeleteGroupsResponse => ours::delete_groups::DeleteGroupsResponse<'static>;
    elect_leaders: ElectLeaders,
        ElectLeadersRequest => ours::elect_leaders::ElectLeadersRequest<'static>,
        ElectLeadersResponse => ours::elect_leaders::ElectLeadersResponse<'static>;
    incremental_alter_configs: IncrementalAlterConfigs,
        IncrementalAlterConfigsRequest =>
            ours::incremental_alter_configs::IncrementalAlterConfigsRequest<'static>,
        IncrementalAlterConfigsResponse =>
            ours::incremental_alter_configs::IncrementalAlterConfigsResponse<'static>;
    alter_partition_reassignments: AlterPartitionReassignments,
        AlterPartitionReassignmentsRequest =>
            ours::alter_partition_reassignments::AlterPartitionReassignmentsRequest<'static>,
        AlterPartitionReassignmentsResponse =>
            ours::alter_partition_reassignments::AlterPartitionReassignmentsResponse<'static>;
    list_partition_reassignments: ListPartitionReassignments,
        ListPartitionReassignmentsRequest =>
            ours::list_partition_reassignments::ListPartitionReassignmentsRequest<'static>,
        ListPartitionReassignmentsResponse =>
            ours::list_partition_reassignments::ListPartitionReassignmentsResponse<'static>;
    offset_delete: OffsetDelete,
        OffsetDeleteRequest => ours::offset_delete::OffsetDeleteRequest<'static>,
        OffsetDeleteResponse => ours::offset_delete::OffsetDeleteResponse<'static>;
    describe_quorum: DescribeQuorum,
        DescribeQuorumRequest => ours::describe_quorum::DescribeQuorumRequest<'static>,
        DescribeQuorumResponse => ours::describe_quorum::DescribeQuorumResponse<'static>;
    describe_cluster: DescribeCluster,
        DescribeClusterRequest => ours::describe_cluster::DescribeClusterRequest,
        DescribeClusterResponse => ours::describe_cluster::DescribeClusterResponse<'static>;
    describe_producers: DescribeProducers,
        DescribeProducersRequest => ours::describe_producers::DescribeProducersRequest<'static>,
        DescribeProducersResponse => ours::describe_producers::DescribeProducersResponse<'static>;
    consumer_group_heartbeat: ConsumerGroupHeartbeat,
        ConsumerGroupHeartbeatRequest =>
            ours::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest<'static>,
        ConsumerGroupHeartbeatResponse =>
            ours::consumer_group_heartbeat::ConsumerGroupHeartbeatResponse<'static>;
    consumer_group_describe: ConsumerGroupDescribe,
        ConsumerGroupDescribeRequest =>
            ours::consumer_group_describe::ConsumerGroupDescribeRequest<'static>,
        ConsumerGroupDescribeResponse =>
            ours::consumer_group_describe::ConsumerGroupDescribeResponse<'static>;
    list_config_resources: ListConfigResources,
        ListConfigResourcesRequest =>
            ours::list_config_resources::ListConfigResourcesRequest<'static>,
        ListConfigResourcesResponse =>
            ours::list_config_resources::ListConfigResourcesResponse<'static>;
    describe_topic_partitions: DescribeTopicPartitions,
        DescribeTopicPartitionsRequest =>
            ours::describe_topic_partitions::DescribeTopicPartitionsRequest<'static>,
        DescribeTopicPartitionsResponse =>
            ours::describe_topic_partitions::DescribeTopicPartitionsResponse<'static>;
}
