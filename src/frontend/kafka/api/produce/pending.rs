//! A produce on its way: what each partition waits for, and the answer when it has come.

use std::ops::Range;
use std::rc::Rc;

use net::kafka::api::produce::{PartitionProduceResponse, ProduceResponseEncoder, RecordError};
use net::kafka::error_code::ErrorCode;
use net::kafka::reply::Reply;
use net::kafka::wire::Array;
use record::{BatchHeader, Offset, PartitionIndex, ShardId, Timestamp, TopicId};
use runtime::Instant;
use runtime::local::Waiting;
use storage::log::Log;
use storage::{AppendError, Appended, CommitTimes};

use crate::broker::produce::{Checked, Refusal};
use crate::broker::range::Range as LogRange;
use crate::broker::topics::Topic;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::metrics::Stage;
use crate::metrics::slow::{Course, SlowRequest, Step};
use crate::shard::Shard;
use crate::shard::frames::FrameCharge;
use crate::shard::message::ProducedAt;
use crate::topic_config::Effective;

/// What another shard says of its part of a request.
pub(super) type RemoteResults = Result<Vec<Result<ProducedAt, AppendError>>, ()>;

/// A request until its answer is sent.
pub(crate) struct PendingProduce {
    head: Head,
    topics: Vec<TopicParts>,
    calls: Vec<Waiting<RemoteResults>>,
    charge: Option<FrameCharge>,
    /// When its batches were checked.
    parsed: Instant,
    /// The batches that passed their checks.
    size: Size,
    /// The times of the first commit that was waited for.
    times: Option<CommitTimes>,
}

/// How much was produced.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    bytes: u64,
    records: u64,
}

/// The parts of one topic.
pub(super) struct TopicParts {
    topic: Option<Rc<Topic>>,
    name: Option<String>,
    id: TopicId,
    parts: Vec<Part>,
}

/// One partition of the request.
pub(super) struct Part {
    pub(super) partition: PartitionIndex,
    pub(super) state: State,
}

/// How far a partition's batch has come.
pub(super) enum State {
    /// Its partition is known, its bytes are not checked.
    Found { range: Range<usize>, owner: ShardId, log: Option<Rc<Log>> },
    /// It may be appended here.
    Checked { range: Range<usize>, log: Option<Rc<Log>>, checked: Checked },
    /// It may be appended on another shard.
    Away { range: Range<usize>, owner: ShardId, checked: Checked },
    /// It is on its way: which call, which batch of it.
    Sent { call: usize, index: usize },
    /// It is staged here.
    Staged { log: Rc<Log>, appended: Appended },
    /// It may be acknowledged.
    Done(ProducedAt),
    /// It was refused.
    Refused(Box<Refused>),
}

/// Why, as the client is told.
pub(super) struct Refused {
    code: ErrorCode,
    message: Option<String>,
    record: Option<i32>,
}

impl State {
    pub(super) fn refused(code: ErrorCode, message: Option<String>) -> Self {
        Self::Refused(Box::new(Refused { code, message, record: None }))
    }

    pub(super) fn refused_batch(refusal: &Refusal) -> Self {
        let record = match refusal {
            Refusal::Record(error) => Some(error.index),
            Refusal::NoKey { index } => Some(*index),
            _ => None,
        };
        let (code, message) = (error::of_refusal(refusal), Some(refusal.to_string()));
        Self::Refused(Box::new(Refused { code, message, record }))
    }
}

impl Size {
    /// Adds a batch.
    pub(super) fn add(&mut self, header: &BatchHeader) {
        self.bytes += header.total_len as u64;
        self.records += u64::from(header.record_count.unsigned_abs());
    }
}

impl TopicParts {
    pub(super) fn new(topic: Option<&Rc<Topic>>, name: &str, id: TopicId) -> Self {
        let named = topic.is_none().then(|| name.to_owned());
        let id = topic.map_or(id, |topic| topic.id);
        Self { topic: topic.cloned(), name: named, id, parts: Vec::with_capacity(1) }
    }

    pub(super) fn push(&mut self, part: Part) {
        self.parts.push(part);
    }

    pub(super) fn parts_mut(&mut self) -> &mut [Part] {
        &mut self.parts
    }

    pub(super) fn effective(&self) -> Option<Effective> {
        self.topic.as_ref().map(|topic| topic.effective.get())
    }

    fn name(&self) -> &str {
        let known = self.topic.as_ref().map(|topic| &*topic.name);
        known.or(self.name.as_deref()).unwrap_or_default()
    }
}

