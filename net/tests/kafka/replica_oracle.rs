//! Their structs beside ours, for the APIs of replicas and of the quorum; see `oracle`.

use kafka_protocol::messages as theirs;
use net::kafka::api as ours;

use crate::mirror::pairs;

pairs! {
    // AlterReplicaLogDirs
    theirs::AlterReplicaLogDirsRequest =>
    ours::alter_replica_log_dirs::AlterReplicaLogDirsRequest<'static> { dirs }
    theirs::alter_replica_log_dirs_request::AlterReplicaLogDir =>
    ours::alter_replica_log_dirs::AlterReplicaLogDir<'static> { path, topics }
    theirs::alter_replica_log_dirs_request::AlterReplicaLogDirTopic =>
    ours::alter_replica_log_dirs::AlterReplicaLogDirTopic<'static> { name, partitions }
    theirs::AlterReplicaLogDirsResponse =>
    ours::alter_replica_log_dirs::AlterReplicaLogDirsResponse<'static> {
        throttle_time_ms, results,
    }
    theirs::alter_replica_log_dirs_response::AlterReplicaLogDirTopicResult =>
    ours::alter_replica_log_dirs::AlterReplicaLogDirTopicResult<'static> {
        topic_name, partitions,
    }
    theirs::alter_replica_log_dirs_response::AlterReplicaLogDirPartitionResult =>
    ours::alter_replica_log_dirs::AlterReplicaLogDirPartitionResult {
        partition_index => partition, error_code,
    }

    // AlterPartitionReassignments
    theirs::AlterPartitionReassignmentsRequest =>
    ours::alter_partition_reassignments::AlterPartitionReassignmentsRequest<'static> {
        timeout_ms, allow_replication_factor_change [1..], topics,
    }
    theirs::alter_partition_reassignments_request::ReassignableTopic =>
    ours::alter_partition_reassignments::ReassignableTopic<'static> { name, partitions }
    theirs::alter_partition_reassignments_request::ReassignablePartition =>
    ours::alter_partition_reassignments::ReassignablePartition<'static> {
        partition_index => partition, replicas,
    }
    theirs::AlterPartitionReassignmentsResponse =>
    ours::alter_partition_reassignments::AlterPartitionReassignmentsResponse<'static> {
        throttle_time_ms, allow_replication_factor_change, error_code, error_message, responses,
    }
    theirs::alter_partition_reassignments_response::ReassignableTopicResponse =>
    ours::alter_partition_reassignments::ReassignableTopicResponse<'static> { name, partitions }
    theirs::alter_partition_reassignments_response::ReassignablePartitionResponse =>
    ours::alter_partition_reassignments::ReassignablePartitionResponse<'static> {
        partition_index => partition, error_code, error_message,
    }

    // ListPartitionReassignments
    theirs::ListPartitionReassignmentsRequest =>
    ours::list_partition_reassignments::ListPartitionReassignmentsRequest<'static> {
        timeout_ms, topics,
    }
    theirs::list_partition_reassignments_request::ListPartitionReassignmentsTopics =>
    ours::list_partition_reassignments::ListReassignmentsTopic<'static> {
        name, partition_indexes => partitions,
    }
    theirs::ListPartitionReassignmentsResponse =>
    ours::list_partition_reassignments::ListPartitionReassignmentsResponse<'static> {
        throttle_time_ms, error_code, error_message, topics,
    }
    theirs::list_partition_reassignments_response::OngoingTopicReassignment =>
    ours::list_partition_reassignments::OngoingTopicReassignment<'static> { name, partitions }
    theirs::list_partition_reassignments_response::OngoingPartitionReassignment =>
    ours::list_partition_reassignments::OngoingPartitionReassignment<'static> {
        partition_index => partition, replicas, adding_replicas, removing_replicas,
    }

    // DescribeQuorum
    theirs::DescribeQuorumRequest => ours::describe_quorum::DescribeQuorumRequest<'static> {
        topics,
    }
    theirs::describe_quorum_request::TopicData => ours::describe_quorum::QuorumTopic<'static> {
        topic_name, partitions,
    }
    theirs::describe_quorum_request::PartitionData => ours::describe_quorum::QuorumPartition {
        partition_index => partition,
    }
    theirs::DescribeQuorumResponse => ours::describe_quorum::DescribeQuorumResponse<'static> {
        error_code, error_message, topics, nodes [2..],
    }
    theirs::describe_quorum_response::TopicData =>
    ours::describe_quorum::DescribedQuorumTopic<'static> { topic_name, partitions }
    theirs::describe_quorum_response::PartitionData =>
    ours::describe_quorum::DescribedQuorumPartition<'static> {
        partition_index => partition, error_code, error_message, leader_id, leader_epoch,
        high_watermark, current_voters, observers,
    }
    theirs::describe_quorum_response::ReplicaState => ours::describe_quorum::QuorumReplica {
        replica_id, @uuid replica_directory_id [2..], log_end_offset, last_fetch_timestamp,
        last_caught_up_timestamp,
    }
    theirs::describe_quorum_response::Node => ours::describe_quorum::QuorumNode<'static> {
        node_id, listeners,
    }
    theirs::describe_quorum_response::Listener =>
    ours::describe_quorum::QuorumListener<'static> { name, host, port }
}
