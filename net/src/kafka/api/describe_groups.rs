//! `DescribeGroups`, key 15, versions 0-6, flexible from 5: classic groups and their members.
//!
//! - 1: throttle time.
//! - 3: what the client may do, if asked for (KIP-430).
//! - 4: static members (KIP-345).
//! - 6: error messages; a missing group is `GROUP_ID_NOT_FOUND` and not dead (KIP-1043).
//!
//! Version 2 changes nothing on the wire.

use crate::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for groups.
    pub struct DescribeGroupsRequest<'a> {
        /// Their ids.
        groups: Array<'a, &'a str>;
        /// Whether to say what the client may do.
        include_authorized_operations: bool [3.., strict];
    }
}

wire_struct! {
    /// Groups.
    pub struct DescribeGroupsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
        /// The groups asked for.
        groups: Array<'a, DescribedGroup<'a>>;
    }
}

wire_struct! {
    /// A group.
    pub struct DescribedGroup<'a> {
        /// Whether it was found.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> [6.., strict];
        /// Its id.
        group_id: &'a str;
        /// Its state, in Kafka's words; empty if it was not found.
        group_state: &'a str;
        /// The kind of group, `consumer` for consumers.
        protocol_type: &'a str;
        /// The protocol that all members can do, empty without a generation.
        protocol_data: &'a str;
        /// Its members.
        members: Array<'a, DescribedMember<'a>>;
        /// What the client may do to the group, a bit per operation.
        authorized_operations: i32 [3.., strict] = OPERATIONS_NOT_ASKED;
    }
}

wire_struct! {
    /// A member.
    pub struct DescribedMember<'a> {
        /// Its id.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str> [4.., ignorable];
        /// The client's name for itself.
        client_id: &'a str;
        /// The client's address.
        client_host: &'a str;
        /// What it said for the group's protocol; of a consumer, see
        /// [`crate::kafka::consumer_protocol`].
        member_metadata: &'a [u8];
        /// What the leader gave it.
        member_assignment: &'a [u8];
    }
}
