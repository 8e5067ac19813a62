//! Requests and responses as a whole: header and body, one frame each.

use crate::kafka::api::{
    alter_configs::{AlterConfigsRequest, AlterConfigsResponse},
    alter_partition_reassignments::{
        AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    },
    alter_replica_log_dirs::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse},
    api_versions::{ApiVersionsRequest, ApiVersionsResponse},
    consumer_group_describe::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse},
    consumer_group_heartbeat::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse},
    create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse},
    create_topics::{CreateTopicsRequest, CreateTopicsResponse},
    delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse},
    delete_records::{DeleteRecordsRequest, DeleteRecordsResponse},
    delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse},
    describe_cluster::{DescribeClusterRequest, DescribeClusterResponse},
    describe_configs::{DescribeConfigsRequest, DescribeConfigsResponse},
    describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse},
    describe_log_dirs::{DescribeLogDirsRequest, DescribeLogDirsResponse},
    describe_producers::{DescribeProducersRequest, DescribeProducersResponse},
    describe_quorum::{DescribeQuorumRequest, DescribeQuorumResponse},
    describe_topic_partitions::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse},
    elect_leaders::{ElectLeadersRequest, ElectLeadersResponse},
    fetch::{FetchRequest, FetchResponse},
    find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse},
    heartbeat::{HeartbeatRequest, HeartbeatResponse},
    incremental_alter_configs::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse},
    init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
    join_group::{JoinGroupRequest, JoinGroupResponse},
    leave_group::{LeaveGroupRequest, LeaveGroupResponse},
    list_config_resources::{ListConfigResourcesRequest, ListConfigResourcesResponse},
    list_groups::{ListGroupsRequest, ListGroupsResponse},
    list_offsets::{ListOffsetsRequest, ListOffsetsResponse},
    list_partition_reassignments::{
        ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    },
    metadata::{MetadataRequest, MetadataResponse},
    offset_commit::{OffsetCommitRequest, OffsetCommitResponse},
    offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse},
    offset_fetch::{OffsetFetchRequest, OffsetFetchResponse},
    offset_for_leader_epoch::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse},
    produce::{ProduceRequest, ProduceResponse},
    sync_group::{SyncGroupRequest, SyncGroupResponse},
};
use crate::kafka::api_key::ApiKey;
use crate::kafka::frame;
use crate::kafka::header::{CorrelationId, RequestHeader, ResponseHeader};
use crate::kafka::version::Version;
use crate::kafka::wire::{DecodeError, EncodeError, Reader, Wire, Writer};

/// The body of a request.
pub trait Request<'a>: Wire<'a> {
    /// The API that it belongs to.
    const API: ApiKey;

    /// Decodes the body, the header having been read. What follows it in the frame stays unread
    /// and is no error, as in Kafka.
    fn decode(version: Version, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        assert_eq!(version.api(), Self::API, "the version is this API's");
        Self::read(r, version)
    }

    /// Appends a frame: length, header and body. After an error `bytes` is as before.
    fn encode_frame(
        &self,
        header: RequestHeader<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        assert_eq!(header.version.api(), Self::API, "the version is this API's");
        frame::append(bytes, |w| {
            header.write(w)?;
            self.write(w, header.version)
        })
    }
}

/// The body of a response.
pub trait Response<'a>: Wire<'a> {
    /// The API that it belongs to.
    const API: ApiKey;

    /// Decodes the body, the header having been read. What follows it in the frame stays unread.
    fn decode(version: Version, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        assert_eq!(version.api(), Self::API, "the version is this API's");
        Self::read(r, version)
    }

    /// Appends a frame: length, header and body. After an error `bytes` is as before.
    fn encode_frame(
        &self,
        version: Version,
        correlation_id: CorrelationId,
        bytes: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        assert_eq!(version.api(), Self::API, "the version is this API's");
        frame::append(bytes, |w| {
            ResponseHeader { correlation_id }.write(version, w);
            self.write(w, version)
        })
    }
}

