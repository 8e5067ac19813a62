//! [`Queue`]: a bounded queue between tasks of one shard.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::event::Event;

/// First in, first out; a full queue makes its senders wait.
pub struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    capacity: usize,
    closed: Cell<bool>,
    changed: Event,
}

/// The queue was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue is closed")]
pub struct QueueClosed;

impl<T> Queue<T> {
    /// A queue of at most `capacity` items.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a queue holds something");
        Self {
            items: RefCell::default(),
            capacity,
            closed: Cell::new(false),
            changed: Event::default(),
        }
    }

    /// Appends without waiting; gives the item back if there is no room or the queue is closed.
    pub fn try_push(&self, item: T) -> Result<(), T> {
        if self.closed.get() || self.items.borrow().len() >= self.capacity {
            return Err(item);
        }
        self.items.borrow_mut().push_back(item);
        self.changed.notify();
        Ok(())
    }

    /// Appends when there is room. Dropping the future drops the item.
    pub async fn push(&self, item: T) -> Result<(), QueueClosed> {
        let mut item = Some(item);
        self.changed
            .wait_until(|| {
                if self.closed.get() {
                    return Some(Err(QueueClosed));
                }
                match self.try_push(item.take()?) {
                    Ok(()) => Some(Ok(())),
                    Err(back) => {
                        item = Some(back);
                        None
                    }
                }
            })
            .await
    }

    /// The oldest item when there is one; an error once the queue is closed and empty.
    pub async fn pop(&self) -> Result<T, QueueClosed> {
        self.changed
            .wait_until(|| match self.try_pop() {
                Some(item) => Some(Ok(item)),
                None => self.closed.get().then_some(Err(QueueClosed)),
            })
            .await
    }

    /// The oldest item, if there is one.
    pub fn try_pop(&self) -> Option<T> {
        let item = self.items.borrow_mut().pop_front();
        if item.is_some() {
            self.changed.notify();
        }
        item
    }

    /// Refuses new items; what is there can still be taken.
    pub fn close(&self) {
        self.closed.set(true);
        self.changed.notify();
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.items.borrow().is_empty()
    }
}
