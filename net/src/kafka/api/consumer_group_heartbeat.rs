//! `ConsumerGroupHeartbeat`, key 68, versions 0-1, flexible: a member joins, stays in or leaves a
//! KIP-848 group, says what it wants to read, and is told what it gets.
//!
//! - 1: topics by regular expression; the member makes its own id (KIP-1082).

use record::{PartitionIndex, TopicId};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::MemberEpoch;
use crate::kafka::wire::{Array, wire_nullable, wire_struct};

wire_struct! {
    /// Says that a member is alive, and what has changed.
    pub struct ConsumerGroupHeartbeatRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// The member, empty in version 0 if the coordinator is to name it.
        member_id: &'a str;
        /// Its epoch, or what it wants.
        member_epoch: MemberEpoch;
        /// The static member's own name, null if unchanged.
        instance_id: Option<&'a str>;
        /// The rack that the member is in, null if unchanged.
        rack_id: Option<&'a str>;
        /// How long the member may take to give partitions back, in milliseconds; -1 if unchanged.
        rebalance_timeout_ms: i32 = -1;
        /// The topics that it wants by name, null if unchanged.
        subscribed_topic_names: Option<Array<'a, &'a str>>;
        /// The topics that it wants by regular expression, null if unchanged.
        subscribed_topic_regex: Option<&'a str> [1.., strict];
        /// The broker's assignor that it wants, null if unchanged.
        server_assignor: Option<&'a str>;
        /// The partitions that it has, null if unchanged.
        topic_partitions: Option<Array<'a, TopicPartitions<'a>>>;
    }
}

wire_struct! {
    /// Partitions of a topic.
    pub struct TopicPartitions<'a> {
        /// The topic.
        topic_id: TopicId;
        /// The partitions.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// How the member stands.
    pub struct ConsumerGroupHeartbeatResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether all is well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str>;
        /// The member's id.
        member_id: Option<&'a str>;
        /// Its epoch.
        member_epoch: MemberEpoch;
        /// How often it should say that it is alive, in milliseconds.
        heartbeat_interval_ms: i32;
        /// What it is to have, null if unchanged.
        assignment: Option<Assignment<'a>>;
    }
}

wire_struct! {
    /// What a member is to have.
    pub struct Assignment<'a> {
        /// The partitions, by topic.
        topic_partitions: Array<'a, TopicPartitions<'a>>;
    }
}

wire_nullable!(Assignment<'a>);
