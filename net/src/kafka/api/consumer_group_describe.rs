//! `ConsumerGroupDescribe`, key 69, versions 0-1, flexible: KIP-848 groups and their members.
//!
//! - 1: which protocol a member speaks (KIP-1099).

use record::{PartitionIndex, TopicId};

use crate::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::{GroupEpoch, MemberEpoch};
use crate::kafka::wire::{Array, wire_newtype, wire_struct};

/// Which protocol a member speaks. Other values than those named are kept as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemberType(pub i8);

impl MemberType {
    /// Not known.
    pub const UNKNOWN: Self = Self(-1);
    /// The classic one.
    pub const CLASSIC: Self = Self(0);
    /// KIP-848's.
    pub const CONSUMER: Self = Self(1);
}

wire_newtype!(MemberType(i8));

wire_struct! {
    /// Asks for groups.
    pub struct ConsumerGroupDescribeRequest<'a> {
        /// Their ids.
        group_ids: Array<'a, &'a str>;
        /// Whether to say what the client may do.
        include_authorized_operations: bool;
    }
}

wire_struct! {
    /// Groups.
    pub struct ConsumerGroupDescribeResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The groups asked for.
        groups: Array<'a, DescribedConsumerGroup<'a>>;
    }
}

wire_struct! {
    /// A group.
    pub struct DescribedConsumerGroup<'a> {
        /// Whether it was found.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str>;
        /// Its id.
        group_id: &'a str;
        /// Its state, in Kafka's words; empty if it was not found.
        group_state: &'a str;
        /// Its epoch.
        group_epoch: GroupEpoch;
        /// The epoch that its target assignment was made for.
        assignment_epoch: GroupEpoch;
        /// The assignor that made it.
        assignor_name: &'a str;
        /// Its members.
        members: Array<'a, DescribedConsumer<'a>>;
        /// What the client may do to the group, a bit per operation.
        authorized_operations: i32 = OPERATIONS_NOT_ASKED;
    }
}

wire_struct! {
    /// A member.
    pub struct DescribedConsumer<'a> {
        /// Its id.
        member_id: &'a str;
        /// The static member's own name.
        instance_id: Option<&'a str>;
        /// The rack that it is in.
        rack_id: Option<&'a str>;
        /// Its epoch.
        member_epoch: MemberEpoch;
        /// The client's name for itself.
        client_id: &'a str;
        /// The client's address.
        client_host: &'a str;
        /// The topics that it wants by name.
        subscribed_topic_names: Array<'a, &'a str>;
        /// The topics that it wants by regular expression.
        subscribed_topic_regex: Option<&'a str>;
        /// What it has.
        assignment: DescribedAssignment<'a>;
        /// What it is to have.
        target_assignment: DescribedAssignment<'a>;
        /// Which protocol it speaks.
        member_type: MemberType [1.., ignorable] = MemberType::UNKNOWN;
    }
}

wire_struct! {
    /// What a member has or is to have.
    pub struct DescribedAssignment<'a> {
        /// The partitions, by topic.
        topic_partitions: Array<'a, DescribedTopicPartitions<'a>>;
    }
}

wire_struct! {
    /// Partitions of a topic.
    pub struct DescribedTopicPartitions<'a> {
        /// The topic.
        topic_id: TopicId;
        /// Its name.
        topic_name: &'a str;
        /// The partitions.
        partitions: Array<'a, PartitionIndex>;
    }
}
