//! `GroupPartition`: one coordinator with its log. Requests are applied in order, their records
//! appended in order, and answers given in order once all records before them are durable.
//!
//! Its task reads the log, appends, and wakes at deadlines. While it has nothing to do, a request
//! is applied where it is submitted: most are heartbeats, which write nothing, and are answered
//! there.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use record::{Timestamp, TopicPartition};
use runtime::local::{Event, first};
use storage::Ack;

use super::view::View;
use super::{Unavailable, settings};
use crate::broker::own_log::{OwnLog, OwnLogError};
use crate::group::classic::Now;
use crate::group::coordinator::{Answer, Coordinator, Request};
use crate::group::effects::{Effects, GroupRecord, Ticket};
use crate::group::log::GroupLogRecord;
use crate::shard::Shard;

/// Requests that may wait for a coordinator.
const QUEUE: usize = 16_384;
/// Requests that are applied before their records are appended together.
const TOGETHER: usize = 512;
/// Bytes of records in one batch, about.
const BATCH_BYTES: usize = 256 << 10;

/// One partition of `__consumer_offsets`, coordinated here.
pub struct GroupPartition {
    log: OwnLog,
    /// Once it is read, and until it has failed.
    coordinator: RefCell<Option<Coordinator>>,
    queue: RefCell<VecDeque<Request>>,
    /// What came of a request that was applied where it was submitted, for the task.
    applied: RefCell<Option<Effects<Answer>>>,
    /// The task has nothing to do until it is called, or until this time if there is one.
    resting: Cell<Option<Rest>>,
    call: Event,
    pending: RefCell<VecDeque<Pending>>,
    has_pending: Event,
    /// How many of `pending` were begun and are not answered.
    unanswered: Cell<usize>,
    /// It could not be read or written: to be opened anew.
    failed: Cell<bool>,
    /// How many groups there are.
    groups: Cell<usize>,
}

/// How long the task rests.
#[derive(Clone, Copy)]
struct Rest {
    until: Option<Duration>,
}

/// Answers that wait for records.
struct Pending {
    acks: Vec<Ack>,
    answers: Vec<(Ticket, Answer)>,
}

impl GroupPartition {
    /// Begins to read the log; requests wait until it is read.
    pub(super) fn start(shard: &Rc<Shard>, log: OwnLog) -> Rc<Self> {
        let partition = Rc::new(Self {
            log,
            coordinator: RefCell::default(),
            queue: RefCell::default(),
            applied: RefCell::default(),
            resting: Cell::new(None),
            call: Event::default(),
            pending: RefCell::default(),
            has_pending: Event::default(),
            unanswered: Cell::new(0),
            failed: Cell::new(false),
            groups: Cell::new(0),
        });
        shard.runtime.spawn(Rc::clone(&partition).run(Rc::clone(shard))).detach();
        shard.runtime.spawn(Rc::clone(&partition).answer(Rc::clone(shard))).detach();
        partition
    }

    /// Its log.
    pub fn log_id(&self) -> TopicPartition {
        self.log.id()
    }

    /// How many groups it has, once they are read.
    pub(super) fn group_count(&self) -> usize {
        self.groups.get()
    }

    /// Whether it has given up.
    pub fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Applies a request, or queues it.
    pub(super) fn submit(&self, shard: &Rc<Shard>, request: Request) -> Result<(), Unavailable> {
        if let Some(rest) = self.resting.get() {
            self.apply_now(shard, request, rest);
            return Ok(());
        }
        let mut queue = self.queue.borrow_mut();
        if self.failed.get() || queue.len() >= QUEUE {
            return Err(Unavailable::Lost);
        }
        queue.push_back(request);
        drop(queue);
        self.call.notify();
        Ok(())
    }

    /// Queues something that nobody waits for. What has failed finds it out when it starts anew.
    pub(super) fn submit_event(&self, event: Request) {
        let mut queue = self.queue.borrow_mut();
        let is_repeated = matches!(event, Request::TopicsChanged)
            && matches!(queue.back(), Some(Request::TopicsChanged));
        if !self.failed.get() && !is_repeated {
            queue.push_back(event);
            drop(queue);
            self.call();
        }
    }

