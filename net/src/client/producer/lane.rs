//! One partition's batches on their way, in order.
//!
//! - A batch is resolved only when it is the oldest one: acknowledged, or given up.
//! - When the oldest one fails, all others under way are waited for before anything is sent again,
//!   in the old order and with the old sequences. The broker tells which it already has.
//! - A batch that was refused for good leaves a gap in the sequences, and everything behind it is
//!   refused too: the rest then goes on under a new producer id. A batch that is given up without
//!   an answer may have been appended, so the rest keeps its sequences until the broker says that
//!   they do not follow.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use record::{NewRecord, PartitionIndex};
use runtime::Instant;
use runtime::local::{Event, first};

use super::Shared;
use super::batching::{Batch, Batching, Due};
use super::sealed::{Identity, SealedBatch};
use crate::client::backoff::Backoff;
use crate::client::connection::{Awaiting, Connection};
use crate::client::error::{ClientError, ConnectionError};
use crate::kafka::error_code::ErrorCode;

/// More retries than a delivery's patience has room for.
const RETRIES_MAX: u32 = 1_000;

/// What a partition's records wait in.
pub(super) struct Lane {
    partition: PartitionIndex,
    batching: RefCell<Batching>,
    changed: Event,
    /// Counts what the sending task should look at.
    changes: Cell<u64>,
    /// The connection last used, for what is sent without an answer.
    connection: RefCell<Option<Rc<Connection>>>,
}

impl Lane {
    pub(super) fn new(partition: PartitionIndex, batching: Batching) -> Self {
        Self {
            partition,
            batching: RefCell::new(batching),
            changed: Event::default(),
            changes: Cell::new(0),
            connection: RefCell::default(),
        }
    }

    /// Adds a record; says how many batches became full.
    pub(super) fn append(
        &self,
        record: &NewRecord<'_>,
        reserved: usize,
        now: Instant,
    ) -> Result<usize, ClientError> {
        let mut batching = self.batching.borrow_mut();
        let was_empty = batching.due(now, true) == Due::Never;
        let full = batching.append(record, reserved, now)?;
        drop(batching);
        if was_empty || full > 0 {
            self.wake();
        }
        Ok(full)
    }

    /// Makes the sending task look again.
    pub(super) fn wake(&self) {
        self.changes.set(self.changes.get() + 1);
        self.changed.notify();
    }

    /// Waits until the kernel has what was sent last.
    pub(super) async fn flush_connection(&self) -> Result<(), ConnectionError> {
        let connection = self.connection.borrow().clone();
        match connection {
            Some(connection) => connection.flush().await,
            None => Ok(()),
        }
    }
}

/// Sends the lane's batches for as long as the producer lives.
pub(super) async fn run(shared: Rc<Shared>, lane: Rc<Lane>) {
    let backoff = new_backoff(&shared);
    let mut sender = Sender { shared, lane, identity: None, in_flight: VecDeque::new(), backoff };
    loop {
        sender.resolve_front();
        if sender.front_failed() {
            sender.recover().await;
            continue;
        }
        sender.send_all().await;
        if !matches!(sender.in_flight.front(), Some(front) if front.is_settled()) {
            sender.wait().await;
        }
    }
}

fn new_backoff(shared: &Shared) -> Backoff {
    let config = shared.client.config();
    Backoff::new(config.retry_wait_first, config.retry_wait_max, RETRIES_MAX)
}

struct Sender {
    shared: Rc<Shared>,
    lane: Rc<Lane>,
    identity: Option<Identity>,
    /// In the order of their sequences.
    in_flight: VecDeque<InFlight>,
    backoff: Backoff,
}

struct InFlight {
    batch: SealedBatch,
    state: State,
}

enum State {
    Unsent,
    Sent(Awaiting),
    Acknowledged,
    Failed(ClientError),
}

impl InFlight {
    fn is_settled(&self) -> bool {
        matches!(self.state, State::Acknowledged | State::Failed(_))
    }
}

