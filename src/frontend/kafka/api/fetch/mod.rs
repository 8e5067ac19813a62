//! Fetch (key 1): records as they lie in tail and segments, sent without a copy.
//!
//! A request outside of any session is looked up as it comes; one that begins, goes on with or
//! ends a session is kept until its turn, as its session depends on the requests before it.

mod in_session;

use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::fetch::{
    FetchRequest, FetchResponseEncoder, FetchResponseHead, PartitionData, SessionId,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::isolation::IsolationLevel;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};
use runtime::Instant;

use self::in_session::session_request;
use crate::broker::fetch::{FetchLimits, FetchPart, Fetched, Reading};
use crate::broker::topics::Topics;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::fetch_sessions::{Ask, TopicKey};
use crate::frontend::kafka::outbox::{Later, Outgoing, Slot};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::frontend::kafka::slow::Work;
use crate::metrics::Stage;
use crate::metrics::slow::Step;
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
    /// The session that the answer names.
    session_id: SessionId,
    /// How long there was nothing to answer with.
    waited: Duration,
}

/// By part; taken out as it is encoded.
type Results = Vec<Option<Result<Fetched, LogFailure>>>;

struct WantedTopic {
    topic: TopicKey,
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
        let mut wanted = Wanted::new(&self.shard, head, &request);
        let shard = Rc::clone(&self.shard);
        let later: Later = if wanted.refused.is_none() && in_session::concerns(&request) {
            let request = session_request(head, &request, &shard.topics.borrow());
            let drift = Rc::clone(&self.drift);
            Box::pin(async move { wanted.answer_in_session(request, &shard, &drift).await })
        } else {
            wanted.look_up(&shard.topics.borrow(), &request);
            self.drift.note(wanted.only_owner());
            Box::pin(async move { wanted.answer(&shard).await })
        };
        self.outbox.push(Slot::Later(later));
        Ok(())
    }
}

impl Wanted {
    /// A request without its topics.
    fn new(shard: &Shard, head: Head, request: &FetchRequest<'_>) -> Self {
        let settings = &shard.config.settings;
        let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let bytes_max = u64::try_from(request.max_bytes).unwrap_or(0);
        let limits = FetchLimits {
            bytes_min: u64::try_from(request.min_bytes).unwrap_or(0),
            bytes_max: bytes_max.min(u64::from(settings.fetch_max_bytes)),
            patience: patience.min(WAIT_MAX),
        };
        Self {
            head,
            parts: Vec::new(),
            topics: Vec::new(),
            limits,
            committed_only: request.isolation_level == IsolationLevel::READ_COMMITTED,
            refused: refuse_request(head, request),
            session_id: SessionId::NONE,
            waited: Duration::ZERO,
        }
    }

    fn look_up(&mut self, topics: &Topics, request: &FetchRequest<'_>) {
        if !self.refused.is_none() {
            return;
        }
        self.topics.reserve_exact(request.topics.len());
        for topic in request.topics {
            let key = topic_key(self.head, topics, topic.name, topic.id);
            self.add_topic(topics, key, topic.partitions.into_iter().map(Ask::from));
        }
    }

