//! Tickets: who waits on this shard for an answer of a coordinator.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use record::ShardId;
use runtime::hash::FixedMap;
use runtime::local::{Promise, Waiting, promise};

use super::Unavailable;
use crate::group::coordinator::Answer;
use crate::group::effects::Ticket;

/// The bits of a ticket's number; above them stands its shard.
const NUMBER_BITS: u32 = 48;

type Answered = Result<Answer, Unavailable>;
type Promises = Rc<RefCell<FixedMap<Ticket, Promise<Answered>>>>;

/// The tickets of one shard.
#[derive(Default)]
pub struct Tickets {
    next: Cell<u64>,
    waiting: Promises,
}

/// A ticket that is waited for; dropped, nobody waits any more.
pub(super) struct Held {
    ticket: Ticket,
    waiting: Promises,
}

impl Held {
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let promise = self.waiting.borrow_mut().remove(&self.ticket);
        drop(promise);
    }
}

impl Tickets {
    pub(super) fn issue(&self, shard: ShardId) -> (Held, Waiting<Answered>) {
        let number = self.next.get();
        self.next.set((number + 1) % (1 << NUMBER_BITS));
        let ticket = Ticket(u64::from(shard.0) << NUMBER_BITS | number);
        let (kept, waiting) = promise();
        self.waiting.borrow_mut().insert(ticket, kept);
        (Held { ticket, waiting: Rc::clone(&self.waiting) }, waiting)
    }

    /// The shard that a ticket was issued on.
    pub fn holder(ticket: Ticket) -> ShardId {
        ShardId(u16::try_from(ticket.0 >> NUMBER_BITS).expect("16 bits are left"))
    }

    /// Gives an answer; too late is no harm.
    pub fn answer(&self, ticket: Ticket, answer: Answered) {
        let promise = self.waiting.borrow_mut().remove(&ticket);
        if let Some(promise) = promise {
            promise.keep(answer);
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }
}