impl Sender {
    /// Takes the acknowledged batches off the front.
    fn resolve_front(&mut self) {
        while let Some(front) = self.in_flight.pop_front() {
            if !matches!(front.state, State::Acknowledged) {
                self.in_flight.push_front(front);
                return;
            }
            let batch = front.batch;
            self.shared.resolve(count(batch.records), batch.reserved, Ok(batch.bytes.len()));
            self.backoff = new_backoff(&self.shared);
        }
    }

    fn front_failed(&self) -> bool {
        matches!(self.in_flight.front(), Some(front) if matches!(front.state, State::Failed(_)))
    }

    /// Whether another batch may be sent: nothing overtakes one that failed.
    fn has_room(&self) -> bool {
        self.in_flight.len() < self.shared.in_flight_max()
            && !self.in_flight.iter().any(|batch| matches!(batch.state, State::Failed(_)))
    }

    /// Sends what was not sent, and as much more as is due and may be under way. Stops at the
    /// first failure.
    async fn send_all(&mut self) {
        for index in 0..self.in_flight.len() {
            if matches!(self.in_flight.get(index), Some(InFlight { state: State::Unsent, .. }))
                && !self.send_one(index).await
            {
                return;
            }
        }
        while self.has_room() {
            let now = self.shared.client.runtime().now();
            let flushing = self.shared.flushing.get();
            let Some(batch) = self.lane.batching.borrow_mut().take(now, flushing) else { return };
            if !self.seal(batch) || !self.send_one(self.in_flight.len() - 1).await {
                return;
            }
        }
    }

    /// Puts a batch behind the others; `false` if it could not be sealed, and is resolved.
    fn seal(&mut self, batch: Batch) -> bool {
        let (records, reserved) = (batch.builder.record_count(), batch.reserved);
        let codec = self.shared.config.codec;
        let mut identity = self.identity;
        match SealedBatch::seal(batch, codec, identity.as_mut()) {
            Ok(batch) => {
                self.identity = identity;
                self.in_flight.push_back(InFlight { batch, state: State::Unsent });
                true
            }
            Err(error) => {
                // The sequences that it would have had are not used.
                self.shared.resolve(count(records), reserved, Err(error.into()));
                false
            }
        }
    }

    /// Sends one batch; `false` if that failed, and the batch has.
    async fn send_one(&mut self, index: usize) -> bool {
        let state = match self.try_send(index).await {
            Ok(state) => state,
            Err(error) => State::Failed(error),
        };
        let sent = !matches!(state, State::Failed(_));
        if let Some(in_flight) = self.in_flight.get_mut(index) {
            in_flight.state = state;
        }
        sent
    }

    async fn try_send(&mut self, index: usize) -> Result<State, ClientError> {
        if self.shared.is_idempotent() && self.identity.is_none() {
            let mut identity = self.shared.new_identity().await?;
            // Whatever is unresolved was refused, or never sent, under the id before.
            let unresolved = self.in_flight.iter_mut().filter(|batch| !batch.is_settled());
            unresolved.for_each(|in_flight| in_flight.batch.restamp(&mut identity));
            self.identity = Some(identity);
        }
        let Some(in_flight) = self.in_flight.get(index) else { return Ok(State::Unsent) };
        let partition = self.lane.partition;
        let sent = self.shared.start_produce(partition, &in_flight.batch.bytes).await?;
        let (connection, answer) = sent;
        *self.lane.connection.borrow_mut() = Some(connection);
        Ok(answer.map_or(State::Acknowledged, State::Sent))
    }

    /// Waits for the oldest answer, or for something to be sent.
    async fn wait(&mut self) {
        let room = self.has_room();
        let (shared, lane) = (&self.shared, &self.lane);
        let due = async {
            if !room {
                std::future::pending::<()>().await;
            }
            wait_due(shared, lane).await;
            None
        };
        let Some(InFlight { state: State::Sent(awaiting), .. }) = self.in_flight.front_mut() else {
            drop(due.await);
            return;
        };
        let answer = async { Some(awaiting.await) };
        let Some(answer) = first(answer, due).await else { return };
        let state = self.judge(answer);
        if let Some(front) = self.in_flight.front_mut() {
            front.state = state;
        }
    }