macro_rules! bodies {
    ($($api:ident: $request:ident $(<$request_life:lifetime>)?,
        $response:ident $(<$response_life:lifetime>)?;)*) => {
        $(
            impl<'a> Request<'a> for $request $(<$request_life>)? {
                const API: ApiKey = ApiKey::$api;
            }

            impl<'a> Response<'a> for $response $(<$response_life>)? {
                const API: ApiKey = ApiKey::$api;
            }
        )*

        /// The body of a request of any API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RequestBody<'a> {
            $(
                #[doc = concat!("Of `", stringify!($api), "`.")]
                $api($request $(<$request_life>)?),
            )*
        }

        impl<'a> RequestBody<'a> {
            /// Decodes the body, the header having been read.
            pub fn decode(version: Version, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
                match version.api() {
                    $(ApiKey::$api => Request::decode(version, r).map(Self::$api),)*
                }
            }

            /// Appends the body alone. `version` must be one of the body's API.
            pub fn encode(&self, version: Version, w: &mut Writer<'_>) -> Result<(), EncodeError> {
                assert_eq!(version.api(), self.api(), "the version is this API's");
                match self {
                    $(Self::$api(body) => body.write(w, version),)*
                }
            }

            /// The API that the body belongs to.
            pub fn api(&self) -> ApiKey {
                match self {
                    $(Self::$api(_) => ApiKey::$api,)*
                }
            }
        }

        /// The body of a response of any API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ResponseBody<'a> {
            $(
                #[doc = concat!("Of `", stringify!($api), "`.")]
                $api($response $(<$response_life>)?),
            )*
        }

        impl<'a> ResponseBody<'a> {
            /// Decodes the body, the header having been read.
            pub fn decode(version: Version, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
                match version.api() {
                    $(ApiKey::$api => Response::decode(version, r).map(Self::$api),)*
                }
            }

            /// Appends the body alone. `version` must be one of the body's API.
            pub fn encode(&self, version: Version, w: &mut Writer<'_>) -> Result<(), EncodeError> {
                assert_eq!(version.api(), self.api(), "the version is this API's");
                match self {
                    $(Self::$api(body) => body.write(w, version),)*
                }
            }

            /// The API that the body belongs to.
            pub fn api(&self) -> ApiKey {
                match self {
                    $(Self::$api(_) => ApiKey::$api,)*
                }
            }
        }
    };
}

bodies! {
    Produce: ProduceRequest<'a>, ProduceResponse<'a>;
    Fetch: FetchRequest<'a>, FetchResponse<'a>;
    ListOffsets: ListOffsetsRequest<'a>, ListOffsetsResponse<'a>;
    Metadata: MetadataRequest<'a>, MetadataResponse<'a>;
    OffsetCommit: OffsetCommitRequest<'a>, OffsetCommitResponse<'a>;
    OffsetFetch: OffsetFetchRequest<'a>, OffsetFetchResponse<'a>;
    FindCoordinator: FindCoordinatorRequest<'a>, FindCoordinatorResponse<'a>;
    JoinGroup: JoinGroupRequest<'a>, JoinGroupResponse<'a>;
    Heartbeat: HeartbeatRequest<'a>, HeartbeatResponse;
    LeaveGroup: LeaveGroupRequest<'a>, LeaveGroupResponse<'a>;
    SyncGroup: SyncGroupRequest<'a>, SyncGroupResponse<'a>;
    DescribeGroups: DescribeGroupsRequest<'a>, DescribeGroupsResponse<'a>;
    ListGroups: ListGroupsRequest<'a>, ListGroupsResponse<'a>;
    ApiVersions: ApiVersionsRequest<'a>, ApiVersionsResponse<'a>;
    CreateTopics: CreateTopicsRequest<'a>, CreateTopicsResponse<'a>;
    DeleteTopics: DeleteTopicsRequest<'a>, DeleteTopicsResponse<'a>;
    DeleteRecords: DeleteRecordsRequest<'a>, DeleteRecordsResponse<'a>;
    InitProducerId: InitProducerIdRequest<'a>, InitProducerIdResponse;
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest<'a>, OffsetForLeaderEpochResponse<'a>;
    DescribeConfigs: DescribeConfigsRequest<'a>, DescribeConfigsResponse<'a>;
    AlterConfigs: AlterConfigsRequest<'a>, AlterConfigsResponse<'a>;
    AlterReplicaLogDirs: AlterReplicaLogDirsRequest<'a>, AlterReplicaLogDirsResponse<'a>;
    DescribeLogDirs: DescribeLogDirsRequest<'a>, DescribeLogDirsResponse<'a>;
    CreatePartitions: CreatePartitionsRequest<'a>, CreatePartitionsResponse<'a>;
    DeleteGroups: DeleteGroupsRequest<'a>, DeleteGroupsResponse<'a>;
    ElectLeaders: ElectLeadersRequest<'a>, ElectLeadersResponse<'a>;
    IncrementalAlterConfigs:
        IncrementalAlterConfigsRequest<'a>, IncrementalAlterConfigsResponse<'a>;
    AlterPartitionReassignments:
        AlterPartitionReassignmentsRequest<'a>, AlterPartitionReassignmentsResponse<'a>;
    ListPartitionReassignments:
        ListPartitionReassignmentsRequest<'a>, ListPartitionReassignmentsResponse<'a>;
    OffsetDelete: OffsetDeleteRequest<'a>, OffsetDeleteResponse<'a>;
    DescribeQuorum: DescribeQuorumRequest<'a>, DescribeQuorumResponse<'a>;
    DescribeCluster: DescribeClusterRequest, DescribeClusterResponse<'a>;
    DescribeProducers: DescribeProducersRequest<'a>, DescribeProducersResponse<'a>;
    ConsumerGroupHeartbeat: ConsumerGroupHeartbeatRequest<'a>, ConsumerGroupHeartbeatResponse<'a>;
    ConsumerGroupDescribe: ConsumerGroupDescribeRequest<'a>, ConsumerGroupDescribeResponse<'a>;
    ListConfigResources: ListConfigResourcesRequest<'a>, ListConfigResourcesResponse<'a>;
    DescribeTopicPartitions:
        DescribeTopicPartitionsRequest<'a>, DescribeTopicPartitionsResponse<'a>;
}
