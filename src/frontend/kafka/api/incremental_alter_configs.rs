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

use super::alter_resource::{Asked, check_entries};
use super::repeated::repeated;
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
        let named = request.resources.iter().map(|r| (r.resource_type.0, r.resource_name));
        let twice = repeated(named);
        let mut results = Vec::with_capacity(request.resources.len());
        for resource in &request.resources {
            let key = (resource.resource_type.0, resource.resource_name);
            let result = if twice.contains(&key) {
                Err(Problem::invalid_request("Each resource must appear at most once."))
            } else {
                match asked(&resource) {
                    Ok(asked) => self.alter_resource(asked, request.validate_only).await,
                    Err(problem) => Err(problem),
                }
            };
            self.shard.metrics.error(head.api(), error::code(&result));
            results.push((resource, result));
            self.shard.runtime.yield_if_needed().await;
        }
        let responses = results.iter().map(|(resource, result)| AlterConfigsResourceResponse {
            error_code: error::code(result),
            error_message: error::message(result),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
        });
        let responses: Vec<_> = responses.collect();
        let response = IncrementalAlterConfigsResponse {
            throttle_time_ms: 0,
            responses: Array::from(&responses[..]),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn asked<'a>(resource: &AlterConfigsResource<'a>) -> Result<Asked<'a>, Problem> {
    let is_null = |config: &AlterableConfig<'_>| {
        config.value.is_none() && config.config_operation != ConfigOperation::DELETE
    };
    check_entries(resource.configs.iter().map(|config| (config.name, is_null(&config))))?;
    let changes = resource.configs.iter().map(|config| change(&config));
    Ok(Asked {
        resource_type: resource.resource_type,
        name: resource.resource_name,
        alteration: Alteration::Changes(changes.collect::<Result<_, _>>()?),
    })
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
