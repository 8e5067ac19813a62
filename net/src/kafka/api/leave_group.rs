//! `LeaveGroup`, key 13, versions 0-5, flexible from 4: members leave a classic group, or are put
//! out of it by an administrator.
//!
//! - 1: throttle time.
//! - 3: several members at once, static ones too (KIP-345); the single one is gone.
//! - 5: why (KIP-800).
//!
//! Versions 2 and 4 change nothing but the encoding.

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Takes members out of a group.
    pub struct LeaveGroupRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// The one member, up to version 2.
        member_id: &'a str [..=2, strict];
        /// The members, from version 3.
        members: Array<'a, LeavingMember<'a>> [3.., strict];
    }
}

wire_struct! {
    /// A member that leaves.
    pub struct LeavingMember<'a> {
        /// Its id; empty if only its own name is known.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str>;
        /// Why it leaves, in words.
        reason: Option<&'a str> [5.., ignorable];
    }
}

wire_struct! {
    /// What became of the members.
    pub struct LeaveGroupResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
        /// Whether it went well, up to version 2 for the one member.
        error_code: ErrorCode;
        /// The members, from version 3.
        members: Array<'a, LeftMember<'a>> [3.., strict];
    }
}

wire_struct! {
    /// What became of a member.
    pub struct LeftMember<'a> {
        /// Its id, as it was asked for.
        member_id: &'a str;
        /// The static member's own name, as it was asked for.
        group_instance_id: Option<&'a str> = Some("");
        /// Whether it left.
        error_code: ErrorCode;
    }
}