    /// Ends the task's rest.
    fn call(&self) {
        self.resting.set(None);
        self.call.notify();
    }

    /// Applies a request while the task rests, and answers it unless there is something to wait
    /// for.
    fn apply_now(&self, shard: &Rc<Shard>, request: Request, rest: Rest) {
        let mut coordinator = self.coordinator.borrow_mut();
        let coordinator = coordinator.as_mut().expect("a task rests once its log is read");
        let effects = coordinator.apply(now(shard), request, &View::of(shard));
        self.groups.set(coordinator.len());
        let is_early = |deadline| rest.until.is_none_or(|until| deadline < until);
        if coordinator.deadline().is_some_and(is_early) {
            self.call();
        }
        if effects.records.is_empty() && self.unanswered.get() == 0 {
            deliver_all(shard, effects.answers);
        } else {
            *self.applied.borrow_mut() = Some(effects);
            self.call();
        }
    }

    async fn run(self: Rc<Self>, shard: Rc<Shard>) {
        let mut coordinator = Coordinator::new(settings::of(&shard.config.settings));
        if let Err(error) = self.load(&shard, &mut coordinator).await {
            tracing::error!(log = %self.log.id(), %error, "groups can not be read");
            return self.fail(&shard);
        }
        *self.coordinator.borrow_mut() = Some(coordinator);
        while let Some(effects) = self.step(&shard).await {
            if let Err(error) = self.follow(&shard, effects).await {
                // What was applied is not written: all is read again.
                tracing::error!(log = %self.log.id(), %error, "groups can not be written");
                break;
            }
            shard.runtime.yield_if_needed().await;
        }
        let mut coordinator = self.coordinator.take().expect("it was put there above");
        give_up(&shard, coordinator.unload(now(&shard)).answers);
        self.fail(&shard);
    }

    /// Ends, and tells all who were not heard.
    fn fail(&self, shard: &Rc<Shard>) {
        self.failed.set(true);
        self.has_pending.notify();
        self.call();
        if let Some(effects) = self.applied.take() {
            give_up(shard, effects.answers);
        }
        let unheard = std::mem::take(&mut *self.queue.borrow_mut());
        for ticket in unheard.iter().filter_map(Request::ticket) {
            shard.deliver(ticket, Err(Unavailable::Lost));
        }
    }

    async fn load(&self, shard: &Rc<Shard>, into: &mut Coordinator) -> Result<(), OwnLogError> {
        let at = now(shard);
        let read = self.log.read_all(|record| {
            let Some(key) = record.key else { return Ok(()) };
            match GroupLogRecord::decode(key, record.value) {
                Ok(record) => into.replay(at, record),
                // A version to come may have written it: what is not known is left alone.
                Err(error) => {
                    let log = self.log.id();
                    tracing::warn!(%log, %error, "a record of groups was left alone");
                }
            }
            Ok(())
        });
        read.await?;
        let records = into.start(at, &View::of(shard), |group| shard.timing_of(group));
        self.groups.set(into.len());
        self.follow(shard, Effects { records, answers: Vec::new() }).await
    }

    /// Waits for requests or a deadline, and applies what there is. None: the shard stops.
    async fn step(&self, shard: &Rc<Shard>) -> Option<Effects<Answer>> {
        if !self.rest(shard).await {
            return None;
        }
        let mut coordinator = self.coordinator.borrow_mut();
        let coordinator = coordinator.as_mut()?;
        let at = now(shard);
        let mut effects = self.applied.take().unwrap_or_default();
        for _ in 0..TOGETHER {
            let Some(request) = self.queue.borrow_mut().pop_front() else { break };
            absorb(&mut effects, coordinator.apply(at, request, &View::of(shard)));
        }
        if coordinator.deadline().is_some_and(|deadline| deadline <= at.monotonic) {
            absorb(&mut effects, coordinator.tick(at, &View::of(shard)));
        }
        self.groups.set(coordinator.len());
        Some(effects)
    }

