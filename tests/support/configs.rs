//! Configurations of topics, brokers and groups: altered in both ways, and described.

use std::collections::BTreeMap;

use kafka_protocol::messages::alter_configs_request::{
    AlterConfigsResource as ReplacedResource, AlterableConfig as ReplacedConfig,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;

/// Kafka's numbers of where a value comes from.
pub(crate) mod source {
    pub(crate) const TOPIC: i8 = 1;
    pub(crate) const BROKER: i8 = 2;
    pub(crate) const BROKERS: i8 = 3;
    pub(crate) const START: i8 = 4;
    pub(crate) const DEFAULT: i8 = 5;
    pub(crate) const GROUP: i8 = 8;
}

/// What has configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) kind: i8,
    pub(crate) name: String,
}

/// What is to be done with one configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    Set(&'a str, &'a str),
    Delete(&'a str),
    Append(&'a str, &'a str),
    Subtract(&'a str, &'a str),
}

/// One configuration as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) value: Option<String>,
    pub(crate) source: i8,
    pub(crate) read_only: bool,
    /// Name, value and source, the one in force first.
    pub(crate) synonyms: Vec<(String, String, i8)>,
}

/// Why not: Kafka's number and the broker's words.
pub(crate) type Refusal = (i16, String);

impl Resource {
    pub(crate) fn of(kind: i8, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }

    pub(crate) fn topic(name: &str) -> Self {
        Self::of(2, name)
    }

    pub(crate) fn broker(id: i32) -> Self {
        Self::of(4, &id.to_string())
    }

    pub(crate) fn brokers() -> Self {
        Self::of(4, "")
    }

    pub(crate) fn group(id: &str) -> Self {
        Self::of(32, id)
    }
}

impl Change<'_> {
    fn to_wire(self) -> AlterableConfig {
        let (operation, name, value) = match self {
            Self::Set(name, value) => (0, name, Some(value)),
            Self::Delete(name) => (1, name, None),
            Self::Append(name, value) => (2, name, Some(value)),
            Self::Subtract(name, value) => (3, name, Some(value)),
        };
        AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(operation)
            .with_value(value.map(text))
    }
}

/// The connection must hold; what is refused is told by its error code.
impl Connection {
    /// Changes single configurations of one thing.
    pub(crate) fn alter(
        &mut self,
        resource: &Resource,
        changes: &[Change<'_>],
    ) -> Result<(), Refusal> {
        self.alter_or_validate(resource, changes, false)
    }

    /// Asks whether the changes could be made.
    pub(crate) fn validate(
        &mut self,
        resource: &Resource,
        changes: &[Change<'_>],
    ) -> Result<(), Refusal> {
        self.alter_or_validate(resource, changes, true)
    }

    fn alter_or_validate(
        &mut self,
        resource: &Resource,
        changes: &[Change<'_>],
        validate_only: bool,
    ) -> Result<(), Refusal> {
        let resource = AlterConfigsResource::default()
            .with_resource_type(resource.kind)
            .with_resource_name(text(&resource.name))
            .with_configs(changes.iter().map(|change| change.to_wire()).collect());
        let request = IncrementalAlterConfigsRequest::default()
            .with_resources(vec![resource])
            .with_validate_only(validate_only);
        let mut answer = self.call(&request, 1).expect("an answer to IncrementalAlterConfigs");
        let result = answer.responses.pop().expect("the thing that was to be altered");
        done(result.error_code, result.error_message)
    }

    /// Gives one thing these configurations, and no others.
    pub(crate) fn replace_configs(
        &mut self,
        resource: &Resource,
        configs: &[(&str, Option<&str>)],
        validate_only: bool,
    ) -> Result<(), Refusal> {
        let configs = configs.iter().map(|(name, value)| {
            ReplacedConfig::default().with_name(text(name)).with_value(value.map(text))
        });
        let resource = ReplacedResource::default()
            .with_resource_type(resource.kind)
            .with_resource_name(text(&resource.name))
            .with_configs(configs.collect());
        let request = AlterConfigsRequest::default()
            .with_resources(vec![resource])
            .with_validate_only(validate_only);
        let mut answer = self.call(&request, 2).expect("an answer to AlterConfigs");
        let result = answer.responses.pop().expect("the thing that was to be altered");
        done(result.error_code, result.error_message)
    }

    /// All configurations of one thing, by name.
    pub(crate) fn describe_all(
        &mut self,
        resource: &Resource,
    ) -> Result<BTreeMap<String, Config>, Refusal> {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(resource.kind)
            .with_resource_name(text(&resource.name))
            .with_configuration_keys(None);
        let request = DescribeConfigsRequest::default()
            .with_resources(vec![resource])
            .with_include_synonyms(true);
        let mut answer = self.call(&request, 4).expect("an answer to DescribeConfigs");
        let result = answer.results.pop().expect("the thing that was asked for");
        done(result.error_code, result.error_message)?;
        let configs = result.configs.into_iter().map(|config| {
            let synonyms = config.synonyms.into_iter();
            let synonyms = synonyms.map(|synonym| {
                let value = synonym.value.map(|value| value.to_string());
                (synonym.name.to_string(), value.unwrap_or_default(), synonym.source)
            });
            let described = Config {
                value: config.value.map(|value| value.to_string()),
                source: config.config_source,
                read_only: config.read_only,
                synonyms: synonyms.collect(),
            };
            (config.name.to_string(), described)
        });
        Ok(configs.collect())
    }

    /// One configuration of a thing.
    #[track_caller]
    pub(crate) fn describe_one(&mut self, resource: &Resource, name: &str) -> Config {
        let mut all = self.describe_all(resource).expect("it is described");
        all.remove(name).unwrap_or_else(|| panic!("{resource:?} has {name}"))
    }

    /// The value and source of one configuration of a thing.
    #[track_caller]
    pub(crate) fn config_value(&mut self, resource: &Resource, name: &str) -> (String, i8) {
        let config = self.describe_one(resource, name);
        (config.value.unwrap_or_default(), config.source)
    }
}

fn done(error_code: i16, message: Option<StrBytes>) -> Result<(), Refusal> {
    if error_code == 0 {
        assert_eq!(message, None, "there is nothing to say");
        return Ok(());
    }
    Err((error_code, message.expect("a refusal says why").to_string()))
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
