//! Sleeping on a shard: futures over the timer wheel.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use slab::Slab;

use crate::clock::Instant;
use crate::executor::Runtime;
use crate::timer::{TimerId, TimerWheel};

/// The timers of one shard and who waits for each.
pub(crate) struct Timers {
    started: Instant,
    state: RefCell<State>,
}

struct State {
    wheel: TimerWheel,
    sleepers: Slab<Sleeper>,
    fired: Vec<u32>,
}

#[derive(Default)]
struct Sleeper {
    waker: Option<Waker>,
    fired: bool,
}

impl Timers {
    pub(crate) fn new(started: Instant) -> Self {
        let state = State { wheel: TimerWheel::new(), sleepers: Slab::new(), fired: Vec::new() };
        Self { started, state: RefCell::new(state) }
    }

    /// Wakes everyone whose time has come.
    pub(crate) fn fire(&self, now: Instant) {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        if state.sleepers.is_empty() {
            return;
        }
        state.wheel.advance(self.micros(now), &mut state.fired);
        for key in state.fired.drain(..) {
            let sleeper = &mut state.sleepers[key as usize];
            sleeper.fired = true;
            if let Some(waker) = sleeper.waker.take() {
                waker.wake();
            }
        }
    }

    /// When to look again; no later than the first deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let micros = self.state.borrow().wheel.next_deadline()?;
        Some(self.started.after(Duration::from_micros(micros)))
    }

    /// Forgets all sleepers: the loop ends.
    pub(crate) fn clear(&self) {
        let wakers: Vec<Waker> = {
            let mut state = self.state.borrow_mut();
            state.sleepers.iter_mut().filter_map(|(_, sleeper)| sleeper.waker.take()).collect()
        };
        drop(wakers);
    }

    fn micros(&self, moment: Instant) -> u64 {
        moment.nanos_since(self.started) / 1000
    }
}

/// A sleep; dropping it forgets the timer.
pub struct Sleep {
    runtime: Runtime,
    deadline: Instant,
    armed: Option<(TimerId, usize)>,
}

impl Runtime {
    /// Sleeps until `deadline`: never less, and at most a wheel's tick and a turn more.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { runtime: self.clone(), deadline, armed: None }
    }

    /// Sleeps for `time` from this turn's clock.
    pub fn sleep(&self, time: Duration) -> Sleep {
        self.sleep_until(self.now().after(time))
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let runtime = self.runtime.clone();
        let timers = runtime.timers();
        let mut state = timers.state.borrow_mut();
        if let Some((_, slot)) = self.armed {
            let sleeper = &mut state.sleepers[slot];
            if sleeper.fired {
                state.sleepers.remove(slot);
                self.armed = None;
                return Poll::Ready(());
            }
            sleeper.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        if self.deadline <= runtime.now() {
            return Poll::Ready(());
        }
        let waker = Some(context.waker().clone());
        let slot = state.sleepers.insert(Sleeper { waker, fired: false });
        let key = u32::try_from(slot).expect("fewer than 2^32 sleepers");
        let micros = self.deadline.nanos_since(timers.started).div_ceil(1000);
        self.armed = Some((state.wheel.insert(micros, key), slot));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some((timer, slot)) = self.armed else { return };
        let mut state = self.runtime.timers().state.borrow_mut();
        state.wheel.cancel(timer);
        let sleeper = state.sleepers.remove(slot);
        drop(state);
        drop(sleeper);
    }
}
