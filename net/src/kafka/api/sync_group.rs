//! `SyncGroup`, key 14, versions 0-5, flexible from 4: the leader of a classic group brings
//! everybody's assignment, each member fetches its own.
//!
//! - 1: throttle time.
//! - 3: static members (KIP-345).
//! - 5: the protocol's type and name, to be compared with the group's (KIP-559).
//!
//! Versions 2 and 4 change nothing but the encoding.

use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::GenerationId;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for the member's assignment.
    pub struct SyncGroupRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// The generation that the member joined.
        generation_id: GenerationId;
        /// The member.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str> [3.., strict];
        /// The kind of group that the member takes it for.
        protocol_type: Option<&'a str> [5.., ignorable];
        /// The protocol that the member takes it to have.
        protocol_name: Option<&'a str> [5.., ignorable];
        /// From the leader, what each member gets; from others none.
        assignments: Array<'a, MemberAssignment<'a>>;
    }
}

wire_struct! {
    /// What a member gets.
    pub struct MemberAssignment<'a> {
        /// The member.
        member_id: &'a str;
        /// For the member; of a consumer, see [`crate::kafka::consumer_protocol`].
        assignment: &'a [u8];
    }
}

wire_struct! {
    /// The member's assignment.
    pub struct SyncGroupResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
        /// Whether it went well.
        error_code: ErrorCode;
        /// The kind of group.
        protocol_type: Option<&'a str> [5.., ignorable];
        /// The group's protocol.
        protocol_name: Option<&'a str> [5.., ignorable];
        /// What the leader brought for the member.
        assignment: &'a [u8];
    }
}
