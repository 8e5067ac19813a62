//! Topics: creating, deleting, describing; and cutting a log's beginning off.

use std::collections::BTreeMap;
use std::io;

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeConfigsRequest,
    MetadataRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;
use super::produce::{Partition, topic_name};

const TIMEOUT_MS: i32 = 60_000;
const TOPIC_RESOURCE: i8 = 2;

/// What a topic is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) configs: Vec<(String, String)>,
}

impl Blueprint {
    pub(crate) fn new(name: &str, partitions: i32, configs: &[(&str, &str)]) -> Self {
        let configs = configs.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        Self { name: name.to_owned(), partitions, configs: configs.collect() }
    }
}

impl Connection {
    /// Creates a topic; the error code.
    pub(crate) fn create_topic(&mut self, blueprint: &Blueprint) -> io::Result<i16> {
        let configs = blueprint.configs.iter().map(|(key, value)| {
            CreatableTopicConfig::default()
                .with_name(StrBytes::from_string(key.clone()))
                .with_value(Some(StrBytes::from_string(value.clone())))
        });
        let topic = CreatableTopic::default()
            .with_name(topic_name(&blueprint.name))
            .with_num_partitions(blueprint.partitions)
            .with_replication_factor(1)
            .with_configs(configs.collect());
        let request =
            CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(TIMEOUT_MS);
        let answer = self.call(&request, 5)?;
        Ok(answer.topics.first().expect("the topic that was to be created").error_code)
    }

    /// Deletes a topic; the error code.
    pub(crate) fn delete_topic(&mut self, name: &str) -> io::Result<i16> {
        let request = DeleteTopicsRequest::default()
            .with_topic_names(vec![topic_name(name)])
            .with_timeout_ms(TIMEOUT_MS);
        let answer = self.call(&request, 5)?;
        Ok(answer.responses.first().expect("the topic that was to be deleted").error_code)
    }

    /// A topic's id as text.
    pub(crate) fn topic_id(&mut self, name: &str) -> io::Result<String> {
        let topic = MetadataRequestTopic::default().with_name(Some(topic_name(name)));
        let request = MetadataRequest::default()
            .with_topics(Some(vec![topic]))
            .with_allow_auto_topic_creation(false);
        let answer = self.call(&request, 12)?;
        let topic = answer.topics.first().expect("the topic that was asked for");
        assert_eq!(topic.error_code, 0, "{topic:?}");
        Ok(topic.topic_id.to_string())
    }

    /// All topics with their partition counts.
    pub(crate) fn topics(&mut self) -> io::Result<BTreeMap<String, i32>> {
        let request =
            MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false);
        let answer = self.call(&request, 9)?;
        let topics = answer.topics.into_iter().map(|topic| {
            assert_eq!(topic.error_code, 0, "a listed topic is without an error");
            let name = topic.name.expect("a topic has a name").0.to_string();
            (name, i32::try_from(topic.partitions.len()).expect("few partitions"))
        });
        Ok(topics.collect())
    }

    /// All configs of a topic.
    pub(crate) fn configs(&mut self, topic: &str) -> io::Result<BTreeMap<String, String>> {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(TOPIC_RESOURCE)
            .with_resource_name(StrBytes::from_string(topic.to_owned()))
            .with_configuration_keys(None);
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        let mut answer = self.call(&request, 4)?;
        let result = answer.results.pop().expect("the topic that was asked for");
        if result.error_code != 0 {
            let what = format!("DescribeConfigs of {topic}: error {}", result.error_code);
            return Err(io::Error::other(what));
        }
        let configs = result.configs.into_iter();
        let configs = configs
            .map(|config| (config.name.to_string(), config.value.unwrap_or_default().to_string()));
        Ok(configs.collect())
    }

    /// Raises a log's start; the error code and the new start.
    pub(crate) fn delete_records(
        &mut self,
        partition: &Partition,
        offset: i64,
    ) -> io::Result<(i16, i64)> {
        let part = DeleteRecordsPartition::default()
            .with_partition_index(partition.index)
            .with_offset(offset);
        let topic = DeleteRecordsTopic::default()
            .with_name(partition.topic_name())
            .with_partitions(vec![part]);
        let request =
            DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(TIMEOUT_MS);
        let mut answer = self.call(&request, 2)?;
        let mut topic = answer.topics.pop().expect("the topic that was asked for");
        let part = topic.partitions.pop().expect("the partition that was asked for");
        Ok((part.error_code, part.low_watermark))
    }
}
