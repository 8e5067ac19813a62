//! [`Event`]: wakes all who wait for something to have changed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// A change that tasks can wait for. Who waits looks for himself what has changed.
#[derive(Default)]
pub struct Event {
    waiters: RefCell<Vec<Waker>>,
}

impl Event {
    /// Wakes everybody who waits now.
    pub fn notify(&self) {
        let waiters = self.waiters.take();
        waiters.into_iter().for_each(Waker::wake);
    }

    /// Waits until `done` gives a value; it is asked now, and after every [`Event::notify`].
    pub async fn wait_until<T>(&self, mut done: impl FnMut() -> Option<T>) -> T {
        poll_fn(|context| {
            if let Some(value) = done() {
                return Poll::Ready(value);
            }
            self.register(context.waker());
            Poll::Pending
        })
        .await
    }

    /// Calls `waker` at the next [`Event::notify`].
    pub fn register(&self, waker: &Waker) {
        let mut waiters = self.waiters.borrow_mut();
        if !waiters.iter().any(|old| old.will_wake(waker)) {
            waiters.push(waker.clone());
        }
    }
}
