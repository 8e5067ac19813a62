//! `JoinGroup`, key 11, versions 0-9, flexible from 6: joins a classic group; the answer comes when
//! the group has a new generation.
//!
//! - 1: a timeout for rebalances of its own; below, the session's is meant.
//! - 2: throttle time.
//! - 4: a member without an id is given one with `MEMBER_ID_REQUIRED`, and asks again (KIP-394).
//! - 5: static members (KIP-345).
//! - 7: the protocol's type is answered; type and name may be null (KIP-559).
//! - 8: why the member joins (KIP-800).
//! - 9: the leader may be told to keep the assignment (KIP-814).
//!
//! Versions 3 and 6 change nothing but the encoding.

use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::GenerationId;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks to be in a group.
    pub struct JoinGroupRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// How long the member may stay silent before it is put out, in milliseconds.
        session_timeout_ms: i32;
        /// How long a rebalance waits for the member to join again, in milliseconds; -1 below
        /// version 1, where it is the session's timeout.
        rebalance_timeout_ms: i32 [1.., ignorable] = -1;
        /// The id that the coordinator gave, empty at first.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str> [5.., strict];
        /// The kind of group, `consumer` for consumers.
        protocol_type: &'a str;
        /// The protocols that the member can do, the best first.
        protocols: Array<'a, JoinGroupProtocol<'a>>;
        /// Why it joins, in words.
        reason: Option<&'a str> [8.., ignorable];
    }
}

wire_struct! {
    /// A protocol that a member can do: an assignor, if it is a consumer.
    pub struct JoinGroupProtocol<'a> {
        /// Its name.
        name: &'a str;
        /// For the leader; of a consumer, see [`crate::kafka::consumer_protocol`].
        metadata: &'a [u8];
    }
}

wire_struct! {
    /// The generation that the member is in.
    pub struct JoinGroupResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [2.., ignorable];
        /// Whether it is in.
        error_code: ErrorCode;
        /// The generation.
        generation_id: GenerationId = GenerationId::NONE;
        /// The kind of group.
        protocol_type: Option<&'a str> [7.., ignorable];
        /// The protocol that all members can do.
        protocol_name: Option<&'a str> [null 7..] = Some("");
        /// The id of the member that assigns.
        leader: &'a str;
        /// Whether the leader must not assign anew.
        skip_assignment: bool [9.., strict];
        /// The member's own id, given with `MEMBER_ID_REQUIRED` too.
        member_id: &'a str;
        /// All members for the leader, none for the others.
        members: Array<'a, JoinGroupMember<'a>>;
    }
}

wire_struct! {
    /// A member, as the leader is told.
    pub struct JoinGroupMember<'a> {
        /// Its id.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str> [5.., ignorable];
        /// What it said for the protocol that was taken.
        metadata: &'a [u8];
    }
}
