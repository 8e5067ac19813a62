//! One valid request of every API, with and without compact lengths, and where its first array is.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_records_request::DeleteRecordsTopic;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::TopicRequest;
use kafka_protocol::messages::fetch_request::FetchTopic;
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::list_offsets_request::ListOffsetsTopic;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderTopic;
use kafka_protocol::messages::produce_request::TopicProduceData;
use kafka_protocol::messages::{
    ApiVersionsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest,
    DescribeTopicPartitionsRequest, FetchRequest, FindCoordinatorRequest,
    IncrementalAlterConfigsRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest,
    OffsetForLeaderEpochRequest, ProduceRequest,
};
use kafka_protocol::protocol::{Request, StrBytes};

use crate::support::connection::frame;
use crate::support::produce::topic_name;

/// A header with the client's id "suite": key, version, correlation, string.
const HEADER_BYTES: usize = 15;

/// A valid request.
pub(crate) struct Sample {
    pub(crate) key: i16,
    pub(crate) version: i16,
    /// With its length in front.
    pub(crate) frame: Vec<u8>,
    /// Where in the frame the length of its first array is, and whether that is a varint.
    pub(crate) array: Option<(usize, bool)>,
}

/// `array` is where in the body the first array is, of which the request has one element.
fn sample<R: Request>(request: &R, version: i16, array: Option<usize>) -> Sample {
    let frame = frame(request, version, 7);
    let compact = R::header_version(version) == 2;
    let body = 4 + HEADER_BYTES + usize::from(compact);
    let array = array.map(|at| {
        let one: &[u8] = if compact { &[2] } else { &[0, 0, 0, 1] };
        assert!(frame[body + at..].starts_with(one), "{} v{version}: not an array", R::KEY);
        (body + at, compact)
    });
    Sample { key: R::KEY, version, frame, array }
}

/// Every API that the broker serves; no topic of theirs exists.
pub(crate) fn samples() -> Vec<Sample> {
    let mut samples = data();
    samples.extend(topics());
    samples.extend(cluster());
    samples
}

fn data() -> Vec<Sample> {
    let name = || topic_name("nowhere");
    let produce = ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(1_000)
        .with_topic_data(vec![TopicProduceData::default().with_name(name())]);
    let fetch = FetchRequest::default()
        .with_session_epoch(-1)
        .with_topics(vec![FetchTopic::default().with_topic(name())]);
    let list = ListOffsetsRequest::default()
        .with_topics(vec![ListOffsetsTopic::default().with_name(name())]);
    let epochs = OffsetForLeaderEpochRequest::default()
        .with_topics(vec![OffsetForLeaderTopic::default().with_topic(name())]);
    let records = DeleteRecordsRequest::default()
        .with_topics(vec![DeleteRecordsTopic::default().with_name(name())]);
    vec![
        sample(&produce, 8, Some(8)),
        sample(&produce, 11, Some(7)),
        sample(&fetch, 11, Some(25)),
        sample(&fetch, 12, Some(25)),
        sample(&list, 5, Some(5)),
        sample(&list, 7, Some(5)),
        sample(&epochs, 3, Some(4)),
        sample(&epochs, 4, Some(4)),
        sample(&records, 1, Some(0)),
        sample(&records, 2, Some(0)),
        sample(&InitProducerIdRequest::default(), 1, None),
        sample(&InitProducerIdRequest::default(), 4, None),
    ]
}

fn topics() -> Vec<Sample> {
    let name = || topic_name("nowhere");
    let text = || StrBytes::from_static_str("nowhere");
    // Invalid as a topic, valid as a request: nothing is made.
    let create = CreateTopicsRequest::default()
        .with_validate_only(true)
        .with_topics(vec![CreatableTopic::default().with_name(name()).with_num_partitions(-7)]);
    let delete = DeleteTopicsRequest::default().with_topic_names(vec![name()]);
    let grow = CreatePartitionsRequest::default()
        .with_topics(vec![CreatePartitionsTopic::default().with_name(name()).with_count(2)]);
    let describe = DescribeConfigsRequest::default()
        .with_resources(vec![DescribeConfigsResource::default().with_resource_name(text())]);
    let alter = IncrementalAlterConfigsRequest::default()
        .with_resources(vec![AlterConfigsResource::default().with_resource_name(text())]);
    let metadata = MetadataRequest::default()
        .with_topics(Some(vec![MetadataRequestTopic::default().with_name(Some(name()))]))
        .with_allow_auto_topic_creation(false);
    let partitions = DescribeTopicPartitionsRequest::default()
        .with_topics(vec![TopicRequest::default().with_name(name())]);
    vec![
        sample(&create, 4, Some(0)),
        sample(&create, 6, Some(0)),
        sample(&delete, 3, Some(0)),
        sample(&delete, 5, Some(0)),
        sample(&grow, 1, Some(0)),
        sample(&grow, 3, Some(0)),
        sample(&describe, 3, Some(0)),
        sample(&describe, 4, Some(0)),
        sample(&alter, 0, Some(0)),
        sample(&alter, 1, Some(0)),
        sample(&metadata, 8, Some(0)),
        sample(&metadata, 9, Some(0)),
        sample(&partitions, 0, Some(0)),
    ]
}

fn cluster() -> Vec<Sample> {
    let text = || StrBytes::from_static_str("nobody");
    let one = FindCoordinatorRequest::default().with_key(text());
    let several = FindCoordinatorRequest::default().with_coordinator_keys(vec![text()]);
    let versions = ApiVersionsRequest::default()
        .with_client_software_name(text())
        .with_client_software_version(text());
    vec![
        sample(&one, 2, None),
        sample(&one, 3, None),
        sample(&several, 4, Some(1)),
        sample(&ApiVersionsRequest::default(), 2, None),
        sample(&versions, 3, None),
        sample(&DescribeClusterRequest::default(), 0, None),
    ]
}

impl Sample {
    /// The frame up to its first array, with that many elements claimed and none there.
    pub(crate) fn with_array_length(&self, length: u32) -> Option<Vec<u8>> {
        let (at, compact) = self.array?;
        let mut bytes = self.frame[..at].to_vec();
        if compact {
            let mut left = length;
            while left >= 0x80 {
                bytes.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
                left >>= 7;
            }
            bytes.push(u8::try_from(left).expect("seven bits"));
        } else {
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        let len = i32::try_from(bytes.len() - 4).expect("short");
        bytes[..4].copy_from_slice(&len.to_be_bytes());
        Some(bytes)
    }
}
