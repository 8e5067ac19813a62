//! `DescribeConfigs`, key 32, versions 1-4, flexible from 4.
//!
//! - 3: types and documentation (KIP-569).
//!
//! Version 2 changes nothing on the wire.

use crate::kafka::config::{ConfigSource, ConfigType, ResourceType};
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for configurations.
    pub struct DescribeConfigsRequest<'a> {
        /// Of what.
        resources: Array<'a, DescribeConfigsResource<'a>>;
        /// Whether to list where a value could come from.
        include_synonyms: bool;
        /// Whether to explain each configuration.
        include_documentation: bool [3.., strict];
    }
}

wire_struct! {
    /// What to describe.
    pub struct DescribeConfigsResource<'a> {
        /// Its kind.
        resource_type: ResourceType;
        /// Its name.
        resource_name: &'a str;
        /// Which configurations; null, and in practice empty, for all.
        configuration_keys: Option<Array<'a, &'a str>> = Some(Array::EMPTY);
    }
}

wire_struct! {
    /// Configurations.
    pub struct DescribeConfigsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// What was asked about.
        results: Array<'a, DescribeConfigsResult<'a>>;
    }
}

wire_struct! {
    /// The configurations of one thing.
    pub struct DescribeConfigsResult<'a> {
        /// Whether it went well.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> = Some("");
        /// Its kind.
        resource_type: ResourceType;
        /// Its name.
        resource_name: &'a str;
        /// Its configurations.
        configs: Array<'a, DescribedConfig<'a>>;
    }
}

wire_struct! {
    /// A configuration.
    pub struct DescribedConfig<'a> {
        /// Its name.
        name: &'a str;
        /// Its value, null if it is secret.
        value: Option<&'a str> = Some("");
        /// Whether it can not be changed.
        read_only: bool;
        /// Where the value comes from.
        config_source: ConfigSource = ConfigSource::UNSET;
        /// Whether it is secret.
        is_sensitive: bool;
        /// Where the value could come from, if asked for.
        synonyms: Array<'a, ConfigSynonym<'a>>;
        /// The type of the value.
        config_type: ConfigType [3.., ignorable];
        /// What it is for, if asked for.
        documentation: Option<&'a str> [3.., ignorable] = Some("");
    }
}

wire_struct! {
    /// Where a configuration's value could come from.
    pub struct ConfigSynonym<'a> {
        /// The name there.
        name: &'a str;
        /// The value there.
        value: Option<&'a str> = Some("");
        /// Where.
        source: ConfigSource = ConfigSource(0);
    }
}
