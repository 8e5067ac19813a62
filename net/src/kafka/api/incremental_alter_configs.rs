//! `IncrementalAlterConfigs`, key 44, versions 0-1, flexible from 1 (KIP-339).

use crate::kafka::config::{ConfigOperation, ResourceType};
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for configurations to be changed.
    pub struct IncrementalAlterConfigsRequest<'a> {
        /// Of what.
        resources: Array<'a, AlterConfigsResource<'a>>;
        /// Whether to check only, and change nothing.
        validate_only: bool;
    }
}

wire_struct! {
    /// What to change configurations of.
    pub struct AlterConfigsResource<'a> {
        /// Its kind.
        resource_type: ResourceType;
        /// Its name.
        resource_name: &'a str;
        /// The changes.
        configs: Array<'a, AlterableConfig<'a>>;
    }
}

wire_struct! {
    /// A change of one configuration.
    pub struct AlterableConfig<'a> {
        /// Its name.
        name: &'a str;
        /// What to do.
        config_operation: ConfigOperation;
        /// With which value; null to delete.
        value: Option<&'a str> = Some("");
    }
}

wire_struct! {
    /// What became of the changes.
    pub struct IncrementalAlterConfigsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// By what they belong to.
        responses: Array<'a, AlterConfigsResourceResponse<'a>>;
    }
}

wire_struct! {
    /// What became of the changes of one thing.
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
