//! `DeleteGroups`, key 42, versions 0-2, flexible from 2: groups without members go, with their
//! offsets (KIP-229).
//!
//! Version 1 changes nothing on the wire.

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for groups to be deleted.
    pub struct DeleteGroupsRequest<'a> {
        /// Their ids.
        groups_names: Array<'a, &'a str>;
    }
}

wire_struct! {
    /// What became of the groups.
    pub struct DeleteGroupsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The groups.
        results: Array<'a, DeletedGroup<'a>>;
    }
}

wire_struct! {
    /// What became of a group.
    pub struct DeletedGroup<'a> {
        /// Its id.
        group_id: &'a str;
        /// Whether it is deleted; `NON_EMPTY_GROUP` while it has members.
        error_code: ErrorCode;
    }
}