    fn judge(
        &self,
        answer: Result<
            Result<crate::client::connection::Answer, ConnectionError>,
            runtime::local::Canceled,
        >,
    ) -> State {
        let result = match answer {
            Ok(Ok(answer)) => self.shared.read_produced(self.lane.partition, &answer),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(ClientError::Closed),
        };
        result.map_or_else(State::Failed, |()| State::Acknowledged)
    }

    /// The oldest batch failed: waits for the others' answers, decides about it, and makes ready
    /// what is to be sent again.
    async fn recover(&mut self) {
        for index in 0..self.in_flight.len() {
            let Some(in_flight) = self.in_flight.get_mut(index) else { break };
            if let State::Sent(awaiting) = &mut in_flight.state {
                let answer = awaiting.await;
                let state = self.judge(answer);
                if let Some(in_flight) = self.in_flight.get_mut(index) {
                    in_flight.state = state;
                }
            }
        }
        let Some(front) = self.in_flight.pop_front() else { return };
        let InFlight { batch, state: State::Failed(error) } = front else {
            self.in_flight.push_front(front);
            return;
        };
        let verdict = self.verdict(&error, batch.begun).await;
        match verdict {
            Verdict::Again { new_identity } => {
                if new_identity {
                    self.identity = None;
                }
                self.in_flight.push_front(InFlight { batch, state: State::Unsent });
            }
            Verdict::GiveUp { refused } => {
                if refused {
                    self.identity = None;
                }
                self.shared.resolve(count(batch.records), batch.reserved, Err(error));
                self.backoff = new_backoff(&self.shared);
            }
        }
        for in_flight in &mut self.in_flight {
            if !matches!(in_flight.state, State::Acknowledged) {
                in_flight.state = State::Unsent;
            }
        }
    }

    async fn verdict(&mut self, error: &ClientError, begun: Instant) -> Verdict {
        let runtime = self.shared.client.runtime().clone();
        let new_identity = matches!(
            error.code(),
            Some(
                ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
                    | ErrorCode::UNKNOWN_PRODUCER_ID
                    | ErrorCode::INVALID_PRODUCER_ID_MAPPING
            )
        );
        if !new_identity && !error.is_retriable() {
            return Verdict::GiveUp { refused: error.code().is_some() };
        }
        let deadline = begun.after(self.shared.config.delivery_patience);
        match self.backoff.next() {
            Some(wait) if runtime.now().after(wait) < deadline => runtime.sleep(wait).await,
            _ => return Verdict::GiveUp { refused: false },
        }
        match self.shared.client.refresh(&self.shared.topic).await {
            // The topic was deleted: no retry will bring it back.
            Err(ClientError::UnknownTopic { .. }) => Verdict::GiveUp { refused: true },
            // Whatever else it is, sending again will tell.
            Ok(_) | Err(_) => Verdict::Again { new_identity },
        }
    }
}

enum Verdict {
    /// Send it again, maybe under a new producer id.
    Again { new_identity: bool },
    /// Resolve it as failed; `refused` if it certainly was not appended.
    GiveUp { refused: bool },
}

/// Resolves when a batch can be taken.
async fn wait_due(shared: &Shared, lane: &Lane) {
    loop {
        let seen = lane.changes.get();
        let now = shared.client.runtime().now();
        let due = lane.batching.borrow().due(now, shared.flushing.get());
        let changed = lane.changed.wait_until(|| (lane.changes.get() != seen).then_some(()));
        match due {
            Due::Now => return,
            Due::At(moment) => {
                let sleep = async { shared.client.runtime().sleep_until(moment).await };
                first(sleep, changed).await;
            }
            Due::Never => changed.await,
        }
    }
}

fn count(records: i32) -> u64 {
    u64::try_from(records).unwrap_or_default()
}
