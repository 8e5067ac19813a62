//! `DescribeConfigs` (key 32): what topics, this broker and groups are set to, where each value
//! comes from and what it is for.

use std::collections::BTreeSet;

use net::kafka::api::describe_configs::{
    ConfigSynonym, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
    DescribeConfigsResult, DescribedConfig,
};
use net::kafka::config::ResourceType;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::config_source::{config_type, source};
use super::repeated::repeated;
use crate::broker::range::Range;
use crate::config::Described;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::{CommandError, check_topic_name};
use crate::topic_config::describe;

/// What a resource's configurations are, until they are encoded.
struct Answer<'a> {
    resource: DescribeConfigsResource<'a>,
    result: Result<Vec<Described>, Problem>,
}

impl Connection {
    /// Describes the resources one after the other.
    pub(in crate::frontend::kafka) async fn describe_configs(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeConfigsRequest::decode(head.version, &mut reader)?;
        let named = request.resources.iter().map(|r| (r.resource_type.0, r.resource_name));
        let twice = repeated(named);
        let mut answers = Vec::with_capacity(request.resources.len());
        for resource in &request.resources {
            let key = (resource.resource_type.0, resource.resource_name);
            let result = if twice.contains(&key) {
                // Kafka answers each time; here a small request stays a small answer.
                Err(Problem::invalid_request("Each resource must appear at most once."))
            } else {
                let described = self.described(&resource);
                described.map(|all| choose(all, &resource, request.include_synonyms))
            };
            self.shard.metrics.error(head.api(), error::code(&result));
            answers.push(Answer { resource, result });
            self.shard.runtime.yield_if_needed().await;
        }
        let mut synonyms = Vec::with_capacity(answers.len());
        for answer in &answers {
            synonyms.push(answer.synonyms());
            self.shard.runtime.yield_if_needed().await;
        }
        let mut configs = Vec::with_capacity(answers.len());
        for (answer, synonyms) in answers.iter().zip(&synonyms) {
            configs.push(answer.configs(synonyms, request.include_documentation));
            self.shard.runtime.yield_if_needed().await;
        }
        let results = answers.iter().zip(&configs).map(|(answer, configs)| DescribeConfigsResult {
            error_code: error::code(&answer.result),
            error_message: error::message(&answer.result),
            resource_type: answer.resource.resource_type,
            resource_name: answer.resource.resource_name,
            configs: Array::from(&configs[..]),
        });
        let results: Vec<_> = results.collect();
        let response =
            DescribeConfigsResponse { throttle_time_ms: 0, results: Array::from(&results[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// All configurations of a resource.
    fn described(&self, resource: &DescribeConfigsResource<'_>) -> Result<Vec<Described>, Problem> {
        let dynamic = &self.shard.dynamic;
        let config = dynamic.config();
        let name = resource.resource_name;
        match resource.resource_type {
            ResourceType::TOPIC => {
                check_topic_name(name)?;
                let topics = self.shard.topics.borrow();
                let topic = topics.named(name).ok_or(CommandError::UnknownTopic)?;
                Ok(describe(&config, &topic.overrides.borrow()))
            }
            ResourceType::BROKER => {
                let all = check_broker(name, config.settings.node_id)?;
                Ok(if all { config.describe() } else { dynamic.for_all_brokers().describe() })
            }
            ResourceType::GROUP if name.is_empty() => {
                Err(Problem::invalid_request("Group name must not be empty"))
            }
            ResourceType::GROUP => Ok(dynamic.of_group(name).describe(&config)),
            other => Err(unsupported(other)),
        }
    }
}

/// Whether this broker is meant, and not what was set for all brokers.
fn check_broker(name: &str, node: i32) -> Result<bool, Problem> {
    if name.is_empty() {
        return Ok(false);
    }
    let Ok(id) = name.parse::<i32>() else {
        let text = format!("Broker id must be an integer, but it is: {name}");
        return Err(Problem::invalid_request(text));
    };
    if id == node {
        return Ok(true);
    }
    let text =
        format!("Unexpected broker id, expected {node} or empty string, but received {name}");
    Err(Problem::invalid_request(text))
}

/// There are no configurations of such things here: nobody subscribes to client metrics, and what
/// is logged is said at the start.
pub(super) fn unsupported(resource_type: ResourceType) -> Problem {
    let name = match resource_type {
        ResourceType::BROKER_LOGGER => "BROKER_LOGGER",
        ResourceType::CLIENT_METRICS => "CLIENT_METRICS",
        ResourceType(other) => {
            return Problem::invalid_request(format!("Unsupported resource type: {other}"));
        }
    };
    Problem::invalid_request(format!("Unsupported resource type: {name}"))
}

/// Keeps what was asked for: a filter without names lets all through.
fn choose(
    mut described: Vec<Described>,
    resource: &DescribeConfigsResource<'_>,
    synonyms: bool,
) -> Vec<Described> {
    if let Some(keys) = resource.configuration_keys.filter(|keys| !keys.is_empty()) {
        let keys: BTreeSet<&str> = keys.iter().collect();
        described.retain(|described| keys.contains(described.name));
    }
    if !synonyms {
        for described in &mut described {
            described.synonyms.clear();
        }
    }
    described
}

impl Answer<'_> {
    fn described(&self) -> &[Described] {
        self.result.as_ref().map_or(&[], |described| described)
    }

    fn synonyms(&self) -> Vec<Vec<ConfigSynonym<'_>>> {
        self.described().iter().map(synonyms).collect()
    }

    fn configs<'a>(
        &'a self,
        synonyms: &'a [Vec<ConfigSynonym<'a>>],
        documentation: bool,
    ) -> Vec<DescribedConfig<'a>> {
        let described = self.described().iter().zip(synonyms);
        let config = described.map(|(described, synonyms)| DescribedConfig {
            name: described.name,
            value: described.value.as_deref().filter(|_| !described.sensitive),
            read_only: described.read_only,
            config_source: source(described.source),
            is_sensitive: described.sensitive,
            synonyms: Array::from(&synonyms[..]),
            config_type: config_type(described.value_type),
            documentation: documentation.then_some(described.documentation),
        });
        config.collect()
    }
}

