//! `AlterConfigs` (key 33): all configurations of a thing are these, and no others. For each thing
//! all of them are taken or none, durable and on every shard before they are answered.

use net::kafka::api::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::alter_resource::{Asked, check_entries};
use super::repeated::repeated;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::Alteration;

impl Connection {
    /// Alters the resources one after the other.
    pub(in crate::frontend::kafka) async fn alter_configs(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = AlterConfigsRequest::decode(head.version, &mut reader)?;
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
        let response =
            AlterConfigsResponse { throttle_time_ms: 0, responses: Array::from(&responses[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn asked<'a>(resource: &AlterConfigsResource<'a>) -> Result<Asked<'a>, Problem> {
    check_entries(resource.configs.iter().map(|config| (config.name, config.value.is_none())))?;
    let pairs = resource.configs.iter();
    let pairs = pairs.map(|c| (c.name.to_owned(), c.value.unwrap_or_default().to_owned()));
    Ok(Asked {
        resource_type: resource.resource_type,
        name: resource.resource_name,
        alteration: Alteration::All(pairs.collect()),
    })
}
