//! Produce (key 0): records are checked here, appended on their shards, answered when safe.
//!
//! Copies: a small batch once, from the receive buffer into its commit; a large frame whose
//! partitions all live here not at all; what other shards own is copied into theirs.

mod pending;
mod remote;

use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::produce::{Acks, ProduceRequest};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::wire::Reader;
use record::Timestamp;
use runtime::Instant;
use storage::{Admission, Source};

pub(crate) use self::pending::PendingProduce;
use self::pending::{Part, Size, State, TopicParts};
use crate::broker::produce::{Checked, Refusal, new_batch};
use crate::broker::topics::Topic;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::large::LargeFrame;
use crate::frontend::kafka::outbox::Slot;
use crate::frontend::kafka::request::{Hangup, Head, Opened, open};
use crate::metrics::{Counter, Stage};
use crate::shard::Shard;

/// How long a request may wait for room at most, whatever its client says.
const PATIENCE_MAX: Duration = Duration::from_mins(1);
/// Zstd needs this version (KIP-110).
const ZSTD_FROM: i16 = 7;

/// A request whose topics were looked up; its batches are not checked yet.
struct Incoming {
    pending: Box<PendingProduce>,
    acks: Acks,
    patience: Duration,
    payload: usize,
    batches: usize,
}

impl Connection {
    /// Handles a small request at once, if all its partitions are here and have room. `false`:
    /// it must wait or go elsewhere, and nothing of it was done.
    pub(in crate::frontend::kafka) fn produce_now(
        &self,
        head: Head,
        reader: Reader<'_>,
        frame: &[u8],
    ) -> Result<bool, Hangup> {
        let mut incoming = self.look_up(head, reader)?;
        if !incoming.pending.is_local() {
            return Ok(false);
        }
        let Some(admission) = self.shard.store.try_admit(incoming.payload, incoming.batches) else {
            return Ok(false);
        };
        self.note_owner(&incoming);
        incoming.pending.for_each(|topic, part| {
            if let State::Found { range, log: Some(_), .. } = &part.state {
                let bytes = &frame[range.clone()];
                let checked = self.shard.check_small(bytes, &topic.effective.get());
                part.check(checked, head.version.number());
            }
        });
        self.note_parsed(&mut incoming, head);
        self.append_local(&mut incoming, &admission, |range| Source::Copied(&frame[range]));
        drop(admission);
        self.answer(incoming)?;
        Ok(true)
    }

    /// Handles a small request that may wait, or go to other shards.
    pub(in crate::frontend::kafka) async fn produce(
        self: &Rc<Self>,
        head: Head,
        reader: Reader<'_>,
        frame: &[u8],
    ) -> Result<(), Hangup> {
        let mut incoming = self.look_up(head, reader)?;
        self.note_owner(&incoming);
        self.check(&mut incoming, frame, head).await;
        if incoming.pending.has_remote() {
            let slice = copy_of(&self.shard, frame);
            self.send_remote(&mut incoming, &slice).await;
        }
        self.admit_and_append(&mut incoming, |range| Source::Copied(&frame[range])).await;
        self.answer(incoming)
    }

    /// Handles a large request: without a copy, if all its partitions are here.
    pub(in crate::frontend::kafka) async fn produce_large(
        self: &Rc<Self>,
        large: LargeFrame,
        received: Instant,
    ) -> Result<(), Hangup> {
        let LargeFrame { buffer, len, charge } = large;
        let Opened::For(head, reader, _) = open(&buffer.as_slice()[..len], received)? else {
            unreachable!("it was looked at before")
        };
        let mut incoming = self.look_up(head, reader)?;
        self.note_owner(&incoming);
        self.check(&mut incoming, &buffer.as_slice()[..len], head).await;
        if incoming.pending.has_remote() {
            let slice = buffer.freeze(len);
            self.send_remote(&mut incoming, &slice).await;
            let bytes = slice.as_slice();
            self.admit_and_append(&mut incoming, |range| Source::Copied(&bytes[range])).await;
            incoming.pending.hold(charge);
            return self.answer(incoming);
        }
        if incoming.pending.has_checked() {
            let admitted = self.shard.store.admit(len, incoming.batches, incoming.patience).await;
            match admitted {
                Ok(admission) => {
                    let frame = self.shard.store.add_frame(&admission, buffer, len);
                    let source =
                        |range: std::ops::Range<usize>| Source::InFrame(frame, range.start);
                    self.append_local(&mut incoming, &admission, source);
                }
                Err(error) => incoming.pending.refuse_checked(&error),
            }
        }
        drop(charge);
        self.answer(incoming)
    }

    /// Decodes the request and finds its topics and partitions.
    fn look_up(&self, head: Head, mut reader: Reader<'_>) -> Result<Incoming, Hangup> {
        let request = ProduceRequest::decode(head.version, &mut reader)?;
        let acks = request.acks;
        let topics = self.shard.topics.borrow();
        let (mut payload, mut batches) = (0, 0);
        let mut pending = Box::new(PendingProduce::new(head, request.topics.len()));
        for requested in request.topics {
            let by_name = head.version.number() < 13;
            let topic =
                if by_name { topics.named(requested.name) } else { topics.with_id(requested.id) };
            let mut parts = TopicParts::new(topic, requested.name, requested.id);
            for partition in requested.partitions {
                let mut state = find(topic, by_name, partition.partition, partition.records);
                if let Some(refused) = refuse_request(&request) {
                    state = refused;
                }
                if let State::Found { range, .. } = &state {
                    payload += range.len();
                    batches += 1;
                }
                parts.push(Part { partition: partition.partition, state });
            }
            pending.push(parts);
        }
        let patience = u64::try_from(request.timeout_ms).unwrap_or(0);
        let patience = Duration::from_millis(patience).min(PATIENCE_MAX);
        Ok(Incoming { pending, acks, patience, payload, batches })
    }

