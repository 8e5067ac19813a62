//! Fetch (key 1): records as they lie in tail and segments, sent without a copy.
//!
//! Sessions (KIP-227) are refused politely: every answer says that there is none, which clients
//! take as leave to ask for everything each time.

use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::fetch::{
    FetchRequest, FetchResponseEncoder, FetchResponseHead, FetchTopic, PartitionData, SessionEpoch,
    SessionId,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::isolation::IsolationLevel;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};

use crate::broker::fetch::{FetchLimits, FetchPart, Fetched};
use crate::broker::range::Range;
use crate::broker::topics::Topics;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::outbox::{Outgoing, Slot};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::metrics::Stage;
use crate::shard::Shard;
use crate::shard::message::LogFailure;

/// The longest wait that is granted, whatever the client asks for.
const WAIT_MAX: Duration = Duration::from_mins(5);
/// The first version with topic ids.
const TOPIC_IDS_FROM: i16 = 13;
/// The first version with an error of the request as a whole.
const REQUEST_ERROR_FROM: i16 = 7;

/// A request, looked up: what is asked of the broker, and the shape of the answer.
struct Wanted {
    head: Head,
    parts: Vec<FetchPart>,
    topics: Vec<WantedTopic>,
    limits: FetchLimits,
    committed_only: bool,
    /// The request as a whole is refused.
    refused: ErrorCode,
}

struct WantedTopic {
    name: String,
    id: TopicId,
    partitions: Vec<(PartitionIndex, Answer)>,
}

/// Where the answer for a partition comes from.
enum Answer {
    /// From the part with this index.
    Part(usize),
    /// It is known already.
    Error(ErrorCode),
}

impl Connection {
    /// Queues a fetch: it is planned when its turn to be answered comes.
    pub(in crate::frontend::kafka) fn fetch(
        self: &Rc<Self>,
        head: Head,
        mut reader: Reader<'_>,
    ) -> Result<(), Hangup> {
        let request = FetchRequest::decode(head.version, &mut reader)?;
        let wanted = Wanted::look_up(&self.shard, head, &request);
        self.drift.note(wanted.only_owner());
        let shard = Rc::clone(&self.shard);
        self.outbox.push(Slot::Later(Box::pin(async move { wanted.answer(&shard).await })));
        Ok(())
    }
}

impl Wanted {
    fn look_up(shard: &Shard, head: Head, request: &FetchRequest<'_>) -> Self {
        let settings = &shard.config.settings;
        let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let bytes_max = u64::try_from(request.max_bytes).unwrap_or(0);
        let limits = FetchLimits {
            bytes_min: u64::try_from(request.min_bytes).unwrap_or(0),
            bytes_max: bytes_max.min(u64::from(settings.fetch_max_bytes)),
            patience: patience.min(WAIT_MAX),
        };
        let mut wanted = Self {
            head,
            parts: Vec::new(),
            topics: Vec::with_capacity(request.topics.len()),
            limits,
            committed_only: request.isolation_level == IsolationLevel::READ_COMMITTED,
            refused: refuse_request(head, request),
        };
        if !wanted.refused.is_none() {
            return wanted;
        }
        let topics = shard.topics.borrow();
        for topic in request.topics {
            wanted.add_topic(&topics, &topic);
        }
        wanted
    }

