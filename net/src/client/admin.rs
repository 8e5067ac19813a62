//! Topics: created and deleted; and configurations, of topics and of others: described, changed.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use record::{NodeId, TopicId};

use super::cluster::Client;
use super::connection::Connection;
use super::error::ClientError;
use crate::kafka::api::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
};
use crate::kafka::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use crate::kafka::api::delete_topics::{DeleteTopic, DeleteTopicsRequest, DeleteTopicsResponse};
use crate::kafka::api::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse, DescribedConfig,
};
use crate::kafka::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use crate::kafka::api_key::ApiKey;
use crate::kafka::config::{ConfigOperation, ConfigSource, ResourceType};
use crate::kafka::error_code::ErrorCode;

/// How long the broker may take over a change.
const TIMEOUT: Duration = Duration::from_secs(30);
const TIMEOUT_MS: i32 = 30_000;

/// Changes topics and configurations. A change that was sent is not sent again when its connection
/// is lost: it may have been made.
#[derive(Clone)]
pub struct Admin {
    client: Client,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions; -1 for the broker's default.
    pub partitions: i32,
    /// How many replicas; -1 for the broker's default.
    pub replication_factor: i16,
    /// Configurations that are not the default.
    pub configs: &'a [(String, String)],
}

/// What has configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigResource<'a> {
    /// A topic, by name.
    Topic(&'a str),
    /// A broker.
    Broker(NodeId),
    /// All brokers, where none has its own.
    Brokers,
    /// A consumer group, by id.
    Group(&'a str),
}

/// One change of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChange {
    /// To a value.
    Set {
        /// The configuration.
        name: String,
        /// Its value.
        value: String,
    },
    /// Back to the default.
    Delete {
        /// The configuration.
        name: String,
    },
}

/// One configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value, `None` if it is secret.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// What is built in; `None` if the broker tells none.
    pub default: Option<String>,
    /// Whether it can not be changed while the broker runs.
    pub read_only: bool,
}

