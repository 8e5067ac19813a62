//! `DescribeCluster`, key 60, versions 0-2, flexible in all (KIP-700).
//!
//! - 1: brokers or controllers (KIP-919).
//! - 2: fenced brokers (KIP-1073).

use record::NodeId;

use crate::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

/// Brokers are asked about.
pub const ENDPOINT_BROKERS: i8 = 1;
/// Controllers are asked about.
pub const ENDPOINT_CONTROLLERS: i8 = 2;

wire_struct! {
    /// Asks for the brokers.
    pub struct DescribeClusterRequest {
        /// Whether what the client may do to the cluster is asked for.
        include_cluster_authorized_operations: bool;
        /// [`ENDPOINT_BROKERS`] or [`ENDPOINT_CONTROLLERS`].
        endpoint_type: i8 [1.., strict] = ENDPOINT_BROKERS;
        /// Whether brokers that are up but not yet in service are listed too.
        include_fenced_brokers: bool [2.., strict];
    }
}

wire_struct! {
    /// The brokers.
    pub struct DescribeClusterResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str>;
        /// What is listed, as in the request.
        endpoint_type: i8 [1.., strict] = ENDPOINT_BROKERS;
        /// The cluster's id.
        cluster_id: &'a str;
        /// The controller, -1 if unknown.
        controller_id: NodeId = NodeId(-1);
        /// The brokers.
        brokers: Array<'a, DescribeClusterBroker<'a>>;
        /// What the client may do to the cluster, a bit per operation.
        cluster_authorized_operations: i32 = OPERATIONS_NOT_ASKED;
    }
}

wire_struct! {
    /// A broker.
    pub struct DescribeClusterBroker<'a> {
        /// Its id.
        broker_id: NodeId;
        /// Its host name or address, as this client reaches it.
        host: &'a str;
        /// Its port.
        port: i32;
        /// Its rack, if it has one.
        rack: Option<&'a str>;
        /// Whether it is up but not in service.
        is_fenced: bool [2.., strict];
    }
}
