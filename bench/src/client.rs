//! As much of a Kafka client as a measurement needs: one connection, one request at a time.

use core::net::SocketAddr;

use net::kafka::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use net::kafka::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use net::kafka::header::{CorrelationId, RequestHeader, ResponseHeader};
use net::kafka::message::{Request, Response};
use net::kafka::version::Version;
use net::kafka::wire::Reader;
use runtime::buffer::DmaBuf;
use runtime::{Instant, Runtime, RuntimeConfig, Stream, block_on};

use crate::cli::key_value;
use crate::error::{BenchError, io_error};

/// The longest answer taken.
const ANSWER_BYTES_MAX: usize = 1 << 30;

/// How long the creation of a topic may take.
const CREATE_TIMEOUT_MS: i32 = 120_000;

/// A connection.
pub(crate) struct Client {
    stream: Stream,
    buffer: DmaBuf,
    frame: Vec<u8>,
    asked: i32,
}

/// An answer, until the next question.
pub(crate) struct Answer<'a> {
    bytes: &'a [u8],
    version: Version,
    asked: i32,
}

impl Client {
    /// Connects; answers of up to `answer_bytes` are received without another allocation.
    pub(crate) async fn connect(
        runtime: &Runtime,
        address: SocketAddr,
        answer_bytes: usize,
    ) -> Result<Self, BenchError> {
        let stream = Stream::connect(runtime, address).await.map_err(io_error("connect"))?;
        let buffer = DmaBuf::zeroed(answer_bytes.max(1 << 16));
        Ok(Self { stream, buffer, frame: Vec::new(), asked: 0 })
    }

    /// Sends a request and waits for the whole answer. Dropping the future ends the connection's
    /// use.
    pub(crate) async fn ask<'q>(
        &mut self,
        version: Version,
        request: &impl Request<'q>,
    ) -> Result<Answer<'_>, BenchError> {
        self.asked = self.asked.wrapping_add(1);
        let correlation_id = CorrelationId(self.asked);
        let client_id = Some("tidemill-bench");
        let header = RequestHeader { version, correlation_id, client_id };
        let mut frame = std::mem::take(&mut self.frame);
        request.encode_frame(header, &mut frame)?;
        self.frame = self.stream.send(frame).await.map_err(io_error("send a request"))?;
        self.receive(4).await?;
        let prefix = self.buffer.as_slice().first_chunk().copied().unwrap_or_default();
        let len = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if len > ANSWER_BYTES_MAX {
            return Err(BenchError::Nothing("an answer of more than 1 GiB"));
        }
        if len > self.buffer.capacity() {
            self.buffer = DmaBuf::zeroed(len.next_power_of_two());
        }
        self.receive(len).await?;
        let bytes = self.buffer.as_slice().get(..len).unwrap_or_default();
        Ok(Answer { bytes, version, asked: self.asked })
    }

    /// Receives exactly `len` bytes to the buffer's start.
    async fn receive(&mut self, len: usize) -> Result<(), BenchError> {
        let buffer = std::mem::replace(&mut self.buffer, DmaBuf::zeroed(1));
        let (buffer, outcome) = self.stream.receive_into(buffer, 0, len).await;
        self.buffer = buffer;
        match outcome {
            Ok(count) if count == len => Ok(()),
            Ok(_) => Err(BenchError::Nothing("the broker closed the connection")),
            Err(source) => Err(BenchError::Io { action: "receive an answer", source }),
        }
    }
}

impl<'a> Answer<'a> {
    /// The answer's body.
    pub(crate) fn decode<R: Response<'a>>(&self) -> Result<R, BenchError> {
        let mut reader = Reader::response(self.bytes);
        let header = ResponseHeader::read(self.version, &mut reader)?;
        if header.correlation_id != CorrelationId(self.asked) {
            return Err(BenchError::Nothing("an answer to something else"));
        }
        Ok(R::decode(self.version, &mut reader)?)
    }
}

/// Whether a topic had to be created.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Made {
    /// It was, in so many milliseconds from request to answer.
    Now(f64),
    /// It was there, with partitions enough.
    Before,
}

/// Creates a topic if there is none of that name.
pub(crate) fn make_topic(
    address: SocketAddr,
    name: &str,
    partitions: u32,
    configs: &[String],
) -> Result<Made, BenchError> {
    let name = name.to_owned();
    let configs = configs.to_vec();
    block_on(RuntimeConfig::default(), move |runtime| async move {
        let mut client = Client::connect(&runtime, address, 1 << 20).await?;
        let mut pairs = Vec::new();
        for config in &configs {
            let (name, value) = key_value(config)?;
            pairs.push(CreatableTopicConfig { name, value: Some(value) });
        }
        let num_partitions =
            i32::try_from(partitions).map_err(|_| BenchError::Arguments("that many partitions"))?;
        let topic = CreatableTopic {
            name: &name,
            num_partitions,
            replication_factor: 1,
            configs: pairs.as_slice().into(),
            ..CreatableTopic::default()
        };
        let topics = [topic];
        let request = CreateTopicsRequest {
            topics: (&topics).into(),
            timeout_ms: CREATE_TIMEOUT_MS,
            validate_only: false,
        };
        let start = Instant::now();
        let answer = client.ask(ApiKey::CreateTopics.version(5)?, &request).await?;
        let millis = Instant::now().nanos_since(start) as f64 / 1e6;
        let response: CreateTopicsResponse<'_> = answer.decode()?;
        let code = response.topics.iter().next().map(|topic| topic.error_code);
        match code {
            Some(ErrorCode::NONE) => Ok(Made::Now(millis)),
            Some(ErrorCode::TOPIC_ALREADY_EXISTS) => {
                if count_partitions(&mut client, &name).await? < partitions as usize {
                    return Err(BenchError::Arguments("the topic exists with fewer partitions"));
                }
                Ok(Made::Before)
            }
            Some(code) => Err(BenchError::Refused { what: "the topic's creation", code }),
            None => Err(BenchError::Nothing("the topic is not in the answer")),
        }
    })?
}

/// How many partitions a topic has.
async fn count_partitions(client: &mut Client, name: &str) -> Result<usize, BenchError> {
    let topics = [MetadataRequestTopic { name: Some(name), ..MetadataRequestTopic::default() }];
    let request = MetadataRequest {
        topics: Some((&topics).into()),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    let answer = client.ask(ApiKey::Metadata.version(9)?, &request).await?;
    let response: MetadataResponse<'_> = answer.decode()?;
    let topic = response.topics.iter().next();
    let topic = topic.ok_or(BenchError::Nothing("the topic is not in the answer"))?;
    if !topic.error_code.is_none() {
        return Err(BenchError::Refused { what: "the topic's metadata", code: topic.error_code });
    }
    Ok(topic.partitions.len())
}
