//! `ListConfigResources` (key 74): what has configurations (KIP-1142): all topics, this broker and
//! the groups on which something was set. Nobody subscribes to client metrics here, and log levels
//! are not configured.

use net::kafka::api::list_config_resources::{
    ListConfigResourcesRequest, ListConfigResourcesResponse, ListedConfigResource,
};
use net::kafka::config::ResourceType;
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};

/// Below this version only client metrics are asked for.
const TYPES_FROM: i16 = 1;
/// Every kind that can be asked for, in the order of the answer.
const KINDS: [ResourceType; 5] = [
    ResourceType::GROUP,
    ResourceType::CLIENT_METRICS,
    ResourceType::BROKER_LOGGER,
    ResourceType::BROKER,
    ResourceType::TOPIC,
];

impl Connection {
    /// Answers at once.
    pub(in crate::frontend::kafka) fn list_config_resources(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ListConfigResourcesRequest::decode(head.version, &mut reader)?;
        let kinds = kinds(head.version.number(), request.resource_types.iter());
        let error_code = kinds.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
        self.shard.metrics.error(head.api(), error_code);
        let mut names: Vec<(ResourceType, String)> = Vec::new();
        for kind in kinds.unwrap_or_default() {
            names.extend(self.configured(kind).into_iter().map(|name| (kind, name)));
        }
        let resources = names.iter().map(|(resource_type, name)| ListedConfigResource {
            resource_name: name,
            resource_type: *resource_type,
        });
        let resources: Vec<_> = resources.collect();
        let response = ListConfigResourcesResponse {
            throttle_time_ms: 0,
            error_code,
            config_resources: Array::from(&resources[..]),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// The names of one kind.
    fn configured(&self, kind: ResourceType) -> Vec<String> {
        match kind {
            ResourceType::GROUP => self.shard.dynamic.groups(),
            ResourceType::BROKER => vec![self.shard.config.settings.node_id.to_string()],
            ResourceType::TOPIC => {
                let topics = self.shard.topics.borrow().all();
                topics.iter().map(|topic| topic.name.to_string()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The kinds that are asked for, each once.
fn kinds(
    version: i16,
    asked: impl Iterator<Item = ResourceType>,
) -> Result<Vec<ResourceType>, ErrorCode> {
    if version < TYPES_FROM {
        return Ok(vec![ResourceType::CLIENT_METRICS]);
    }
    // Whatever is repeated, each kind has one place.
    let (mut wanted, mut any) = ([false; KINDS.len()], false);
    for kind in asked {
        let place = KINDS.iter().position(|known| *known == kind);
        wanted[place.ok_or(ErrorCode::UNSUPPORTED_VERSION)?] = true;
        any = true;
    }
    let kinds = KINDS.iter().zip(wanted).filter(|(_, wanted)| *wanted || !any);
    Ok(kinds.map(|(kind, _)| *kind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_asked_for_by_name_or_all_at_once() {
        let of = |version, asked: &[i8]| kinds(version, asked.iter().copied().map(ResourceType));
        assert_eq!(of(0, &[]), Ok(vec![ResourceType::CLIENT_METRICS]));
        assert_eq!(of(1, &[]), Ok(KINDS.to_vec()));
        assert_eq!(of(1, &[2, 32, 2]), Ok(vec![ResourceType::GROUP, ResourceType::TOPIC]));
        for unknown in [0, 1, 3, 64, -1] {
            assert_eq!(of(1, &[2, unknown]), Err(ErrorCode::UNSUPPORTED_VERSION));
        }
    }
}
