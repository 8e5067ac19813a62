//! `ListConfigResources`, key 74, versions 0-1, flexible: what has configurations (KIP-1000).
//!
//! - 1: more than client metrics (KIP-1142).

use crate::kafka::config::ResourceType;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks what has configurations.
    pub struct ListConfigResourcesRequest<'a> {
        /// The kinds wanted, empty for all; below version 1 only client metrics.
        resource_types: Array<'a, ResourceType> [1.., strict];
    }
}

wire_struct! {
    /// What has configurations.
    pub struct ListConfigResourcesResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether it went well.
        error_code: ErrorCode;
        /// The things.
        config_resources: Array<'a, ListedConfigResource<'a>>;
    }
}

wire_struct! {
    /// A thing that has configurations.
    pub struct ListedConfigResource<'a> {
        /// Its name.
        resource_name: &'a str;
        /// Its kind.
        resource_type: ResourceType [1.., ignorable] = ResourceType::CLIENT_METRICS;
    }
}