    /// Checks every batch that was found, in slices.
    async fn check(&self, incoming: &mut Incoming, frame: &[u8], head: Head) {
        for topic in incoming.pending.topics_mut() {
            let effective = topic.effective();
            for part in topic.parts_mut() {
                let State::Found { range, .. } = &part.state else { continue };
                let bytes = &frame[range.clone()];
                let effective = effective.as_ref().expect("a found partition has a topic");
                let checked = self.shard.check_large(bytes, effective).await;
                part.check(checked, head.version.number());
            }
        }
        self.note_parsed(incoming, head);
    }

    async fn admit_and_append<'a>(
        &self,
        incoming: &mut Incoming,
        source: impl Fn(std::ops::Range<usize>) -> Source<'a>,
    ) {
        if !incoming.pending.has_checked() {
            return;
        }
        let (payload, batches) = (incoming.payload, incoming.batches);
        match self.shard.store.admit(payload, batches, incoming.patience).await {
            Ok(admission) => self.append_local(incoming, &admission, source),
            Err(error) => {
                self.shard.metrics.count(Counter::RefusedProduces);
                incoming.pending.refuse_checked(&error);
            }
        }
    }

    /// Appends the checked batches of this shard, in their order.
    fn append_local<'a>(
        &self,
        incoming: &mut Incoming,
        admission: &Admission,
        source: impl Fn(std::ops::Range<usize>) -> Source<'a>,
    ) {
        let now = Timestamp(self.shard.runtime.wall_millis());
        let mut size = Size::default();
        incoming.pending.for_each(|_, part| {
            let State::Checked { range, log: Some(log), checked } = &part.state else { return };
            let source = source(range.clone());
            let copied = matches!(source, Source::Copied(_));
            let batch = new_batch(checked, source);
            match self.shard.store.append(admission, log, &batch, now) {
                Ok(appended) => {
                    self.shard.note_appended(&checked.header, &appended, copied);
                    size.add(&checked.header);
                    part.state = State::Staged { log: Rc::clone(log), appended };
                }
                Err(error) => part.refuse_append(&error),
            }
        });
        incoming.pending.note_batches(size);
    }

    /// Takes a place in the order of answers; without acknowledgement there is none.
    fn answer(&self, incoming: Incoming) -> Result<(), Hangup> {
        if incoming.acks == Acks::NONE {
            return match incoming.pending.first_refusal() {
                Some(error) => Err(Hangup::Unacknowledged(error)),
                None => Ok(()),
            };
        }
        self.outbox.push(Slot::Produce(incoming.pending));
        Ok(())
    }

    fn note_parsed(&self, incoming: &mut Incoming, head: Head) {
        let now = Instant::now();
        incoming.pending.note_parsed(now);
        self.shard.metrics.record(Stage::Parse, now.nanos_since(head.received));
    }

    fn note_owner(&self, incoming: &Incoming) {
        self.drift.note(incoming.pending.only_owner(self.shard.id));
    }
}

/// What is wrong with the request as a whole.
fn refuse_request(request: &ProduceRequest<'_>) -> Option<State> {
    if !matches!(request.acks, Acks::ALL | Acks::NONE | Acks::LEADER) {
        return Some(State::refused(ErrorCode::INVALID_REQUIRED_ACKS, None));
    }
    request.transactional_id.is_some().then(|| {
        let code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
        State::refused(code, Some("transactions are not supported yet".into()))
    })
}

fn find(
    topic: Option<&Rc<Topic>>,
    by_name: bool,
    partition: record::PartitionIndex,
    records: Option<net::kafka::wire::Records<'_>>,
) -> State {
    let Some(topic) = topic else {
        let unknown = if by_name {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else {
            ErrorCode::UNKNOWN_TOPIC_ID
        };
        return State::refused(unknown, None);
    };
    if topic.is_internal() {
        let message = format!("Cannot append to internal topic {}", topic.name);
        return State::refused(ErrorCode::INVALID_TOPIC_EXCEPTION, Some(message));
    }
    let Some(found) = topic.partition(partition) else {
        return State::refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, None);
    };
    match records {
        Some(records) => {
            State::Found { range: records.range(), owner: found.owner, log: found.log }
        }
        None => {
            State::refused(ErrorCode::INVALID_RECORD, Some("a partition's records are null".into()))
        }
    }
}

impl Part {
    /// Notes the outcome of the checks.
    fn check(&mut self, checked: Result<Checked, Refusal>, version: i16) {
        let checked = checked.and_then(|checked| {
            let zstd = checked.header.attributes.codec() == Some(record::Codec::Zstd);
            if zstd && version < ZSTD_FROM { Err(Refusal::Zstd) } else { Ok(checked) }
        });
        let State::Found { range, owner, log } = &self.state else { return };
        self.state = match checked {
            Ok(checked) => match log {
                Some(log) => {
                    State::Checked { range: range.clone(), log: Some(Rc::clone(log)), checked }
                }
                None => State::Away { range: range.clone(), owner: *owner, checked },
            },
            Err(refusal) => State::refused_batch(&refusal),
        };
    }
}

/// A frame's bytes where another shard can read them.
fn copy_of(shard: &Shard, frame: &[u8]) -> runtime::buffer::Slice {
    shard.metrics.add(Counter::CopiedProduce, frame.len() as u64);
    let mut chunk = shard.runtime.pool().chunk(frame.len());
    chunk.append(frame);
    chunk.freeze()
}
