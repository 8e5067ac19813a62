//! `ListGroups`, key 16, versions 0-5, flexible from 3: the groups that a broker coordinates.
//!
//! - 1: throttle time.
//! - 4: states, and groups by state (KIP-518).
//! - 5: types, and groups by type (KIP-848).
//!
//! Version 2 changes nothing on the wire.

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for the broker's groups.
    pub struct ListGroupsRequest<'a> {
        /// The states wanted, in Kafka's words; empty for all.
        states_filter: Array<'a, &'a str> [4.., strict];
        /// The types wanted, in Kafka's words; empty for all.
        types_filter: Array<'a, &'a str> [5.., strict];
    }
}

wire_struct! {
    /// The broker's groups.
    pub struct ListGroupsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
        /// Whether it went well.
        error_code: ErrorCode;
        /// The groups.
        groups: Array<'a, ListedGroup<'a>>;
    }
}

wire_struct! {
    /// A group.
    pub struct ListedGroup<'a> {
        /// Its id.
        group_id: &'a str;
        /// The kind of group, `consumer` for consumers; empty if only offsets were committed.
        protocol_type: &'a str;
        /// Its state, in Kafka's words.
        group_state: &'a str [4.., ignorable];
        /// Its type, in Kafka's words: `classic`, `consumer`, `share` or `streams`.
        group_type: &'a str [5.., ignorable];
    }
}
