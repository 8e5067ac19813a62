//! `AlterConfigs` (key 33): all configurations of a thing are these, and no others. For each thing
//! all of them are taken or none, durable and on every shard before they are answered.

use net::kafka::api::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::alter_resource::check_entries;
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
        let response =
            AlterConfigsResponse { throttle_time_ms: 0, responses: Array::from(&responses[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn alteration(resource: &AlterConfigsResource<'_>) -> Result<Alteration, Problem> {
    check_entries(resource.configs.iter().map(|config| (config.name, config.value.is_none())))?;
    let pairs = resource.configs.iter();
    let pairs = pairs.map(|c| (c.name.to_owned(), c.value.unwrap_or_default().to_owned()));
    Ok(Alteration::All(pairs.collect()))
}
