//! Their structs beside ours. The ranges are those of Kafka's schemas for fields that must not be
//! set in other versions.

use kafka_protocol::messages as theirs;
use net::kafka::api as ours;
use net::kafka::leader::{CurrentLeader, NodeEndpoint};

use crate::mirror::pairs;

pairs! {
    // Produce
    theirs::ProduceRequest => ours::produce::ProduceRequest<'static> {
        transactional_id, acks, timeout_ms, topic_data => topics,
    }
    theirs::produce_request::TopicProduceData => ours::produce::TopicProduce<'static> {
        name, @uuid topic_id => id, partition_data => partitions,
    }
    theirs::produce_request::PartitionProduceData => ours::produce::PartitionProduce<'static> {
        index => partition, @bytes records,
    }
    theirs::ProduceResponse => ours::produce::ProduceResponse<'static> {
        responses => topics, throttle_time_ms, node_endpoints [10..],
    }
    theirs::produce_response::TopicProduceResponse =>
    ours::produce::TopicProduceResponse<'static> {
        name, @uuid topic_id => id, partition_responses => partitions,
    }
    theirs::produce_response::PartitionProduceResponse =>
    ours::produce::PartitionProduceResponse<'static> {
        index => partition, error_code, base_offset, log_append_time_ms => log_append_time,
        log_start_offset, record_errors, error_message, current_leader [10..],
    }
    theirs::produce_response::BatchIndexAndErrorMessage =>
    ours::produce::RecordError<'static> {
        batch_index, batch_index_error_message => message,
    }
    theirs::produce_response::LeaderIdAndEpoch => CurrentLeader { leader_id, leader_epoch }
    theirs::produce_response::NodeEndpoint => NodeEndpoint<'static> { node_id, host, port, rack }

    // Fetch
    theirs::FetchRequest => ours::fetch::FetchRequest<'static> {
        cluster_id, replica_id [..=14], replica_state [15..], max_wait_ms, min_bytes, max_bytes,
        isolation_level, session_id, session_epoch, topics,
        forgotten_topics_data [7..] => forgotten_topics, rack_id,
    }
    theirs::fetch_request::ReplicaState => ours::fetch::ReplicaState {
        replica_id, replica_epoch,
    }
    theirs::fetch_request::FetchTopic => ours::fetch::FetchTopic<'static> {
        topic => name, @uuid topic_id => id, partitions,
    }
    theirs::fetch_request::FetchPartition => ours::fetch::FetchPartition {
        partition, current_leader_epoch, fetch_offset, last_fetched_epoch [12..],
        log_start_offset, partition_max_bytes => max_bytes, @uuid replica_directory_id,
        high_watermark,
    }
    theirs::fetch_request::ForgottenTopic => ours::fetch::ForgottenTopic<'static> {
        topic => name, @uuid topic_id => id, partitions,
    }
    theirs::FetchResponse => ours::fetch::FetchResponse<'static> {
        throttle_time_ms, error_code, session_id [7..], responses => topics,
        node_endpoints [16..],
    }
    theirs::fetch_response::FetchableTopicResponse =>
    ours::fetch::FetchTopicResponse<'static> {
        topic => name, @uuid topic_id => id, partitions,
    }
    theirs::fetch_response::PartitionData => ours::fetch::FetchedPartition<'static> {
        partition_index => data.partition, error_code => data.error_code,
        high_watermark => data.high_watermark, last_stable_offset => data.last_stable_offset,
        log_start_offset => data.log_start_offset, diverging_epoch [12..] => data.diverging_epoch,
        current_leader [12..] => data.current_leader, snapshot_id [12..] => data.snapshot_id,
        aborted_transactions => data.aborted_transactions,
        preferred_read_replica [11..] => data.preferred_read_replica, @bytes records,
    }
    theirs::fetch_response::AbortedTransaction => ours::fetch::AbortedTransaction {
        producer_id, first_offset,
    }
    theirs::fetch_response::EpochEndOffset => ours::fetch::EpochEnd { epoch, end_offset }
    theirs::fetch_response::SnapshotId => ours::fetch::SnapshotId { end_offset, epoch }
    theirs::fetch_response::LeaderIdAndEpoch => CurrentLeader { leader_id, leader_epoch }
    theirs::fetch_response::NodeEndpoint => NodeEndpoint<'static> { node_id, host, port, rack }

    // ListOffsets
    theirs::ListOffsetsRequest => ours::list_offsets::ListOffsetsRequest<'static> {
        replica_id, isolation_level [2..], topics, timeout_ms,
    }
    theirs::list_offsets_request::ListOffsetsTopic =>
    ours::list_offsets::ListOffsetsTopic<'static> { name, partitions }
    theirs::list_offsets_request::ListOffsetsPartition =>
    ours::list_offsets::ListOffsetsPartition {
        partition_index => partition, current_leader_epoch, timestamp,
    }
    theirs::ListOffsetsResponse => ours::list_offsets::ListOffsetsResponse<'static> {
        throttle_time_ms, topics,
    }
    theirs::list_offsets_response::ListOffsetsTopicResponse =>
    ours::list_offsets::ListOffsetsTopicResponse<'static> { name, partitions }
    theirs::list_offsets_response::ListOffsetsPartitionResponse =>
    ours::list_offsets::ListOffsetsPartitionResponse {
        partition_index => partition, error_code, timestamp, offset, leader_epoch [4..],
    }

    // Metadata
    theirs::MetadataRequest => ours::metadata::MetadataRequest<'static> {
        topics [null 1..], allow_auto_topic_creation [4..],
        include_cluster_authorized_operations [8..=10], include_topic_authorized_operations [8..],
    }
    theirs::metadata_request::MetadataRequestTopic =>
    ours::metadata::MetadataRequestTopic<'static> { @uuid topic_id, name [null 10..] }
    theirs::MetadataResponse => ours::metadata::MetadataResponse<'static> {
        throttle_time_ms, brokers, cluster_id, controller_id, topics,
        cluster_authorized_operations [8..=10], error_code,
    }
    theirs::metadata_response::MetadataResponseBroker =>
    ours::metadata::MetadataBroker<'static> { node_id, host, port, rack }
    theirs::metadata_response::MetadataResponseTopic => ours::metadata::MetadataTopic<'static> {
        error_code, name [null 12..], @uuid topic_id, is_internal, partitions,
        topic_authorized_operations [8..],
    }
    theirs::metadata_response::MetadataResponsePartition =>
    ours::metadata::MetadataPartition<'static> {
        error_code, partition_index => partition, leader_id, leader_epoch, replica_nodes,
        isr_nodes, offline_replicas,
    }

    // FindCoordinator
    theirs::FindCoordinatorRequest => ours::find_coordinator::FindCoordinatorRequest<'static> {
        key [..=3], key_type [1..], coordinator_keys [4..],
    }
    theirs::FindCoordinatorResponse => ours::find_coordinator::FindCoordinatorResponse<'static> {
        throttle_time_ms, error_code [..=3], error_message, node_id [..=3], host [..=3],
        port [..=3], coordinators [4..],
    }
    theirs::find_coordinator_response::Coordinator =>
    ours::find_coordinator::Coordinator<'static> {
        key, node_id, host, port, error_code, error_message,
    }

    // ApiVersions
    theirs::ApiVersionsRequest => ours::api_versions::ApiVersionsRequest<'static> {
        client_software_name, client_software_version,
    }
    theirs::ApiVersionsResponse => ours::api_versions::ApiVersionsResponse<'static> {
        error_code, api_keys, throttle_time_ms, supported_features, finalized_features_epoch,
        finalized_features, zk_migration_ready,
    }
    theirs::api_versions_response::ApiVersion => ours::api_versions::ApiVersionRange {
        api_key, min_version, max_version,
    }
    theirs::api_versions_response::SupportedFeatureKey =>
    ours::api_versions::SupportedFeature<'static> { name, min_version, max_version }
    theirs::api_versions_response::FinalizedFeatureKey =>
    ours::api_versions::FinalizedFeature<'static> { name, max_version_level, min_version_level }

    // CreateTopics
    theirs::CreateTopicsRequest => ours::create_topics::CreateTopicsRequest<'static> {
        topics, timeout_ms, validate_only,
    }
    theirs::create_topics_request::CreatableTopic =>
    ours::create_topics::CreatableTopic<'static> {
        name, num_partitions, replication_factor, assignments, configs,
    }
    theirs::create_topics_request::CreatableReplicaAssignment =>
    ours::create_topics::CreatableReplicaAssignment<'static> {
        partition_index => partition, broker_ids,
    }
    theirs::create_topics_request::CreatableTopicConfig =>
    ours::create_topics::CreatableTopicConfig<'static> { name, value }
    theirs::CreateTopicsResponse => ours::create_topics::CreateTopicsResponse<'static> {
        throttle_time_ms, topics,
    }
    theirs::create_topics_response::CreatableTopicResult =>
    ours::create_topics::CreatableTopicResult<'static> {
        name, @uuid topic_id, error_code, error_message, topic_config_error_code,
        num_partitions, replication_factor, configs,
    }
    theirs::create_topics_response::CreatableTopicConfigs =>
    ours::create_topics::CreatableTopicConfigs<'static> {
        name, value, read_only, config_source, is_sensitive,
    }

    // DeleteTopics
    theirs::DeleteTopicsRequest => ours::delete_topics::DeleteTopicsRequest<'static> {
        topics [6..], topic_names, timeout_ms,
    }
    theirs::delete_topics_request::DeleteTopicState =>
    ours::delete_topics::DeleteTopic<'static> { name, @uuid topic_id }
    theirs::DeleteTopicsResponse => ours::delete_topics::DeleteTopicsResponse<'static> {
        throttle_time_ms, responses,
    }
    theirs::delete_topics_response::DeletableTopicResult =>
    ours::delete_topics::DeletedTopic<'static> {
        name [null 6..], @uuid topic_id, error_code, error_message,
    }

    // DeleteRecords
    theirs::DeleteRecordsRequest => ours::delete_records::DeleteRecordsRequest<'static> {
        topics, timeout_ms,
    }
    theirs::delete_records_request::DeleteRecordsTopic =>
    ours::delete_records::DeleteRecordsTopic<'static> { name, partitions }
    theirs::delete_records_request::DeleteRecordsPartition =>
    ours::delete_records::DeleteRecordsPartition { partition_index => partition, offset }
    theirs::DeleteRecordsResponse => ours::delete_records::DeleteRecordsResponse<'static> {
        throttle_time_ms, topics,
    }
    theirs::delete_records_response::DeleteRecordsTopicResult =>
    ours::delete_records::DeleteRecordsTopicResult<'static> { name, partitions }
    theirs::delete_records_response::DeleteRecordsPartitionResult =>
    ours::delete_records::DeleteRecordsPartitionResult {
        partition_index => partition, low_watermark, error_code,
    }

    // InitProducerId; what version 6 adds is not stable, and not ours.
    theirs::InitProducerIdRequest => ours::init_producer_id::InitProducerIdRequest<'static> {
        transactional_id, transaction_timeout_ms, producer_id [3..], producer_epoch [3..],
        @unserved enable_2_pc, @unserved keep_prepared_txn,
    }
    theirs::InitProducerIdResponse => ours::init_producer_id::InitProducerIdResponse {
        throttle_time_ms, error_code, producer_id, producer_epoch,
        @unserved ongoing_txn_producer_id, @unserved ongoing_txn_producer_epoch,
    }

    // OffsetForLeaderEpoch
    theirs::OffsetForLeaderEpochRequest =>
    ours::offset_for_leader_epoch::OffsetForLeaderEpochRequest<'static> { replica_id, topics }
    theirs::offset_for_leader_epoch_request::OffsetForLeaderTopic =>
    ours::offset_for_leader_epoch::EpochTopic<'static> { topic, partitions }
    theirs::offset_for_leader_epoch_request::OffsetForLeaderPartition =>
    ours::offset_for_leader_epoch::EpochPartition {
        partition, current_leader_epoch, leader_epoch,
    }
    theirs::OffsetForLeaderEpochResponse =>
    ours::offset_for_leader_epoch::OffsetForLeaderEpochResponse<'static> {
        throttle_time_ms, topics,
    }
    theirs::offset_for_leader_epoch_response::OffsetForLeaderTopicResult =>
    ours::offset_for_leader_epoch::EpochTopicResult<'static> { topic, partitions }
    theirs::offset_for_leader_epoch_response::EpochEndOffset =>
    ours::offset_for_leader_epoch::EpochEndOffset {
        error_code, partition, leader_epoch, end_offset,
    }

    // DescribeConfigs
    theirs::DescribeConfigsRequest => ours::describe_configs::DescribeConfigsRequest<'static> {
        resources, include_synonyms, include_documentation [3..],
    }
    theirs::describe_configs_request::DescribeConfigsResource =>
    ours::describe_configs::DescribeConfigsResource<'static> {
        resource_type, resource_name, configuration_keys,
    }
    theirs::DescribeConfigsResponse => ours::describe_configs::DescribeConfigsResponse<'static> {
        throttle_time_ms, results,
    }
    theirs::describe_configs_response::DescribeConfigsResult =>
    ours::describe_configs::DescribeConfigsResult<'static> {
        error_code, error_message, resource_type, resource_name, configs,
    }
    theirs::describe_configs_response::DescribeConfigsResourceResult =>
    ours::describe_configs::DescribedConfig<'static> {
        name, value, read_only, config_source, is_sensitive, synonyms, config_type,
        documentation,
    }
    theirs::describe_configs_response::DescribeConfigsSynonym =>
    ours::describe_configs::ConfigSynonym<'static> { name, value, source }

    // AlterConfigs
    theirs::AlterConfigsRequest => ours::alter_configs::AlterConfigsRequest<'static> {
        resources, validate_only,
    }
    theirs::alter_configs_request::AlterConfigsResource =>
    ours::alter_configs::AlterConfigsResource<'static> { resource_type, resource_name, configs }
    theirs::alter_configs_request::AlterableConfig =>
    ours::alter_configs::AlterableConfig<'static> { name, value }
    theirs::AlterConfigsResponse => ours::alter_configs::AlterConfigsResponse<'static> {
        throttle_time_ms, responses,
    }
    theirs::alter_configs_response::AlterConfigsResourceResponse =>
    ours::alter_configs::AlterConfigsResourceResponse<'static> {
        error_code, error_message, resource_type, resource_name,
    }

    // DescribeLogDirs
    theirs::DescribeLogDirsRequest => ours::describe_log_dirs::DescribeLogDirsRequest<'static> {
        topics,
    }
    theirs::describe_log_dirs_request::DescribableLogDirTopic =>
    ours::describe_log_dirs::LogDirTopic<'static> { topic, partitions }
    theirs::DescribeLogDirsResponse =>
    ours::describe_log_dirs::DescribeLogDirsResponse<'static> {
        throttle_time_ms, error_code, results,
    }
    theirs::describe_log_dirs_response::DescribeLogDirsResult =>
    ours::describe_log_dirs::DescribedLogDir<'static> {
        error_code, log_dir, topics, total_bytes, usable_bytes,
    }
    theirs::describe_log_dirs_response::DescribeLogDirsTopic =>
    ours::describe_log_dirs::DescribedLogDirTopic<'static> { name, partitions }
    theirs::describe_log_dirs_response::DescribeLogDirsPartition =>
    ours::describe_log_dirs::DescribedLogDirPartition {
        partition_index => partition, partition_size, offset_lag, is_future_key,
    }

    // CreatePartitions
    theirs::CreatePartitionsRequest => ours::create_partitions::CreatePartitionsRequest<'static> {
        topics, timeout_ms, validate_only,
    }
    theirs::create_partitions_request::CreatePartitionsTopic =>
    ours::create_partitions::CreatePartitionsTopic<'static> { name, count, assignments }
    theirs::create_partitions_request::CreatePartitionsAssignment =>
    ours::create_partitions::CreatePartitionsAssignment<'static> { broker_ids }
    theirs::CreatePartitionsResponse =>
    ours::create_partitions::CreatePartitionsResponse<'static> { throttle_time_ms, results }
    theirs::create_partitions_response::CreatePartitionsTopicResult =>
    ours::create_partitions::CreatePartitionsResult<'static> { name, error_code, error_message }

    // ElectLeaders
    theirs::ElectLeadersRequest => ours::elect_leaders::ElectLeadersRequest<'static> {
        election_type [1..], topic_partitions, timeout_ms,
    }
    theirs::elect_leaders_request::TopicPartitions =>
    ours::elect_leaders::ElectionTopic<'static> { topic, partitions }
    theirs::ElectLeadersResponse => ours::elect_leaders::ElectLeadersResponse<'static> {
        throttle_time_ms, error_code [1..], replica_election_results,
    }
    theirs::elect_leaders_response::ReplicaElectionResult =>
    ours::elect_leaders::ElectionTopicResult<'static> { topic, partition_result }
    theirs::elect_leaders_response::PartitionResult =>
    ours::elect_leaders::ElectionPartitionResult<'static> {
        partition_id => partition, error_code, error_message,
    }

    // IncrementalAlterConfigs
    theirs::IncrementalAlterConfigsRequest =>
    ours::incremental_alter_configs::IncrementalAlterConfigsRequest<'static> {
        resources, validate_only,
    }
    theirs::incremental_alter_configs_request::AlterConfigsResource =>
    ours::incremental_alter_configs::AlterConfigsResource<'static> {
        resource_type, resource_name, configs,
    }
    theirs::incremental_alter_configs_request::AlterableConfig =>
    ours::incremental_alter_configs::AlterableConfig<'static> { name, config_operation, value }
    theirs::IncrementalAlterConfigsResponse =>
    ours::incremental_alter_configs::IncrementalAlterConfigsResponse<'static> {
        throttle_time_ms, responses,
    }
    theirs::incremental_alter_configs_response::AlterConfigsResourceResponse =>
    ours::incremental_alter_configs::AlterConfigsResourceResponse<'static> {
        error_code, error_message, resource_type, resource_name,
    }

    // DescribeCluster
    theirs::DescribeClusterRequest => ours::describe_cluster::DescribeClusterRequest {
        include_cluster_authorized_operations, endpoint_type [1..], include_fenced_brokers [2..],
    }
    theirs::DescribeClusterResponse => ours::describe_cluster::DescribeClusterResponse<'static> {
        throttle_time_ms, error_code, error_message, endpoint_type [1..], cluster_id,
        controller_id, brokers, cluster_authorized_operations,
    }
    theirs::describe_cluster_response::DescribeClusterBroker =>
    ours::describe_cluster::DescribeClusterBroker<'static> {
        broker_id, host, port, rack, is_fenced [2..],
    }

    // DescribeProducers
    theirs::DescribeProducersRequest =>
    ours::describe_producers::DescribeProducersRequest<'static> { topics }
    theirs::describe_producers_request::TopicRequest =>
    ours::describe_producers::ProducersTopic<'static> { name, partition_indexes => partitions }
    theirs::DescribeProducersResponse =>
    ours::describe_producers::DescribeProducersResponse<'static> { throttle_time_ms, topics }
    theirs::describe_producers_response::TopicResponse =>
    ours::describe_producers::ProducersTopicResult<'static> { name, partitions }
    theirs::describe_producers_response::PartitionResponse =>
    ours::describe_producers::ProducersPartitionResult<'static> {
        partition_index => partition, error_code, error_message, active_producers,
    }
    theirs::describe_producers_response::ProducerState =>
    ours::describe_producers::ProducerState {
        producer_id, producer_epoch, last_sequence, last_timestamp, coordinator_epoch,
        current_txn_start_offset,
    }

    // ListConfigResources
    theirs::ListConfigResourcesRequest =>
    ours::list_config_resources::ListConfigResourcesRequest<'static> { resource_types [1..] }
    theirs::ListConfigResourcesResponse =>
    ours::list_config_resources::ListConfigResourcesResponse<'static> {
        throttle_time_ms, error_code, config_resources,
    }
    theirs::list_config_resources_response::ConfigResource =>
    ours::list_config_resources::ListedConfigResource<'static> { resource_name, resource_type }

    // DescribeTopicPartitions
    theirs::DescribeTopicPartitionsRequest =>
    ours::describe_topic_partitions::DescribeTopicPartitionsRequest<'static> {
        topics, response_partition_limit, cursor,
    }
    theirs::describe_topic_partitions_request::TopicRequest =>
    ours::describe_topic_partitions::TopicRequest<'static> { name }
    theirs::describe_topic_partitions_request::Cursor =>
    ours::describe_topic_partitions::Cursor<'static> {
        topic_name, partition_index => partition,
    }
    theirs::DescribeTopicPartitionsResponse =>
    ours::describe_topic_partitions::DescribeTopicPartitionsResponse<'static> {
        throttle_time_ms, topics, next_cursor,
    }
    theirs::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic =>
    ours::describe_topic_partitions::DescribedTopic<'static> {
        error_code, name, @uuid topic_id, is_internal, partitions, topic_authorized_operations,
    }
    theirs::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition =>
    ours::describe_topic_partitions::DescribedPartition<'static> {
        error_code, partition_index => partition, leader_id, leader_epoch, replica_nodes,
        isr_nodes, eligible_leader_replicas, last_known_elr, offline_replicas,
    }
    theirs::describe_topic_partitions_response::Cursor =>
    ours::describe_topic_partitions::Cursor<'static> {
        topic_name, partition_index => partition,
    }
}
