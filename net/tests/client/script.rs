//! A broker of one topic with one partition, whose answers to Produce and Fetch are a script.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use net::client::{Client, ClientConfig, Endpoint};
use net::kafka::api::api_versions::{ApiVersionRange, ApiVersionsResponse};
use net::kafka::api::init_producer_id::InitProducerIdResponse;
use net::kafka::api::list_offsets::{
    EARLIEST, ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use net::kafka::api::metadata::{
    MetadataBroker, MetadataPartition, MetadataResponse, MetadataTopic,
};
use net::kafka::header::{Asked, CorrelationId, Preamble, RequestHeader};
use net::kafka::message::{RequestBody, Response};
use net::kafka::version::Version;
use net::kafka::wire::Reader;
use record::{NodeId, Offset, ProducerEpoch, ProducerId, TopicId};
use runtime::{Runtime, RuntimeConfig};

pub(crate) const TOPIC: &str = "t";
/// A log without records.
pub(crate) const EMPTY: (Offset, Offset) = (Offset(0), Offset(0));
const NODE: NodeId = NodeId(1);
const TOPIC_ID: TopicId = TopicId([7; 16]);

/// What the script does with a request.
pub(crate) enum Act {
    /// Answers with this frame.
    Answer(Vec<u8>),
    /// Answers nothing.
    Silence,
    /// Closes the connection.
    Close,
}

/// A request for the script, and what is needed to answer it.
pub(crate) struct Asking<'a> {
    pub(crate) body: RequestBody<'a>,
    pub(crate) version: Version,
    correlation_id: CorrelationId,
}

impl Asking<'_> {
    pub(crate) fn answer<'r>(&self, response: &impl Response<'r>) -> Act {
        let mut frame = Vec::new();
        response.encode_frame(self.version, self.correlation_id, &mut frame).unwrap();
        Act::Answer(frame)
    }
}

/// A broker's state beside its script.
pub(crate) struct Broker {
    /// Where the log begins, and where it ends.
    pub(crate) offsets: (Offset, Offset),
    producer_ids: i64,
    port: u16,
}

/// Starts a broker that answers Produce and Fetch as `script` says, until the process ends.
pub(crate) fn start(
    offsets: (Offset, Offset),
    mut script: impl FnMut(&mut Broker, Asking<'_>) -> Act + Send + 'static,
) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut broker = Broker { offsets, producer_ids: 0, port };
    std::thread::spawn(move || {
        // One connection after the other: a client of one broker has one.
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while let Some(frame) = receive(&mut stream) {
                let act = answer(&mut broker, &frame, &mut script);
                let Act::Answer(answer) = act else {
                    if matches!(act, Act::Close) {
                        break;
                    }
                    continue;
                };
                if stream.write_all(&answer).is_err() {
                    break;
                }
            }
        }
    });
    Endpoint { host: "127.0.0.1".to_owned(), port }
}

fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).ok()?;
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(prefix)).unwrap()];
    stream.read_exact(&mut frame).ok()?;
    Some(frame)
}

fn answer(
    broker: &mut Broker,
    frame: &[u8],
    script: &mut impl FnMut(&mut Broker, Asking<'_>) -> Act,
) -> Act {
    let mut reader = Reader::request(frame);
    let preamble = Preamble::read(&mut reader).unwrap();
    let Asked::For(version) = preamble.asked() else { panic!("a version of this codec") };
    let header = RequestHeader::read_after(preamble, version, &mut reader).unwrap();
    let body = RequestBody::decode(version, &mut reader).unwrap();
    let asking = Asking { body, version, correlation_id: header.correlation_id };
    match asking.body {
        RequestBody::ApiVersions(_) => {
            let ranges = ApiVersionRange::advertised();
            let api_keys = (&ranges).into();
            asking.answer(&ApiVersionsResponse { api_keys, ..Default::default() })
        }
        RequestBody::Metadata(_) => describe(broker, &asking),
        RequestBody::InitProducerId(_) => {
            broker.producer_ids += 1;
            asking.answer(&InitProducerIdResponse {
                producer_id: ProducerId(broker.producer_ids),
                producer_epoch: ProducerEpoch(0),
                ..Default::default()
            })
        }
        RequestBody::ListOffsets(request) => {
            let asked = request.topics.iter().next().unwrap().partitions.iter().next().unwrap();
            let (first, next) = broker.offsets;
            let offset = if asked.timestamp == EARLIEST { first } else { next };
            let partitions = [ListOffsetsPartitionResponse { offset, ..Default::default() }];
            let partitions = (&partitions).into();
            let topics = [ListOffsetsTopicResponse { name: TOPIC, partitions }];
            asking.answer(&ListOffsetsResponse { topics: (&topics).into(), ..Default::default() })
        }
        _ => script(broker, asking),
    }
}

fn describe(broker: &Broker, asking: &Asking<'_>) -> Act {
    let port = broker.port.into();
    let brokers = [MetadataBroker { node_id: NODE, host: "127.0.0.1", port, rack: None }];
    let partitions = [MetadataPartition { leader_id: NODE, ..Default::default() }];
    let topics = [MetadataTopic {
        name: Some(TOPIC),
        topic_id: TOPIC_ID,
        partitions: (&partitions).into(),
        ..Default::default()
    }];
    asking.answer(&MetadataResponse {
        brokers: (&brokers).into(),
        controller_id: NODE,
        topics: (&topics).into(),
        ..Default::default()
    })
}

/// Runs a test's future with a client of the broker, whose retries do not wait for long.
pub(crate) fn with_client<F>(endpoint: Endpoint, main: impl FnOnce(Client) -> F + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let connected = |runtime: Runtime| async move {
        let mut config = ClientConfig::new(vec![endpoint]);
        config.retry_wait_first = Duration::from_millis(1);
        config.connection.request_patience = Duration::from_millis(200);
        main(Client::connect(&runtime, config).await.unwrap()).await;
    };
    runtime::block_on(RuntimeConfig::default(), connected).unwrap();
}