    fn add_topic(&mut self, topics: &Topics, wanted: &FetchTopic<'_>) {
        let by_name = self.head.version.number() < TOPIC_IDS_FROM;
        let topic = if by_name { topics.named(wanted.name) } else { topics.with_id(wanted.id) };
        let unknown = if by_name {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else {
            ErrorCode::UNKNOWN_TOPIC_ID
        };
        let mut partitions = Vec::with_capacity(wanted.partitions.len());
        for part in wanted.partitions {
            let found = topic.map(|topic| (topic, topic.partition(part.partition)));
            let answer = match found {
                None => Answer::Error(unknown),
                Some((_, None)) => Answer::Error(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                Some((topic, Some(partition))) => {
                    let known = part.current_leader_epoch;
                    self.parts.push(FetchPart {
                        log: topic.log_id(part.partition),
                        owner: partition.owner,
                        local: partition.log,
                        offset: part.fetch_offset,
                        bytes_max: u32::try_from(part.max_bytes).unwrap_or(0),
                        leader_epoch: (known != LeaderEpoch::NONE).then_some(known),
                    });
                    Answer::Part(self.parts.len() - 1)
                }
            };
            partitions.push((part.partition, answer));
        }
        let (name, id) = (wanted.name.to_owned(), wanted.id);
        self.topics.push(WantedTopic { name, id, partitions });
    }

    /// The one shard that owns all partitions, if there is one.
    fn only_owner(&self) -> Option<record::ShardId> {
        let first = self.parts.first()?.owner;
        self.parts.iter().all(|part| part.owner == first).then_some(first)
    }

    async fn answer(self, shard: &Rc<Shard>) -> Result<Outgoing, Hangup> {
        let started = shard.runtime.now();
        let has_error = self.topics.iter().any(|topic| {
            topic.partitions.iter().any(|(_, answer)| matches!(answer, Answer::Error(_)))
        });
        let mut limits = self.limits;
        if has_error {
            limits.patience = Duration::ZERO;
        }
        let results = shard.fetch(&self.parts, limits).await;
        let mut results: Vec<Option<Result<Fetched, LogFailure>>> =
            results.into_iter().map(Some).collect();
        let mut reply = Reply::new();
        let head = FetchResponseHead {
            error_code: self.refused,
            session_id: SessionId::NONE,
            ..FetchResponseHead::default()
        };
        let Head { version, correlation_id, .. } = self.head;
        let mut encoder = FetchResponseEncoder::begin(
            &mut reply,
            version,
            correlation_id,
            head,
            self.topics.len(),
        )?;
        for topic in &self.topics {
            encoder.topic(&topic.name, topic.id, topic.partitions.len())?;
            for (partition, answer) in &topic.partitions {
                let result = match answer {
                    Answer::Error(code) => Err(error_data(*partition, *code, None)),
                    Answer::Part(index) => {
                        let result = results[*index].take().expect("each part is answered once");
                        result.map_err(|failure| {
                            error_data(*partition, error::of_log(&failure), Some(&failure))
                        })
                    }
                };
                self.encode_partition(&mut encoder, *partition, result, shard)?;
            }
        }
        encoder.end(&[])?;
        // The wait for records does not count as the broker's time.
        let waited = shard.runtime.now().nanos_since(started);
        let received = self.head.received.after(Duration::from_nanos(waited));
        Ok(Outgoing { reply, received, stage: Some(Stage::FetchHot) })
    }

    fn encode_partition(
        &self,
        encoder: &mut FetchResponseEncoder<'_, Range>,
        partition: PartitionIndex,
        result: Result<Fetched, PartitionData<'static>>,
        shard: &Shard,
    ) -> Result<(), Hangup> {
        let no_transactions = self.committed_only.then_some(Array::EMPTY);
        match result {
            Ok(fetched) => {
                let data = PartitionData {
                    partition,
                    high_watermark: fetched.high_watermark,
                    last_stable_offset: fetched.high_watermark,
                    log_start_offset: fetched.log_start,
                    aborted_transactions: no_transactions,
                    ..PartitionData::default()
                };
                encoder.partition(&data, fetched.range)?;
            }
            Err(data) => {
                shard.metrics.error(self.head.api(), data.error_code);
                let data = PartitionData { aborted_transactions: no_transactions, ..data };
                encoder.partition(&data, None)?;
            }
        }
        Ok(())
    }
}

fn error_data(
    partition: PartitionIndex,
    error_code: ErrorCode,
    failure: Option<&LogFailure>,
) -> PartitionData<'static> {
    let bounds = match failure {
        Some(LogFailure::OutOfRange { log_start, .. }) => (Offset::NONE, *log_start),
        _ => (Offset::NONE, Offset::NONE),
    };
    PartitionData {
        partition,
        error_code,
        high_watermark: bounds.0,
        last_stable_offset: Offset::NONE,
        log_start_offset: bounds.1,
        aborted_transactions: None,
        preferred_read_replica: NodeId(-1),
        ..PartitionData::default()
    }
}

/// What is wrong with the request as a whole.
fn refuse_request(head: Head, request: &FetchRequest<'_>) -> ErrorCode {
    let replica = request.replica_id.0.max(request.replica_state.replica_id.0);
    let new_or_none = matches!(request.session_epoch, SessionEpoch::INITIAL | SessionEpoch::FINAL);
    if head.version.number() < REQUEST_ERROR_FROM {
        return ErrorCode::NONE;
    }
    if replica >= 0 {
        // Only a broker of the cluster may fetch as a replica: it would move the high watermark.
        return ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    }
    if !new_or_none {
        return ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
    }
    ErrorCode::NONE
}
