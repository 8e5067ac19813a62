//! What is asked before and after a load: offsets and configurations.

use core::net::SocketAddr;
use std::time::Duration;

use net::kafka::api::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
};
use net::kafka::api::list_offsets::{
    LATEST, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use net::kafka::api::metadata::{MetadataRequest, MetadataResponse};
use net::kafka::api_key::ApiKey;
use net::kafka::config::ResourceType;
use net::kafka::error_code::ErrorCode;
use record::PartitionIndex;
use runtime::{Instant, RuntimeConfig, block_on};

use crate::client::Client;
use crate::error::BenchError;

/// Bytes of an answer that are received without another allocation.
const ANSWER_BYTES: usize = 1 << 20;

/// How long a new topic may take to have its leaders, and how often it is looked.
const LEADER_PATIENCE: Duration = Duration::from_secs(10);
const LEADER_PAUSE: Duration = Duration::from_millis(20);
/// What is answered until then.
const NO_LEADER_YET: [ErrorCode; 3] = [
    ErrorCode::LEADER_NOT_AVAILABLE,
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
];

/// Names and values.
type Pairs = Vec<(String, String)>;

/// Questions about a topic of a broker.
pub(super) struct Admin<'a> {
    pub(super) address: SocketAddr,
    pub(super) topic: &'a str,
}

impl Admin<'_> {
    /// The next offset of every partition. Waits for those that have just been made and have no
    /// leader yet.
    pub(super) fn offsets(&self, partitions: u32) -> Result<Vec<i64>, BenchError> {
        let (address, topic) = (self.address, self.topic.to_owned());
        block_on(RuntimeConfig::default(), move |runtime| async move {
            let mut client = Client::connect(&runtime, address, ANSWER_BYTES).await?;
            let deadline = Instant::now().after(LEADER_PATIENCE);
            loop {
                match offsets(&mut client, &topic, partitions).await {
                    Err(BenchError::Refused { code, .. })
                        if NO_LEADER_YET.contains(&code) && Instant::now() < deadline =>
                    {
                        runtime.sleep(LEADER_PAUSE).await;
                    }
                    asked => return asked,
                }
            }
        })?
    }

    /// The topic's settings; empty if the broker does not say.
    pub(super) fn topic_configuration(&self) -> Result<Pairs, BenchError> {
        self.configuration(ResourceType::TOPIC, self.topic.to_owned())
    }

    /// The settings of the broker that answers; empty if it does not say.
    pub(super) fn broker_configuration(&self) -> Result<Pairs, BenchError> {
        let address = self.address;
        let node = block_on(RuntimeConfig::default(), move |runtime| async move {
            let mut client = Client::connect(&runtime, address, ANSWER_BYTES).await?;
            let topics: [_; 0] = [];
            let request = MetadataRequest {
                topics: Some((&topics).into()),
                allow_auto_topic_creation: false,
                ..MetadataRequest::default()
            };
            let answer = client.ask(ApiKey::Metadata.version(9)?, &request).await?;
            let response: MetadataResponse<'_> = answer.decode()?;
            let node = response.brokers.iter().next().map(|broker| broker.node_id.0);
            Ok::<_, BenchError>(node)
        })??;
        let Some(node) = node else { return Ok(Pairs::new()) };
        self.configuration(ResourceType::BROKER, node.to_string())
    }

    fn configuration(&self, kind: ResourceType, name: String) -> Result<Pairs, BenchError> {
        let address = self.address;
        block_on(RuntimeConfig::default(), move |runtime| async move {
            let mut client = Client::connect(&runtime, address, ANSWER_BYTES).await?;
            let resource = DescribeConfigsResource {
                resource_type: kind,
                resource_name: &name,
                configuration_keys: None,
            };
            let resources = [resource];
            let request = DescribeConfigsRequest {
                resources: (&resources).into(),
                ..DescribeConfigsRequest::default()
            };
            let answer = client.ask(ApiKey::DescribeConfigs.version(3)?, &request).await?;
            let response: DescribeConfigsResponse<'_> = answer.decode()?;
            let configs = response.results.iter().flat_map(|result| result.configs.iter());
            let shown = configs.filter(|config| !config.is_sensitive);
            let pairs = shown.map(|one| (one.name.to_owned(), one.value.unwrap_or("").to_owned()));
            Ok(pairs.collect())
        })?
    }
}

async fn offsets(
    client: &mut Client,
    topic: &str,
    partitions: u32,
) -> Result<Vec<i64>, BenchError> {
    let asked: Vec<ListOffsetsPartition> = (0..partitions)
        .map(|partition| ListOffsetsPartition {
            partition: PartitionIndex(i32::try_from(partition).unwrap_or(i32::MAX)),
            timestamp: LATEST,
            ..ListOffsetsPartition::default()
        })
        .collect();
    let topics = [ListOffsetsTopic { name: topic, partitions: asked.as_slice().into() }];
    let request = ListOffsetsRequest { topics: (&topics).into(), ..ListOffsetsRequest::default() };
    let answer = client.ask(ApiKey::ListOffsets.version(5)?, &request).await?;
    let response: ListOffsetsResponse<'_> = answer.decode()?;
    let mut offsets = vec![0; partitions as usize];
    for partition in response.topics.iter().flat_map(|topic| topic.partitions.iter()) {
        let code = partition.error_code;
        if !code.is_none() {
            return Err(BenchError::Refused { what: "the offset of a partition", code });
        }
        let index = usize::try_from(partition.partition.0).unwrap_or(usize::MAX);
        if let Some(offset) = offsets.get_mut(index) {
            *offset = partition.offset.0;
        }
    }
    Ok(offsets)
}