    fn add_topic(
        &mut self,
        topics: &Topics,
        key: TopicKey,
        asks: impl ExactSizeIterator<Item = Ask>,
    ) {
        let (topic, unknown) = match &key {
            TopicKey::Name(name) => (topics.named(name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            TopicKey::Id(id) => (topics.with_id(*id), ErrorCode::UNKNOWN_TOPIC_ID),
        };
        let mut partitions = Vec::with_capacity(asks.len());
        for part in asks {
            let found = topic.map(|topic| (topic, topic.partition(part.partition)));
            let answer = match found {
                None => Answer::Error(unknown),
                Some((_, None)) => Answer::Error(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                Some((topic, Some(partition))) => {
                    let known = part.leader_epoch;
                    self.parts.push(FetchPart {
                        log: topic.log_id(part.partition),
                        owner: partition.owner,
                        local: partition.log,
                        offset: part.offset,
                        bytes_max: u32::try_from(part.bytes_max).unwrap_or(0),
                        leader_epoch: (known != LeaderEpoch::NONE).then_some(known),
                    });
                    Answer::Part(self.parts.len() - 1)
                }
            };
            partitions.push((part.partition, answer));
        }
        self.topics.push(WantedTopic { topic: key, partitions });
    }

    /// The one shard that owns all partitions, if there is one.
    fn only_owner(&self) -> Option<record::ShardId> {
        let first = self.parts.first()?.owner;
        self.parts.iter().all(|part| part.owner == first).then_some(first)
    }

    async fn answer(mut self, shard: &Rc<Shard>) -> Result<Outgoing, Hangup> {
        let started = shard.runtime.now();
        let results = self.read(shard).await;
        self.encode(results, shard, started)
    }

    /// Waits for records.
    async fn read(&mut self, shard: &Rc<Shard>) -> Results {
        let has_error = self.topics.iter().any(|topic| {
            topic.partitions.iter().any(|(_, answer)| matches!(answer, Answer::Error(_)))
        });
        let mut limits = self.limits;
        if has_error || self.parts.is_empty() {
            limits.patience = Duration::ZERO;
        }
        let Reading { results, waited } = shard.fetch(&self.parts, limits).await;
        self.waited = waited;
        results.into_iter().map(Some).collect()
    }

    fn encode(
        &self,
        mut results: Results,
        shard: &Shard,
        started: Instant,
    ) -> Result<Outgoing, Hangup> {
        let mut reply = Reply::new();
        let Head { version, correlation_id, .. } = self.head;
        let head = FetchResponseHead {
            error_code: self.refused,
            session_id: self.session_id,
            ..FetchResponseHead::default()
        };
        let count = self.topics.len();
        let mut encoder =
            FetchResponseEncoder::begin(&mut reply, version, correlation_id, head, count)?;
        for wanted in &self.topics {
            encoder.topic(wanted.topic.name(), wanted.topic.id(), wanted.partitions.len())?;
            for (partition, answer) in &wanted.partitions {
                let data = self.partition_data(*partition, answer, &results);
                shard.metrics.error(self.head.api(), data.error_code);
                let range = match answer {
                    Answer::Error(_) => None,
                    Answer::Part(index) => {
                        let result = results[*index].take().expect("each part is answered once");
                        result.ok().and_then(|fetched| fetched.range)
                    }
                };
                encoder.partition(&data, range)?;
            }
        }
        encoder.end(&[])?;
        // The wait for records does not count as the broker's time.
        let received = self.head.received.after(self.waited);
        let work = Some(self.work(started));
        Ok(Outgoing { reply, received, stage: Some(Stage::FetchHot), work })
    }

    /// What is remembered of it, in case it was slow.
    fn work(&self, started: Instant) -> Work {
        Work {
            step: Step::Read,
            waited_nanos: u64::try_from(self.waited.as_nanos()).unwrap_or(u64::MAX),
            topic: self.parts.first().map(|part| part.log.topic),
            partitions: u32::try_from(self.parts.len()).unwrap_or(u32::MAX),
            ..Work::of(self.head, started)
        }
    }

    /// What is told of a partition besides its records.
    fn partition_data(
        &self,
        partition: PartitionIndex,
        answer: &Answer,
        results: &Results,
    ) -> PartitionData<'static> {
        let data = match answer {
            Answer::Error(code) => error_data(partition, *code, None),
            Answer::Part(index) => {
                match results[*index].as_ref().expect("each part is answered once") {
                    Ok(fetched) => PartitionData {
                        partition,
                        high_watermark: fetched.high_watermark,
                        last_stable_offset: fetched.high_watermark,
                        log_start_offset: fetched.log_start,
                        ..PartitionData::default()
                    },
                    Err(failure) => error_data(partition, error::of_log(failure), Some(failure)),
                }
            }
        };
        let no_transactions = self.committed_only.then_some(Array::EMPTY);
        PartitionData { aborted_transactions: no_transactions, ..data }
    }
}

/// What names a topic in a request.
fn topic_key(head: Head, topics: &Topics, name: &str, id: TopicId) -> TopicKey {
    if head.version.number() >= TOPIC_IDS_FROM {
        return TopicKey::Id(id);
    }
    let known = topics.named(name).map(|topic| Rc::clone(&topic.name));
    TopicKey::Name(known.unwrap_or_else(|| name.into()))
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
    if head.version.number() < REQUEST_ERROR_FROM {
        return ErrorCode::NONE;
    }
    if replica >= 0 {
        // Only a broker of the cluster may fetch as a replica: it would move the high watermark.
        return ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    }
    ErrorCode::NONE
}