impl Admin {
    /// Through this client's connections.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a topic and gives its id, all zero from a broker that tells none. Durable when it
    /// resolves.
    pub async fn create_topic(&self, topic: &NewTopic<'_>) -> Result<TopicId, ClientError> {
        let configs: Vec<_> = topic
            .configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name, value: Some(value) })
            .collect();
        let topics = [CreatableTopic {
            name: topic.name,
            num_partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            configs: (&configs).into(),
            ..CreatableTopic::default()
        }];
        let request = CreateTopicsRequest {
            topics: (&topics).into(),
            timeout_ms: TIMEOUT_MS,
            validate_only: false,
        };
        self.retrying(async |broker| {
            let version = broker.version(ApiKey::CreateTopics, i16::MAX)?;
            let answer = broker.ask_in(version, &request, TIMEOUT).await?;
            let body = answer.body::<CreateTopicsResponse<'_>>()?;
            let created = body.topics.iter().next().ok_or_else(lacks(ApiKey::CreateTopics))?;
            let action = || format!("create topic '{}'", topic.name);
            ClientError::check(created.error_code, created.error_message, action)?;
            Ok(created.topic_id)
        })
        .await
    }

    /// Deletes a topic and all that is in it. Durable when it resolves.
    pub async fn delete_topic(&self, name: &str) -> Result<(), ClientError> {
        let topics = [DeleteTopic { name: Some(name), topic_id: TopicId::NIL }];
        let names = [name];
        self.retrying(async |broker| {
            let version = broker.version(ApiKey::DeleteTopics, i16::MAX)?;
            let mut request = DeleteTopicsRequest { timeout_ms: TIMEOUT_MS, ..Default::default() };
            if version.number() >= 6 {
                request.topics = (&topics).into();
            } else {
                request.topic_names = (&names).into();
            }
            let answer = broker.ask_in(version, &request, TIMEOUT).await?;
            let body = answer.body::<DeleteTopicsResponse<'_>>()?;
            let deleted = body.responses.iter().next().ok_or_else(lacks(ApiKey::DeleteTopics))?;
            let action = || format!("delete topic '{name}'");
            ClientError::check(deleted.error_code, deleted.error_message, action)
        })
        .await
    }

    /// Gives a topic more partitions, `count` in all. Durable when it resolves.
    pub async fn create_partitions(&self, name: &str, count: i32) -> Result<(), ClientError> {
        let topics = [CreatePartitionsTopic { name, count, assignments: None }];
        let request = CreatePartitionsRequest {
            topics: (&topics).into(),
            timeout_ms: TIMEOUT_MS,
            validate_only: false,
        };
        self.retrying(async |broker| {
            let version = broker.version(ApiKey::CreatePartitions, i16::MAX)?;
            let answer = broker.ask_in(version, &request, TIMEOUT).await?;
            let body = answer.body::<CreatePartitionsResponse<'_>>()?;
            let result = body.results.iter().next();
            let result = result.ok_or_else(lacks(ApiKey::CreatePartitions))?;
            let action = || format!("give topic '{name}' {count} partitions");
            ClientError::check(result.error_code, result.error_message, action)
        })
        .await
    }

    /// All configurations of a thing, by name, defaults included; of all brokers together only
    /// what was set.
    pub async fn describe_configs(
        &self,
        resource: ConfigResource<'_>,
    ) -> Result<Vec<ConfigEntry>, ClientError> {
        let (resource_type, name) = resource.to_wire();
        let resources = [DescribeConfigsResource {
            resource_type,
            resource_name: &name,
            configuration_keys: None,
        }];
        let request = DescribeConfigsRequest {
            resources: (&resources).into(),
            include_synonyms: true,
            include_documentation: false,
        };
        self.retrying(async |broker| {
            let answer = broker.ask(&request).await?;
            let body = answer.body::<DescribeConfigsResponse<'_>>()?;
            let result = body.results.iter().next();
            let result = result.ok_or_else(lacks(ApiKey::DescribeConfigs))?;
            let action = || format!("describe {resource}");
            ClientError::check(result.error_code, result.error_message, action)?;
            let mut entries: Vec<_> =
                result.configs.iter().map(|config| ConfigEntry::of(&config)).collect();
            entries.sort_by(|left, right| left.name.cmp(&right.name));
            Ok(entries)
        })
        .await
    }

    /// Changes the configurations of a thing, all of them or none. Durable when it resolves.
    pub async fn alter_configs(
        &self,
        resource: ConfigResource<'_>,
        changes: &[ConfigChange],
    ) -> Result<(), ClientError> {
        let configs: Vec<_> = changes.iter().map(ConfigChange::to_wire).collect();
        let (resource_type, name) = resource.to_wire();
        let resources = [AlterConfigsResource {
            resource_type,
            resource_name: &name,
            configs: (&configs).into(),
        }];
        let request =
            IncrementalAlterConfigsRequest { resources: (&resources).into(), validate_only: false };
        self.retrying(async |broker| {
            let answer = broker.ask(&request).await?;
            let body = answer.body::<IncrementalAlterConfigsResponse<'_>>()?;
            let result = body.responses.iter().next();
            let result = result.ok_or_else(lacks(ApiKey::IncrementalAlterConfigs))?;
            let action = || format!("change {resource}");
            ClientError::check(result.error_code, result.error_message, action)
        })
        .await
    }

    /// Asks the controller, and again if it has moved. No other error is worth another try.
    async fn retrying<T>(
        &self,
        act: impl AsyncFn(Rc<Connection>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut backoff = self.client.config().backoff();
        loop {
            let error = match act(self.client.controller().await?).await {
                Err(error) if error.code() == Some(ErrorCode::NOT_CONTROLLER) => error,
                other => return other,
            };
            let wait = backoff.next().ok_or(error)?;
            self.client.runtime().sleep(wait).await;
            self.client.describe(Some(&[])).await?;
        }
    }
}

impl ConfigResource<'_> {
    fn to_wire(self) -> (ResourceType, String) {
        match self {
            Self::Topic(name) => (ResourceType::TOPIC, name.to_owned()),
            Self::Broker(id) => (ResourceType::BROKER, id.to_string()),
            Self::Brokers => (ResourceType::BROKER, String::new()),
            Self::Group(id) => (ResourceType::GROUP, id.to_owned()),
        }
    }
}

impl fmt::Display for ConfigResource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(name) => write!(f, "topic '{name}'"),
            Self::Broker(id) => write!(f, "broker {id}"),
            Self::Brokers => f.write_str("all brokers"),
            Self::Group(id) => write!(f, "group '{id}'"),
        }
    }
}

impl ConfigEntry {
    fn of(config: &DescribedConfig<'_>) -> Self {
        let mut synonyms = config.synonyms.iter();
        let built_in = synonyms.find(|synonym| synonym.source == ConfigSource::DEFAULT);
        let default = match built_in {
            Some(synonym) => synonym.value,
            // Without synonyms what is not set anywhere is built in.
            None if config.config_source == ConfigSource::DEFAULT => config.value,
            None => None,
        };
        Self {
            name: config.name.to_owned(),
            value: config.value.map(str::to_owned),
            source: config.config_source,
            default: default.map(str::to_owned),
            read_only: config.read_only,
        }
    }
}

impl ConfigChange {
    fn to_wire(&self) -> AlterableConfig<'_> {
        match self {
            Self::Set { name, value } => {
                AlterableConfig { name, config_operation: ConfigOperation::SET, value: Some(value) }
            }
            Self::Delete { name } => {
                AlterableConfig { name, config_operation: ConfigOperation::DELETE, value: None }
            }
        }
    }
}

fn lacks(api: ApiKey) -> impl FnOnce() -> ClientError {
    move || ClientError::Incomplete { api }
}