impl Part {
    pub(super) fn refuse_append(&mut self, error: &AppendError) {
        self.state = State::refused(error::of_append(error), Some(error.to_string()));
    }
}

impl PendingProduce {
    pub(super) fn new(head: Head, topics: usize) -> Self {
        let topics = Vec::with_capacity(topics);
        let parsed = head.received;
        Self {
            head,
            topics,
            calls: Vec::new(),
            charge: None,
            parsed,
            size: Size::default(),
            times: None,
        }
    }

    pub(super) fn push(&mut self, topic: TopicParts) {
        self.topics.push(topic);
    }

    pub(super) fn topics_mut(&mut self) -> &mut [TopicParts] {
        &mut self.topics
    }

    /// Calls `act` for each part whose topic is known.
    pub(super) fn for_each(&mut self, mut act: impl FnMut(&Topic, &mut Part)) {
        for TopicParts { topic, parts, .. } in &mut self.topics {
            let Some(topic) = topic else { continue };
            for part in parts {
                act(topic, part);
            }
        }
    }

    fn states(&self) -> impl Iterator<Item = &State> {
        self.topics.iter().flat_map(|topic| &topic.parts).map(|part| &part.state)
    }

    /// Whether no part belongs to another shard.
    pub(super) fn is_local(&self) -> bool {
        !self.states().any(|state| matches!(state, State::Found { log: None, .. }))
    }

    pub(super) fn has_remote(&self) -> bool {
        self.states().any(|state| matches!(state, State::Away { .. }))
    }

    pub(super) fn has_checked(&self) -> bool {
        self.states().any(|state| matches!(state, State::Checked { .. }))
    }

    /// The one shard that owns all parts, if there is one.
    pub(super) fn only_owner(&self, here: ShardId) -> Option<ShardId> {
        let mut owners = self.states().filter_map(|state| match state {
            State::Found { owner, .. } | State::Away { owner, .. } => Some(*owner),
            State::Checked { .. } | State::Staged { .. } => Some(here),
            _ => None,
        });
        let first = owners.next()?;
        owners.all(|owner| owner == first).then_some(first)
    }

    /// Refuses what could not be staged.
    pub(super) fn refuse_checked(&mut self, error: &AppendError) {
        self.for_each(|_, part| {
            if matches!(part.state, State::Checked { .. }) {
                part.refuse_append(error);
            }
        });
    }

    /// Notes a call to another shard; its number.
    pub(super) fn add_call(&mut self, results: Waiting<RemoteResults>) -> usize {
        self.calls.push(results);
        self.calls.len() - 1
    }

    /// Keeps the frame's memory charged until the answer.
    pub(super) fn hold(&mut self, charge: FrameCharge) {
        self.charge = Some(charge);
    }

    /// The first part that was refused, in words.
    pub(super) fn first_refusal(&self) -> Option<String> {
        self.states().find_map(|state| match state {
            State::Refused(refused) => {
                Some(refused.message.clone().unwrap_or_else(|| refused.code.to_string()))
            }
            _ => None,
        })
    }

    /// Notes when its batches were checked.
    pub(super) fn note_parsed(&mut self, now: Instant) {
        self.parsed = now;
    }

    /// Notes batches that were appended here, or sent to another shard to be.
    pub(super) fn note_batches(&mut self, batches: Size) {
        self.size.bytes += batches.bytes;
        self.size.records += batches.records;
    }

    /// The request.
    pub(in crate::frontend::kafka) fn head(&self) -> Head {
        self.head
    }

    /// When the request had come.
    pub(in crate::frontend::kafka) fn received(&self) -> Instant {
        self.head.received
    }

    /// Whether [`PendingProduce::settle`] would not wait.
    pub(in crate::frontend::kafka) fn is_ready(&self) -> bool {
        self.calls.is_empty()
            && self.states().all(|state| match state {
                State::Staged { appended, .. } => appended.ack.poll().is_some(),
                _ => true,
            })
    }

