//! A connection's answers, in the order of their requests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use net::kafka::reply::Reply;
use runtime::Instant;
use runtime::local::Event;

use super::api::produce::PendingProduce;
use super::request::Hangup;
use super::slow::Work;
use crate::broker::range::Range;
use crate::metrics::Stage;

/// Requests of one connection that may be under way.
const IN_FLIGHT_MAX: usize = 64;

/// Encoded answers, ready to be sent.
pub(super) struct Outgoing {
    /// The bytes, with the records cut in.
    pub(super) reply: Reply<Range>,
    /// When the request had come, and later by the time that its client asked it to wait.
    pub(super) received: Instant,
    /// Under which name its time is recorded, if it is.
    pub(super) stage: Option<Stage>,
    /// What was done for it; none for a request that is answered unread.
    pub(super) work: Option<Work>,
}

/// An answer that is still being worked out.
pub(super) type Later = Pin<Box<dyn Future<Output = Result<Outgoing, Hangup>>>>;

/// A place in the order.
pub(super) enum Slot {
    /// A produce whose batches are staged.
    Produce(Box<PendingProduce>),
    /// Something that starts when its turn comes.
    Later(Later),
    /// An answer.
    Ready(Outgoing),
}

/// The answers that one connection owes.
#[derive(Default)]
pub(super) struct Outbox {
    slots: RefCell<VecDeque<Slot>>,
    /// An answer was taken out and is not sent yet.
    sending: Cell<bool>,
    /// Nothing more will be pushed.
    finished: Cell<bool>,
    changed: Event,
}

impl Outbox {
    /// Whether another request may be dispatched.
    pub(super) fn has_room(&self) -> bool {
        self.slots.borrow().len() < IN_FLIGHT_MAX
    }

    /// Waits until another request may be dispatched.
    pub(super) async fn room(&self) {
        self.changed.wait_until(|| self.has_room().then_some(())).await;
    }

    /// Waits until every answer is sent.
    pub(super) async fn idle(&self) {
        self.changed.wait_until(|| self.is_idle().then_some(())).await;
    }

    /// Whether every answer is sent.
    pub(super) fn is_idle(&self) -> bool {
        !self.sending.get() && self.slots.borrow().is_empty()
    }

    /// Takes a place.
    pub(super) fn push(&self, slot: Slot) {
        self.slots.borrow_mut().push_back(slot);
        self.changed.notify();
    }

    /// Nothing more comes; the writer ends when it has sent what is there.
    pub(super) fn finish(&self) {
        self.finished.set(true);
        self.changed.notify();
    }

    /// The oldest place; none when all is sent and nothing more comes.
    pub(super) async fn next(&self) -> Option<Slot> {
        self.sending.set(false);
        self.changed.notify();
        self.changed
            .wait_until(|| match self.slots.borrow_mut().pop_front() {
                Some(slot) => {
                    self.sending.set(true);
                    Some(Some(slot))
                }
                None => self.finished.get().then_some(None),
            })
            .await
    }

    /// The next place, if its answer can be had without waiting.
    pub(super) fn next_ready(&self) -> Option<Slot> {
        let mut slots = self.slots.borrow_mut();
        let ready = match slots.front()? {
            Slot::Produce(pending) => pending.is_ready(),
            Slot::Ready(outgoing) => outgoing.reply.cuts().is_empty(),
            Slot::Later(_) => false,
        };
        ready.then(|| slots.pop_front()).flatten()
    }
}
