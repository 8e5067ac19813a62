//! Their structs beside ours, for the APIs of groups; see `oracle`.

use kafka_protocol::messages as theirs;
use net::kafka::api as ours;
use net::kafka::consumer_protocol;
use record::PartitionIndex;

use crate::entropy::{Entropy, Generate};
use crate::mirror::{Mirror, pairs};

pairs! {
    // OffsetCommit; topic ids come with version 10.
    theirs::OffsetCommitRequest => ours::offset_commit::OffsetCommitRequest<'static> {
        group_id, generation_id_or_member_epoch, member_id, group_instance_id [7..],
        retention_time_ms, topics,
    }
    theirs::offset_commit_request::OffsetCommitRequestTopic =>
    ours::offset_commit::OffsetCommitTopic<'static> { name, @unserved topic_id, partitions }
    theirs::offset_commit_request::OffsetCommitRequestPartition =>
    ours::offset_commit::OffsetCommitPartition<'static> {
        partition_index => partition, committed_offset, committed_leader_epoch,
        committed_metadata,
    }
    theirs::OffsetCommitResponse => ours::offset_commit::OffsetCommitResponse<'static> {
        throttle_time_ms, topics,
    }
    theirs::offset_commit_response::OffsetCommitResponseTopic =>
    ours::offset_commit::OffsetCommitTopicResult<'static> { name, @unserved topic_id, partitions }
    theirs::offset_commit_response::OffsetCommitResponsePartition =>
    ours::offset_commit::OffsetCommitPartitionResult {
        partition_index => partition, error_code,
    }

    // OffsetFetch; theirs has two structs for what is the same in all versions.
    theirs::OffsetFetchRequest => ours::offset_fetch::OffsetFetchRequest<'static> {
        group_id [..=7], topics [..=7, null 2..], groups [8..], require_stable [7..],
    }
    theirs::offset_fetch_request::OffsetFetchRequestTopic =>
    ours::offset_fetch::OffsetFetchTopic<'static> { name, partition_indexes => partitions }
    theirs::offset_fetch_request::OffsetFetchRequestGroup =>
    ours::offset_fetch::OffsetFetchGroup<'static> { group_id, member_id, member_epoch, topics }
    theirs::offset_fetch_request::OffsetFetchRequestTopics =>
    ours::offset_fetch::OffsetFetchTopic<'static> {
        name, @unserved topic_id, partition_indexes => partitions,
    }
    theirs::OffsetFetchResponse => ours::offset_fetch::OffsetFetchResponse<'static> {
        throttle_time_ms, topics [..=7], error_code, groups [8..],
    }
    theirs::offset_fetch_response::OffsetFetchResponseTopic =>
    ours::offset_fetch::OffsetFetchTopicResult<'static> { name, partitions }
    theirs::offset_fetch_response::OffsetFetchResponsePartition =>
    ours::offset_fetch::CommittedOffset<'static> {
        partition_index => partition, committed_offset, committed_leader_epoch, metadata,
        error_code,
    }
    theirs::offset_fetch_response::OffsetFetchResponseGroup =>
    ours::offset_fetch::OffsetFetchGroupResult<'static> { group_id, topics, error_code }
    theirs::offset_fetch_response::OffsetFetchResponseTopics =>
    ours::offset_fetch::OffsetFetchTopicResult<'static> { name, @unserved topic_id, partitions }
    theirs::offset_fetch_response::OffsetFetchResponsePartitions =>
    ours::offset_fetch::CommittedOffset<'static> {
        partition_index => partition, committed_offset, committed_leader_epoch, metadata,
        error_code,
    }

    // JoinGroup
    theirs::JoinGroupRequest => ours::join_group::JoinGroupRequest<'static> {
        group_id, session_timeout_ms, rebalance_timeout_ms, member_id, group_instance_id [5..],
        protocol_type, protocols, reason,
    }
    theirs::join_group_request::JoinGroupRequestProtocol =>
    ours::join_group::JoinGroupProtocol<'static> { name, @opaque metadata }
    theirs::JoinGroupResponse => ours::join_group::JoinGroupResponse<'static> {
        throttle_time_ms, error_code, generation_id, protocol_type, protocol_name [null 7..],
        leader, skip_assignment [9..], member_id, members,
    }
    theirs::join_group_response::JoinGroupResponseMember =>
    ours::join_group::JoinGroupMember<'static> { member_id, group_instance_id, @opaque metadata }

    // Heartbeat
    theirs::HeartbeatRequest => ours::heartbeat::HeartbeatRequest<'static> {
        group_id, generation_id, member_id, group_instance_id [3..],
    }
    theirs::HeartbeatResponse => ours::heartbeat::HeartbeatResponse {
        throttle_time_ms, error_code,
    }

    // LeaveGroup
    theirs::LeaveGroupRequest => ours::leave_group::LeaveGroupRequest<'static> {
        group_id, member_id [..=2], members [3..],
    }
    theirs::leave_group_request::MemberIdentity => ours::leave_group::LeavingMember<'static> {
        member_id, group_instance_id, reason,
    }
    theirs::LeaveGroupResponse => ours::leave_group::LeaveGroupResponse<'static> {
        throttle_time_ms, error_code, members [3..],
    }
    theirs::leave_group_response::MemberResponse => ours::leave_group::LeftMember<'static> {
        member_id, group_instance_id, error_code,
    }

    // SyncGroup
    theirs::SyncGroupRequest => ours::sync_group::SyncGroupRequest<'static> {
        group_id, generation_id, member_id, group_instance_id [3..], protocol_type,
        protocol_name, assignments,
    }
    theirs::sync_group_request::SyncGroupRequestAssignment =>
    ours::sync_group::MemberAssignment<'static> { member_id, @opaque assignment }
    theirs::SyncGroupResponse => ours::sync_group::SyncGroupResponse<'static> {
        throttle_time_ms, error_code, protocol_type, protocol_name, @opaque assignment,
    }

    // DescribeGroups
    theirs::DescribeGroupsRequest => ours::describe_groups::DescribeGroupsRequest<'static> {
        groups, include_authorized_operations [3..],
    }
    theirs::DescribeGroupsResponse => ours::describe_groups::DescribeGroupsResponse<'static> {
        throttle_time_ms, groups,
    }
    theirs::describe_groups_response::DescribedGroup =>
    ours::describe_groups::DescribedGroup<'static> {
        error_code, error_message [6..], group_id, group_state, protocol_type, protocol_data,
        members, authorized_operations [3..],
    }
    theirs::describe_groups_response::DescribedGroupMember =>
    ours::describe_groups::DescribedMember<'static> {
        member_id, group_instance_id, client_id, client_host, @opaque member_metadata,
        @opaque member_assignment,
    }

    // ListGroups
    theirs::ListGroupsRequest => ours::list_groups::ListGroupsRequest<'static> {
        states_filter [4..], types_filter [5..],
    }
    theirs::ListGroupsResponse => ours::list_groups::ListGroupsResponse<'static> {
        throttle_time_ms, error_code, groups,
    }
    theirs::list_groups_response::ListedGroup => ours::list_groups::ListedGroup<'static> {
        group_id, protocol_type, group_state, group_type,
    }

    // DeleteGroups
    theirs::DeleteGroupsRequest => ours::delete_groups::DeleteGroupsRequest<'static> {
        groups_names,
    }
    theirs::DeleteGroupsResponse => ours::delete_groups::DeleteGroupsResponse<'static> {
        throttle_time_ms, results,
    }
    theirs::delete_groups_response::DeletableGroupResult =>
    ours::delete_groups::DeletedGroup<'static> { group_id, error_code }

    // OffsetDelete
    theirs::OffsetDeleteRequest => ours::offset_delete::OffsetDeleteRequest<'static> [untagged] {
        group_id, topics,
    }
    theirs::offset_delete_request::OffsetDeleteRequestTopic =>
    ours::offset_delete::OffsetDeleteTopic<'static> [untagged] { name, partitions }
    theirs::OffsetDeleteResponse =>
    ours::offset_delete::OffsetDeleteResponse<'static> [untagged] {
        error_code, throttle_time_ms, topics,
    }
    theirs::offset_delete_response::OffsetDeleteResponseTopic =>
    ours::offset_delete::OffsetDeleteTopicResult<'static> [untagged] { name, partitions }
    theirs::offset_delete_response::OffsetDeleteResponsePartition =>
    ours::offset_delete::OffsetDeletePartitionResult [untagged] {
        partition_index => partition, error_code,
    }

    // ConsumerGroupHeartbeat
    theirs::ConsumerGroupHeartbeatRequest =>
    ours::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest<'static> {
        group_id, member_id, member_epoch, instance_id, rack_id, rebalance_timeout_ms,
        subscribed_topic_names, subscribed_topic_regex [1..], server_assignor, topic_partitions,
    }
    theirs::consumer_group_heartbeat_request::TopicPartitions =>
    ours::consumer_group_heartbeat::TopicPartitions<'static> { @uuid topic_id, partitions }
    theirs::ConsumerGroupHeartbeatResponse =>
    ours::consumer_group_heartbeat::ConsumerGroupHeartbeatResponse<'static> {
        throttle_time_ms, error_code, error_message, member_id, member_epoch,
        heartbeat_interval_ms, assignment,
    }
    theirs::consumer_group_heartbeat_response::Assignment =>
    ours::consumer_group_heartbeat::Assignment<'static> { topic_partitions }
    theirs::consumer_group_heartbeat_response::TopicPartitions =>
    ours::consumer_group_heartbeat::TopicPartitions<'static> { @uuid topic_id, partitions }

    // ConsumerGroupDescribe
    theirs::ConsumerGroupDescribeRequest =>
    ours::consumer_group_describe::ConsumerGroupDescribeRequest<'static> {
        group_ids, include_authorized_operations,
    }
    theirs::ConsumerGroupDescribeResponse =>
    ours::consumer_group_describe::ConsumerGroupDescribeResponse<'static> {
        throttle_time_ms, groups,
    }
    theirs::consumer_group_describe_response::DescribedGroup =>
    ours::consumer_group_describe::DescribedConsumerGroup<'static> {
        error_code, error_message, group_id, group_state, group_epoch, assignment_epoch,
        assignor_name, members, authorized_operations,
    }
    theirs::consumer_group_describe_response::Member =>
    ours::consumer_group_describe::DescribedConsumer<'static> {
        member_id, instance_id, rack_id, member_epoch, client_id, client_host,
        subscribed_topic_names, subscribed_topic_regex, assignment, target_assignment,
        member_type,
    }
    theirs::consumer_group_describe_response::Assignment =>
    ours::consumer_group_describe::DescribedAssignment<'static> { topic_partitions }
    theirs::consumer_group_describe_response::TopicPartitions =>
    ours::consumer_group_describe::DescribedTopicPartitions<'static> {
        @uuid topic_id, topic_name, partitions,
    }

    // The consumer protocol
    theirs::ConsumerProtocolSubscription =>
    consumer_protocol::ConsumerProtocolSubscription<'static> [untagged] {
        topics, @bytes user_data, owned_partitions, generation_id, rack_id,
    }
    theirs::consumer_protocol_subscription::TopicPartition =>
    consumer_protocol::TopicPartitions<'static> [untagged] { topic, partitions }
    theirs::ConsumerProtocolAssignment =>
    consumer_protocol::ConsumerProtocolAssignment<'static> [untagged] {
        assigned_partitions, @bytes user_data,
    }
    theirs::consumer_protocol_assignment::TopicPartition =>
    consumer_protocol::TopicPartitions<'static> [untagged] { topic, partitions }
}

/// A struct of one number, which is that number for us.
impl Generate for theirs::offset_delete_request::OffsetDeleteRequestPartition {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self::default().with_partition_index(Generate::generate(e))
    }
}

impl Mirror<PartitionIndex> for theirs::offset_delete_request::OffsetDeleteRequestPartition {
    fn mirror(&self) -> PartitionIndex {
        PartitionIndex(self.partition_index)
    }
}