    /// Waits until every batch may be acknowledged, or is known to have failed. The frame's memory
    /// is nobody's concern any more then.
    pub(in crate::frontend::kafka) async fn settle(&mut self) {
        let mut results = Vec::with_capacity(self.calls.len());
        for call in self.calls.drain(..) {
            results.push(call.await.unwrap_or(Err(())));
        }
        for part in self.topics.iter_mut().flat_map(|topic| &mut topic.parts) {
            match &part.state {
                State::Staged { log, appended } => {
                    let acknowledged = appended.ack.wait().await;
                    self.times = self.times.or(appended.ack.times());
                    part.state = match acknowledged {
                        Ok(()) => State::Done(ProducedAt {
                            base_offset: appended.base_offset,
                            append_time: appended.append_time,
                            log_start: log.state().log_start,
                        }),
                        Err(error) => {
                            State::refused(error::of_append(&error), Some(error.to_string()))
                        }
                    };
                }
                State::Sent { call, index } => {
                    part.state = match &results[*call] {
                        Ok(results) => match &results[*index] {
                            Ok(produced) => State::Done(*produced),
                            Err(error) => {
                                State::refused(error::of_append(error), Some(error.to_string()))
                            }
                        },
                        Err(()) => State::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER, None),
                    };
                }
                _ => {}
            }
        }
        self.charge = None;
    }

    /// Appends the answer to `reply`.
    pub(in crate::frontend::kafka) fn encode(
        &self,
        reply: &mut Reply<LogRange>,
        shard: &Shard,
    ) -> Result<(), Hangup> {
        let Head { version, correlation_id, .. } = self.head;
        let mut encoder =
            ProduceResponseEncoder::begin(reply, version, correlation_id, self.topics.len())?;
        for topic in &self.topics {
            encoder.topic(topic.name(), topic.id, topic.parts.len())?;
            for part in &topic.parts {
                encode_part(&mut encoder, part, self.head, shard)?;
            }
        }
        encoder.end(0, &[])?;
        self.note_times(shard);
        Ok(())
    }

    /// Completes what is written down of it as a slow request: it was `ready` to be answered, and
    /// the kernel has taken the answer `now`.
    pub(in crate::frontend::kafka) fn tell(
        &self,
        blank: SlowRequest,
        ready: Instant,
        now: Instant,
    ) -> SlowRequest {
        let mut course = Course::from(self.head.received).until(Step::Parse, self.parsed);
        let last = match self.times {
            Some(CommitTimes { closed, written, durable }) => {
                let steps = [Step::Queue, Step::JournalWrite, Step::Barrier];
                for (step, moment) in steps.into_iter().zip([closed, written, durable]) {
                    course = course.until(step, moment);
                }
                Step::Turn
            }
            None => Step::Handle,
        };
        let partitions = self.topics.iter().map(|topic| topic.parts.len()).sum::<usize>();
        let known = self.topics.iter().find_map(|topic| topic.topic.as_ref());
        SlowRequest {
            topic: known.map(|topic| SlowRequest::text(&topic.name)),
            partitions: u32::try_from(partitions).unwrap_or(u32::MAX),
            bytes: self.size.bytes,
            records: Some(self.size.records),
            took: course.until(last, ready).until(Step::Reply, now).end(),
            ..blank
        }
    }

    fn note_times(&self, shard: &Shard) {
        let Some(times) = self.times else { return };
        let none = Instant::default();
        if times.closed > none {
            shard.metrics.record(Stage::Queue, times.closed.nanos_since(self.parsed));
        }
        if times.written > none {
            shard.metrics.record(Stage::JournalWrite, times.written.nanos_since(times.closed));
        }
        if times.durable > none {
            shard.metrics.record(Stage::Barrier, times.durable.nanos_since(times.written));
        }
    }
}

fn encode_part(
    encoder: &mut ProduceResponseEncoder<'_, LogRange>,
    part: &Part,
    head: Head,
    shard: &Shard,
) -> Result<(), Hangup> {
    let partition = part.partition;
    match &part.state {
        State::Done(produced) => encoder.partition(&PartitionProduceResponse {
            partition,
            base_offset: produced.base_offset,
            log_append_time: produced.append_time,
            log_start_offset: produced.log_start,
            ..PartitionProduceResponse::default()
        })?,
        State::Refused(refused) => {
            shard.metrics.error(head.api(), refused.code);
            let message = refused.message.as_deref();
            let record = refused.record.map(|batch_index| RecordError { batch_index, message });
            encoder.partition(&PartitionProduceResponse {
                partition,
                error_code: refused.code,
                base_offset: Offset::NONE,
                log_append_time: Timestamp::NONE,
                log_start_offset: Offset::NONE,
                record_errors: Array::from(record.as_slice()),
                error_message: message,
                ..PartitionProduceResponse::default()
            })?;
        }
        _ => unreachable!("a settled part was appended or refused"),
    }
    Ok(())
}
