//! `IncrementalAlterConfigs` (key 44): changes of what is configured of topics, brokers and groups.
//! For each thing all of them are made or none, durable and on every shard before they are
//! answered.

use net::kafka::api::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use net::kafka::config::ConfigOperation;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::alter_resource::check_entries;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::{Alteration, ConfigChange};
use crate::topic_config::Operation;

impl Connection {
    /// Changes the resources one after the other.
    pub(in crate::frontend::kafka) async fn incremental_alter_configs(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = IncrementalAlterConfigsRequest::decode(head.version, &mut reader)?;
        let (resources, validate_only) = (request.resources, request.validate_only);
        let results = self.alter_each(
            head,
            resources,
            |resource| (resource.resource_type, resource.resource_name),
            alteration,
            validate_only,
        );
        let results = results.await;
        let responses = results.iter().map(|(resource_type, resource_name, result)| {
            AlterConfigsResourceResponse {
                error_code: error::code(result),
                error_message: error::message(result),
                resource_type: *resource_type,
                resource_name,
            }
        });
        let responses: Vec<_> = responses.collect();
        let response = IncrementalAlterConfigsResponse {
            throttle_time_ms: 0,
            responses: Array::from(&responses[..]),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn alteration(resource: &AlterConfigsResource<'_>) -> Result<Alteration, Problem> {
    let is_null = |config: &AlterableConfig<'_>| {
        config.value.is_none() && config.config_operation != ConfigOperation::DELETE
    };
    check_entries(resource.configs.iter().map(|config| (config.name, is_null(&config))))?;
    let changes = resource.configs.iter().map(|config| change(&config));
    Ok(Alteration::Changes(changes.collect::<Result<_, _>>()?))
}

fn change(config: &AlterableConfig<'_>) -> Result<ConfigChange, Problem> {
    let operation = match config.config_operation {
        ConfigOperation::SET => Operation::Set,
        ConfigOperation::DELETE => Operation::Delete,
        ConfigOperation::APPEND => Operation::Append,
        ConfigOperation::SUBTRACT => Operation::Subtract,
        ConfigOperation(other) => {
            return Err(Problem::invalid_request(format!("Unknown operation type {other}")));
        }
    };
    let (name, value) = (config.name.to_owned(), config.value.map(str::to_owned));
    Ok(ConfigChange { name, operation, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_kafkas_and_others_are_refused() {
        let of = |operation| {
            let config_operation = ConfigOperation(operation);
            let value = Some("1");
            change(&AlterableConfig { name: "retention.ms", config_operation, value })
        };
        let known = [Operation::Set, Operation::Delete, Operation::Append, Operation::Subtract];
        for (number, operation) in (0..).zip(known) {
            assert_eq!(of(number).unwrap().operation, operation);
        }
        for unknown in [4, -1, i8::MAX] {
            assert!(of(unknown).is_err(), "{unknown}");
        }
    }
}
