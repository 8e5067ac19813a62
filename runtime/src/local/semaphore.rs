//! [`Semaphore`]: how many may at once, in the order in which they asked.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A count of permits. Cheap to clone.
#[derive(Clone)]
pub struct Semaphore(Rc<RefCell<State>>);

struct State {
    free: usize,
    /// Who waits, and for how many.
    queue: VecDeque<Waiter>,
    next_ticket: u64,
}

struct Waiter {
    ticket: u64,
    count: usize,
    waker: Waker,
    granted: bool,
}

impl Semaphore {
    /// A semaphore with `permits` free.
    pub fn new(permits: usize) -> Self {
        let state = State { free: permits, queue: VecDeque::new(), next_ticket: 0 };
        Self(Rc::new(RefCell::new(state)))
    }

    /// One permit, in turn. Dropping the future gives up the place.
    pub async fn acquire(&self) -> Permit {
        self.acquire_many(1).await
    }

    /// Several permits at once, in turn. More than there ever were are never granted.
    pub async fn acquire_many(&self, count: usize) -> Permit {
        if let Some(permit) = self.try_acquire_many(count) {
            return permit;
        }
        let mut place = Place { semaphore: self, ticket: None, count };
        poll_fn(|context| place.poll(context.waker())).await;
        place.ticket = None;
        Permit { semaphore: self.clone(), count }
    }

    /// Permits, if they are free and nobody waits.
    pub fn try_acquire_many(&self, count: usize) -> Option<Permit> {
        let mut state = self.0.borrow_mut();
        if !state.queue.is_empty() || state.free < count {
            return None;
        }
        state.free -= count;
        drop(state);
        Some(Permit { semaphore: self.clone(), count })
    }

    /// Permits that nobody has.
    pub fn free(&self) -> usize {
        self.0.borrow().free
    }

    fn release(&self, count: usize) {
        self.0.borrow_mut().free += count;
        self.grant();
    }

    fn grant(&self) {
        let mut state = self.0.borrow_mut();
        let mut free = state.free;
        for waiter in state.queue.iter_mut().filter(|waiter| !waiter.granted) {
            if waiter.count > free {
                break;
            }
            free -= waiter.count;
            waiter.granted = true;
            waiter.waker.wake_by_ref();
        }
        state.free = free;
    }
}

/// A place in the queue; given up when dropped with its ticket.
struct Place<'a> {
    semaphore: &'a Semaphore,
    ticket: Option<u64>,
    count: usize,
}

impl Place<'_> {
    fn poll(&mut self, waker: &Waker) -> Poll<()> {
        let mut state = self.semaphore.0.borrow_mut();
        let Some(ticket) = self.ticket else {
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            let waiter = Waiter { ticket, count: self.count, waker: waker.clone(), granted: false };
            state.queue.push_back(waiter);
            self.ticket = Some(ticket);
            return Poll::Pending;
        };
        let found = state.queue.iter().position(|waiter| waiter.ticket == ticket);
        let index = found.expect("a place is kept until it is given up");
        if state.queue[index].granted {
            state.queue.remove(index);
            return Poll::Ready(());
        }
        state.queue[index].waker.clone_from(waker);
        Poll::Pending
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.semaphore.0.borrow_mut();
        let Some(index) = state.queue.iter().position(|waiter| waiter.ticket == ticket) else {
            return;
        };
        let waiter = state.queue.remove(index).expect("it was just found");
        drop(state);
        if waiter.granted {
            self.semaphore.release(self.count);
        } else {
            self.semaphore.grant();
        }
    }
}

/// Permits, given back when dropped.
pub struct Permit {
    semaphore: Semaphore,
    count: usize,
}

impl Permit {
    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.release(self.count);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn permits_are_granted_in_the_order_of_asking() {
        let semaphore = Semaphore::new(2);
        let all = semaphore.try_acquire_many(2).unwrap();
        let mut big = pin!(semaphore.acquire_many(2));
        let mut small = pin!(semaphore.acquire());
        assert!(poll(big.as_mut()).is_none());
        assert!(poll(small.as_mut()).is_none());
        drop(all);
        assert!(poll(small.as_mut()).is_none(), "the one who asked first goes first");
        let permit = poll(big.as_mut()).expect("two permits are free");
        drop(permit);
        let _small = poll(small.as_mut()).expect("one permit is free");
        assert_eq!(semaphore.free(), 1);
    }

    #[test]
    fn a_place_given_up_after_its_grant_returns_the_permits() {
        let semaphore = Semaphore::new(1);
        let held = semaphore.try_acquire_many(1).unwrap();
        {
            let mut waiting = pin!(semaphore.acquire());
            assert!(poll(waiting.as_mut()).is_none());
            drop(held);
        }
        assert_eq!(semaphore.free(), 1);
    }
}