    /// Until there is something to do. `false`: the shard stops, or this has failed.
    async fn rest(&self, shard: &Rc<Shard>) -> bool {
        let until = self.coordinator.borrow().as_ref().and_then(Coordinator::deadline);
        let has_work = !self.queue.borrow().is_empty() || self.applied.borrow().is_some();
        if !has_work && !self.failed.get() {
            self.resting.set(Some(Rest { until }));
        }
        let called = self.call.wait_until(|| self.resting.get().is_none().then_some(true));
        let over = async {
            match until.map(|until| until.saturating_sub(now(shard).monotonic)) {
                Some(left) => shard.runtime.sleep(left).await,
                None => std::future::pending().await,
            }
            true
        };
        let closing = async {
            shard.connections.closing().await;
            false
        };
        let goes_on = first(first(called, over), closing).await;
        self.resting.set(None);
        goes_on && !self.failed.get()
    }

    /// Appends the records, and lets the answers follow.
    async fn follow(&self, shard: &Rc<Shard>, effects: Effects<Answer>) -> Result<(), OwnLogError> {
        let mut acks = Vec::new();
        let mut rest = effects.records.as_slice();
        while !rest.is_empty() {
            let (some, behind) = rest.split_at(together(rest));
            let records =
                some.iter().map(|record| (Some(record.key.as_slice()), record.value.as_deref()));
            match self.log.append(records).await {
                Ok(appended) => acks.push(appended.ack),
                Err(error) => {
                    give_up(shard, effects.answers);
                    return Err(error);
                }
            }
            rest = behind;
        }
        if acks.is_empty() && self.unanswered.get() == 0 {
            deliver_all(shard, effects.answers);
            return Ok(());
        }
        self.unanswered.set(self.unanswered.get() + 1);
        self.pending.borrow_mut().push_back(Pending { acks, answers: effects.answers });
        self.has_pending.notify();
        Ok(())
    }

    /// Gives answers in their order, each when the records before it are durable.
    async fn answer(self: Rc<Self>, shard: Rc<Shard>) {
        loop {
            let next = self.has_pending.wait_until(|| {
                let next = self.pending.borrow_mut().pop_front();
                let is_over = next.is_none() && self.failed.get();
                if is_over { Some(None) } else { next.map(Some) }
            });
            let Some(Pending { acks, answers }) = next.await else { break };
            let mut is_durable = true;
            for ack in acks {
                is_durable &= ack.wait().await.is_ok();
            }
            self.unanswered.set(self.unanswered.get() - 1);
            if is_durable {
                deliver_all(&shard, answers);
            } else {
                self.fail(&shard);
                give_up(&shard, answers);
            }
        }
    }
}

fn deliver_all(shard: &Rc<Shard>, answers: Vec<(Ticket, Answer)>) {
    for (ticket, answer) in answers {
        shard.deliver(ticket, Ok(answer));
    }
}

/// Tells those who wait for answers that were not to be had.
fn give_up(shard: &Rc<Shard>, answers: Vec<(Ticket, Answer)>) {
    for (ticket, _) in answers {
        shard.deliver(ticket, Err(Unavailable::Lost));
    }
}

fn now(shard: &Shard) -> Now {
    Now {
        monotonic: Duration::from_nanos(shard.runtime.now().nanos()),
        wall: Timestamp(shard.runtime.wall_millis()),
    }
}

fn absorb(all: &mut Effects<Answer>, some: Effects<Answer>) {
    all.records.extend(some.records);
    all.answers.extend(some.answers);
}

/// How many of these records, at least one, make a batch.
fn together(records: &[GroupRecord]) -> usize {
    let mut bytes = 0;
    let fits = records.iter().take_while(|record| {
        bytes += record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        bytes <= BATCH_BYTES
    });
    fits.count().max(1)
}