fn synonyms(described: &Described) -> Vec<ConfigSynonym<'_>> {
    let synonyms = described.synonyms.iter().map(|synonym| ConfigSynonym {
        name: synonym.name,
        value: synonym.value.as_deref().filter(|_| !described.sensitive),
        source: source(synonym.source),
    });
    synonyms.collect()
}

#[cfg(test)]
mod tests {
    use net::kafka::config::ConfigSource;

    use super::*;
    use crate::config::Config;
    use crate::topic_config::Overrides;

    fn retention() -> Vec<Described> {
        let config = Config::default();
        let overrides = Overrides::create([("retention.ms", Some("5"))], &config).unwrap();
        describe(&config, &overrides)
    }

    fn topic<'a>(keys: Option<&'a [&'a str]>) -> DescribeConfigsResource<'a> {
        DescribeConfigsResource {
            resource_type: ResourceType::TOPIC,
            resource_name: "t",
            configuration_keys: keys.map(Array::from),
        }
    }

    #[test]
    fn a_filter_chooses_by_name_and_an_empty_one_everything() {
        let all = retention().len();
        let count = |keys| choose(retention(), &topic(keys), true).len();
        assert_eq!((count(None), count(Some(&[]))), (all, all));
        assert_eq!(count(Some(&["retention.ms", "segment.ms", "no.such"])), 2);
    }

    #[test]
    fn synonyms_and_documentation_are_given_to_those_who_ask() {
        let keys: Option<&[&str]> = Some(&["retention.ms"]);
        for asked in [true, false] {
            let result = Ok(choose(retention(), &topic(keys), asked));
            let answer = Answer { resource: topic(keys), result };
            let synonyms = answer.synonyms();
            let configs = answer.configs(&synonyms, asked);
            let [config] = configs[..] else { panic!("one was asked for") };
            assert_eq!((config.name, config.value), ("retention.ms", Some("5")));
            assert_eq!(config.config_source, ConfigSource::TOPIC);
            assert_eq!(config.documentation.is_some(), asked);
            let names: Vec<_> = config.synonyms.iter().map(|synonym| synonym.name).collect();
            let expected = if asked { &["retention.ms", "log.retention.ms"][..] } else { &[] };
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn a_broker_is_named_by_its_number_or_not_at_all() {
        assert_eq!(check_broker("1", 1), Ok(true));
        assert_eq!(check_broker("", 1), Ok(false));
        for wrong in ["2", "-1", "one", " 1", "99999999999"] {
            assert!(check_broker(wrong, 1).is_err(), "{wrong}");
        }
    }
}
