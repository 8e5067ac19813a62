//! A value that one task promises and another waits for.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A promise and the wait for it.
pub fn promise<T>() -> (Promise<T>, Waiting<T>) {
    let state = Rc::new(RefCell::new(State { value: None, broken: false, waker: None }));
    (Promise(Rc::clone(&state)), Waiting(state))
}

struct State<T> {
    value: Option<T>,
    broken: bool,
    waker: Option<Waker>,
}

/// The side that will have the value. Dropped without one, the other side learns of it.
pub struct Promise<T>(Rc<RefCell<State<T>>>);

/// The promise was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side went away")]
pub struct Canceled;

impl<T> Promise<T> {
    /// Gives the value. It is dropped if nobody waits any more.
    pub fn keep(self, value: T) {
        self.0.borrow_mut().value = Some(value);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.broken = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

/// The side that waits.
pub struct Waiting<T>(Rc<RefCell<State<T>>>);

impl<T> Waiting<T> {
    /// The value, if it is there already.
    pub fn try_take(&mut self) -> Option<Result<T, Canceled>> {
        let mut state = self.0.borrow_mut();
        match state.value.take() {
            Some(value) => Some(Ok(value)),
            None => state.broken.then_some(Err(Canceled)),
        }
    }
}

impl<T> Future for Waiting<T> {
    type Output = Result<T, Canceled>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.try_take() {
            return Poll::Ready(result);
        }
        self.0.borrow_mut().waker = Some(context.waker().clone());
        Poll::Pending
    }
}
