//! `AlterConfigs`, key 33, versions 0-2, flexible from 2: replaces all configurations of a thing;
//! those that are not named go back to their defaults (KIP-133).
//!
//! Version 1 changes nothing on the wire.

use crate::kafka::config::ResourceType;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for configurations to be replaced.
    pub struct AlterConfigsRequest<'a> {
        /// Of what.
        resources: Array<'a, AlterConfigsResource<'a>>;
        /// Whether to check only, and change nothing.
        validate_only: bool;
    }
}

wire_struct! {
    /// What to replace configurations of.
    pub struct AlterConfigsResource<'a> {
        /// Its kind.
        resource_type: ResourceType;
        /// Its name.
        resource_name: &'a str;
        /// All that are not to have their defaults.
        configs: Array<'a, AlterableConfig<'a>>;
    }
}

wire_struct! {
    /// A configuration.
    pub struct AlterableConfig<'a> {
        /// Its name.
        name: &'a str;
        /// Its value.
        value: Option<&'a str> = Some("");
    }
}

wire_struct! {
    /// What became of the configurations.
    pub struct AlterConfigsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// By what they belong to.
        responses: Array<'a, AlterConfigsResourceResponse<'a>>;
    }
}

wire_struct! {
    /// What became of the configurations of one thing.
    pub struct AlterConfigsResourceResponse<'a> {
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
        /// Its kind.
        resource_type: ResourceType;
        /// Its name.
        resource_name: &'a str;
    }
}
