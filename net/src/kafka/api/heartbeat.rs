//! `Heartbeat`, key 12, versions 0-4, flexible from 4: a member of a classic group is alive, and
//! learns of a rebalance.
//!
//! - 1: throttle time.
//! - 3: static members (KIP-345).
//!
//! Version 2 changes nothing on the wire.

use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::GenerationId;
use crate::kafka::wire::wire_struct;

wire_struct! {
    /// Says that a member is alive.
    pub struct HeartbeatRequest<'a> {
        /// The group.
        group_id: &'a str;
        /// The generation that the member joined.
        generation_id: GenerationId;
        /// The member.
        member_id: &'a str;
        /// The static member's own name.
        group_instance_id: Option<&'a str> [3.., strict];
    }
}

wire_struct! {
    /// Whether all is well.
    pub struct HeartbeatResponse {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
        /// `REBALANCE_IN_PROGRESS` if the member has to join again.
        error_code: ErrorCode;
    }
}
