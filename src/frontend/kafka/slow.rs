//! Writing down requests that were slow: what is remembered of each until its answer is sent.
//!
//! What is remembered lies there anyway, or is a few words; names are looked up only for a request
//! that is written down.

use record::TopicId;
use runtime::Instant;

use super::api::produce::PendingProduce;
use super::connection::Connection;
use super::request::Head;
use crate::metrics::slow::{Course, SlowRequest, Step};

/// A request that is being answered.
pub(super) enum Trace {
    /// A produce.
    Produce(Box<PendingProduce>),
    /// Any other, and the bytes of its answer.
    Work(Work, u64),
}

/// What was done for a request other than Produce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    /// The request.
    pub(super) head: Head,
    /// When its turn came.
    pub(super) started: Instant,
    /// What was done then.
    pub(super) step: Step,
    /// How much of that was a wait that the client asked for.
    pub(super) waited_nanos: u64,
    /// The first topic that it names.
    pub(super) topic: Option<TopicId>,
    /// The partitions that it names.
    pub(super) partitions: u32,
}

impl Work {
    /// Work that names no partitions.
    pub(super) fn of(head: Head, started: Instant) -> Self {
        let step = Step::Handle;
        Self { head, started, step, waited_nanos: 0, topic: None, partitions: 0 }
    }
}

impl Connection {
    /// Writes a request down if it was slow: it was `ready` to be answered, and the kernel has
    /// taken the answer `now`. `nanos` is its time without the waits that its client asked for.
    pub(super) fn note_if_slow(&self, nanos: u64, trace: &Trace, ready: Instant, now: Instant) {
        if self.shard.metrics.slow().takes(nanos, now) {
            self.write_down(trace, ready, now);
        }
    }

    #[cold]
    fn write_down(&self, trace: &Trace, ready: Instant, now: Instant) {
        let head = match trace {
            Trace::Produce(pending) => pending.head(),
            Trace::Work(work, _) => work.head,
        };
        let now_ms = self.shard.runtime.wall_millis();
        let age_ms = now.nanos_since(head.received) / 1_000_000;
        let blank = SlowRequest {
            received_ms: now_ms.saturating_sub_unsigned(age_ms),
            client: self.peer,
            client_id: SlowRequest::text(&self.client_id.borrow()),
            version: head.version,
            topic: None,
            partitions: 0,
            bytes: 0,
            records: None,
            took: Course::from(head.received).end(),
        };
        let request = match trace {
            Trace::Produce(pending) => pending.tell(blank, ready, now),
            Trace::Work(work, bytes) => {
                self.tell(work, SlowRequest { bytes: *bytes, ..blank }, ready, now)
            }
        };
        self.shard.metrics.slow().write(request, now, now_ms);
    }

    fn tell(&self, work: &Work, blank: SlowRequest, ready: Instant, now: Instant) -> SlowRequest {
        let topics = self.shard.topics.borrow();
        let topic = work.topic.and_then(|id| topics.with_id(id));
        let course = Course::from(work.head.received).until(Step::Turn, work.started);
        let course = course.until(work.step, ready).waiting(work.step, work.waited_nanos);
        SlowRequest {
            topic: topic.map(|topic| SlowRequest::text(&topic.name)),
            partitions: work.partitions,
            took: course.until(Step::Reply, now).end(),
            ..blank
        }
    }
}
