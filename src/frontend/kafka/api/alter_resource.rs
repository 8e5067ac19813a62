//! Altering what is configured of one thing, for `AlterConfigs` and `IncrementalAlterConfigs`:
//! whose configurations are meant, and Kafka's refusals before any configuration is looked at.

use std::collections::BTreeSet;

use net::kafka::config::ResourceType;
use net::kafka::wire::{Array, Wire};

use super::repeated::repeated;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::Head;
use crate::registry::command::{Alteration, Command, CommandError, check_topic_name};
use crate::registry::event::Resource;

/// What became of a thing of a request: its kind, its name, and why it was not altered.
pub(super) type Altered<'a> = (ResourceType, &'a str, Result<(), Problem>);

impl Connection {
    /// Alters the things of a request one after the other. `key` is a thing's kind and name,
    /// `alteration` how its configurations are to be altered.
    pub(super) async fn alter_each<'a, R: Wire<'a> + 'a>(
        &self,
        head: Head,
        resources: Array<'a, R>,
        key: impl Fn(&R) -> (ResourceType, &'a str),
        alteration: impl Fn(&R) -> Result<Alteration, Problem>,
        validate_only: bool,
    ) -> Vec<Altered<'a>> {
        let keys = resources.iter().map(|resource| key(&resource));
        let twice = repeated(keys.map(|(kind, name)| (kind.0, name)));
        let mut results = Vec::with_capacity(resources.len());
        for resource in &resources {
            let (kind, name) = key(&resource);
            let result = if twice.contains(&(kind.0, name)) {
                Err(Problem::invalid_request("Each resource must appear at most once."))
            } else {
                match alteration(&resource) {
                    Ok(alteration) => {
                        self.alter_resource(kind, name, alteration, validate_only).await
                    }
                    Err(problem) => Err(problem),
                }
            };
            self.shard.metrics.error(head.api(), error::code(&result));
            results.push((kind, name, result));
            self.shard.runtime.yield_if_needed().await;
        }
        results
    }

    /// Alters the configurations of one thing: all that is asked for or nothing, durable and on
    /// every shard when it resolves.
    async fn alter_resource(
        &self,
        resource_type: ResourceType,
        name: &str,
        alteration: Alteration,
        validate_only: bool,
    ) -> Result<(), Problem> {
        let resource = match resource_type {
            ResourceType::TOPIC => return self.alter_topic(name, alteration, validate_only).await,
            ResourceType::BROKER => broker(name, self.shard.config.settings.node_id)?,
            ResourceType::GROUP => group(name)?,
            other => return Err(unknown(other)),
        };
        let command = Command::AlterResource { resource, alteration, validate_only };
        self.shard.command(command).await?;
        Ok(())
    }

    async fn alter_topic(
        &self,
        name: &str,
        alteration: Alteration,
        validate_only: bool,
    ) -> Result<(), Problem> {
        if name.is_empty() {
            return Err(Problem::invalid_request("Default topic resources are not allowed."));
        }
        check_topic_name(name)?;
        let owned = name.to_owned();
        let command = Command::AlterConfigs { name: owned, alteration, validate_only };
        match self.shard.command(command).await {
            Ok(_) => Ok(()),
            Err(error @ CommandError::UnknownTopic) => {
                let text = format!("The topic '{name}' does not exist.");
                Err(Problem::new(error::of_command(&error), text))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Refuses what is wrong with names and values, whatever they configure: names that are there
/// twice, and values that are null where one is needed.
pub(super) fn check_entries<'a>(
    entries: impl Iterator<Item = (&'a str, bool)>,
) -> Result<(), Problem> {
    let (mut seen, mut nulls) = (BTreeSet::new(), Vec::new());
    for (name, is_null) in entries {
        if !seen.insert(name) {
            return Err(Problem::invalid_request("Error due to duplicate config keys"));
        }
        if is_null {
            nulls.push(name);
        }
    }
    if nulls.is_empty() {
        return Ok(());
    }
    let text = format!("Null value not supported for : {}", nulls.join(", "));
    Err(Problem::invalid_request(text))
}

/// All brokers, or this one.
fn broker(name: &str, node: i32) -> Result<Resource, Problem> {
    if name.is_empty() {
        return Ok(Resource::Brokers);
    }
    let Ok(id) = name.parse::<i32>() else {
        let text = format!("Node id must be an integer, but it is: {name}");
        return Err(Problem::invalid_request(text));
    };
    if id != node {
        let text = format!("Unexpected broker id, expected {node}, but received {name}");
        return Err(Problem::invalid_request(text));
    }
    Ok(Resource::Broker(id))
}

fn group(name: &str) -> Result<Resource, Problem> {
    if name.is_empty() {
        return Err(Problem::invalid_request("Default group resources are not allowed."));
    }
    Ok(Resource::Group(name.to_owned()))
}

/// Client metrics and log levels are not configured here, and what else there may be is unknown
/// to Kafka too.
fn unknown(resource_type: ResourceType) -> Problem {
    match resource_type {
        ResourceType::BROKER_LOGGER | ResourceType::CLIENT_METRICS => {
            super::describe_configs::unsupported(resource_type)
        }
        ResourceType(other) => Problem::invalid_request(format!("Unknown resource type {other}")),
    }
}

#[cfg(test)]
mod tests {
    use net::kafka::error_code::ErrorCode;

    use super::*;

    fn refused<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
        let problem = result.unwrap_err();
        assert_eq!(problem.code, ErrorCode::INVALID_REQUEST);
        problem.message
    }

    #[test]
    fn a_broker_is_this_one_or_all() {
        assert_eq!(broker("", 7), Ok(Resource::Brokers));
        assert_eq!(broker("7", 7), Ok(Resource::Broker(7)));
        let text = refused(broker("8", 7));
        assert_eq!(text, "Unexpected broker id, expected 7, but received 8");
        assert_eq!(refused(broker("x", 7)), "Node id must be an integer, but it is: x");
    }

    #[test]
    fn things_that_have_no_configurations_are_refused() {
        assert_eq!(refused(group("")), "Default group resources are not allowed.");
        assert_eq!(unknown(ResourceType(3)).message, "Unknown resource type 3");
        let metrics = unknown(ResourceType::CLIENT_METRICS).message;
        assert_eq!(metrics, "Unsupported resource type: CLIENT_METRICS");
    }

    #[test]
    fn names_are_there_once_and_have_values() {
        let check = |entries: &[(&str, bool)]| check_entries(entries.iter().copied());
        assert_eq!(check(&[("a", false), ("b", false)]), Ok(()));
        let twice = refused(check(&[("a", true), ("a", false)]));
        assert_eq!(twice, "Error due to duplicate config keys");
        let nulls = refused(check(&[("a", true), ("b", false), ("c", true)]));
        assert_eq!(nulls, "Null value not supported for : a, c");
    }
}
