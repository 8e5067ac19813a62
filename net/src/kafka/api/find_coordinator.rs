//! `FindCoordinator`, key 10, versions 0-6, flexible from 3: who coordinates a group or a
//! transaction.
//!
//! - 1: the kind of key; throttle time and error message.
//! - 4: many keys at once (KIP-699); the single ones are gone.
//! - 5: `TRANSACTION_ABORTABLE` may be answered (KIP-890).
//! - 6: share groups (KIP-932).
//!
//! Version 2 changes nothing on the wire.

use record::NodeId;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_newtype, wire_struct};

/// What a coordinator is looked for. Other values than those named are kept as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CoordinatorType(pub i8);

impl CoordinatorType {
    /// A consumer group, by its id.
    pub const GROUP: Self = Self(0);
    /// A transaction, by its transactional id.
    pub const TRANSACTION: Self = Self(1);
    /// A share partition, as `group:topic id:partition`.
    pub const SHARE: Self = Self(2);
}

wire_newtype!(CoordinatorType(i8));

wire_struct! {
    /// Asks for coordinators.
    pub struct FindCoordinatorRequest<'a> {
        /// The one key, up to version 3.
        key: &'a str [..=3, strict];
        /// What the keys are.
        key_type: CoordinatorType [1.., strict];
        /// The keys, from version 4.
        coordinator_keys: Array<'a, &'a str> [4.., strict];
    }
}

wire_struct! {
    /// Coordinators.
    pub struct FindCoordinatorResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
        /// Whether the one coordinator was found, up to version 3, as all up to `port`.
        error_code: ErrorCode [..=3, strict];
        /// Why not, in words.
        error_message: Option<&'a str> [1..=3, ignorable] = Some("");
        /// The broker.
        node_id: NodeId [..=3, strict];
        /// Its host name or address.
        host: &'a str [..=3, strict];
        /// Its port.
        port: i32 [..=3, strict];
        /// The coordinators, from version 4.
        coordinators: Array<'a, Coordinator<'a>> [4.., strict];
    }
}

wire_struct! {
    /// The coordinator of one key.
    pub struct Coordinator<'a> {
        /// The key.
        key: &'a str;
        /// The broker.
        node_id: NodeId;
        /// Its host name or address.
        host: &'a str;
        /// Its port.
        port: i32;
        /// Whether it was found.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
    }
}
