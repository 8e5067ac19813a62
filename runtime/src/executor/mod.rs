//! The loop of one shard: submit, reap, fire timers, run what is ready, sleep when nothing is.
//!
//! A turn runs ready tasks for at most [`TURN_NANOS_MAX`]; tasks with long loops yield on their
//! own. Completions are reaped in bounded portions, and each portion's tasks run before the next.

mod lookout;
pub(crate) mod task;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub use self::lookout::DEVICE_SPIN;
use self::lookout::{Lookout, Wait};
use self::task::{Task, TaskQueue};
use crate::bell::Bell;
use crate::buffer::Pool;
use crate::clock::{Clock, Instant};
use crate::descriptor::{Closing, Fd};
use crate::driver::Driver;
use crate::driver::inflight::{Completion, Inflight, Key, Outcome, Stream};
use crate::driver::op::Op;
use crate::driver::probe::RingFeatures;
use crate::driver::provided::{Provided, ProvidedLayout};
use crate::driver::uring::Uring;
use crate::error::StartError;
use crate::sleep::Timers;

/// How long ready tasks may run before completions are looked at again.
const TURN_NANOS_MAX: u64 = 200_000;
/// Completions taken at once.
const REAP_MAX: usize = 512;
/// Tasks run between two looks at the clock.
const TASKS_PER_CLOCK_READ: u32 = 16;
/// How long an ending loop waits for the kernel to let go of its operations.
const DRAIN_NANOS_MAX: u64 = 5_000_000_000;

/// What a shard does when it has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdlePolicy {
    /// Sleeps at once.
    Block,
    /// Looks around for this long, while the device is at work for up to [`DEVICE_SPIN`], then
    /// sleeps; at once where looking around was in vain lately.
    Adaptive(Duration),
    /// Never sleeps.
    Spin,
}

/// How a shard's runtime is made.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeConfig {
    /// What to do when idle.
    pub idle: IdlePolicy,
    /// The provided buffers.
    pub provided: ProvidedLayout,
    /// Unused buffer memory kept for reuse, in bytes.
    pub pool_bytes_max: usize,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            idle: IdlePolicy::Adaptive(Duration::from_micros(20)),
            provided: ProvidedLayout { count: 256, size: 16 * 1024 },
            pool_bytes_max: 128 << 20,
        }
    }
}

/// A handle to the loop that runs on this thread. Cheap to clone; stays on its thread.
#[derive(Clone)]
pub struct Runtime(Rc<Inner>);

struct Inner {
    driver: RefCell<Driver>,
    inflight: RefCell<Inflight>,
    tasks: Arc<TaskQueue>,
    timers: Timers,
    clock: Clock,
    closing: Closing,
    provided: Rc<Provided>,
    pool: Pool,
    bell: Arc<Bell>,
    /// Called when the bell was rung: the readers of mailboxes and mesh rings.
    listeners: RefCell<Vec<Waker>>,
    features: RingFeatures,
    idle: IdlePolicy,
    lookout: RefCell<Lookout>,
    turn_started: Cell<Instant>,
    turns: Cell<u64>,
}

impl Runtime {
    /// Makes the loop of the calling thread; `lock` is a descriptor that the ring keeps open
    /// until its last operation has ended, even after the process was killed.
    pub fn new(config: RuntimeConfig, lock: Option<&OwnedFd>) -> Result<Self, StartError> {
        let features = crate::driver::probe::probe()?;
        let provided = Provided::new(config.provided);
        let driver = Driver::Uring(Uring::new(Rc::clone(&provided), lock)?);
        let bell = Bell::new()
            .map_err(|source| StartError::System { action: "create an eventfd", source })?;
        let clock = Clock::new();
        let started = clock.now();
        let inner = Inner {
            driver: RefCell::new(driver),
            inflight: RefCell::default(),
            tasks: TaskQueue::new(Arc::clone(&bell)),
            timers: Timers::new(started),
            clock,
            closing: Closing::default(),
            provided,
            pool: Pool::new(config.pool_bytes_max),
            bell,
            listeners: RefCell::default(),
            features,
            idle: config.idle,
            lookout: RefCell::default(),
            turn_started: Cell::new(started),
            turns: Cell::new(0),
        };
        Ok(Self(Rc::new(inner)))
    }

    /// Starts a task on this shard.
    pub fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Task<T> {
        self.0.tasks.spawn(future)
    }

    /// The time at which this turn's completions were reaped.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// The wall clock at that time, in milliseconds since the Unix epoch.
    pub fn wall_millis(&self) -> i64 {
        self.0.clock.wall_millis()
    }

    /// This shard's buffers.
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// What the ring of this kernel can do.
    pub fn features(&self) -> &RingFeatures {
        &self.0.features
    }

    /// The bell that other threads ring to be heard by this shard.
    pub fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.0.bell)
    }

    /// Provided buffers that the kernel can still fill.
    pub fn provided_free(&self) -> u16 {
        self.0.provided.free()
    }

    /// How many turns the loop has made.
    pub fn turns(&self) -> u64 {
        self.0.turns.get()
    }

    /// Lets other ready tasks run first if this turn has lasted long enough.
    pub async fn yield_if_needed(&self) {
        let elapsed = Instant::now().nanos_since(self.0.turn_started.get());
        if elapsed >= TURN_NANOS_MAX / 2 {
            self.yield_now().await;
        }
    }

    /// Lets all other ready tasks run once.
    pub async fn yield_now(&self) {
        let mut yielded = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Calls `waker` when the bell is next rung.
    pub(crate) fn listen(&self, waker: &Waker) {
        self.0.listeners.borrow_mut().push(waker.clone());
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.0.timers
    }

    pub(crate) fn provided(&self) -> &Rc<Provided> {
        &self.0.provided
    }

    pub(crate) fn adopt(&self, descriptor: OwnedFd) -> Fd {
        Fd::new(descriptor, &self.0.closing)
    }

    /// Submits an operation; the future gives it back with the kernel's answer.
    pub(crate) fn submit(&self, op: Op) -> Operation {
        let mut inflight = self.0.inflight.borrow_mut();
        let key = inflight.insert(op);
        self.0.driver.borrow_mut().push(key, inflight.op_mut(key));
        Operation { runtime: self.clone(), key: Some(key) }
    }

    /// Submits two operations, the second to start when the first has succeeded in full; the
    /// first must carry the link.
    pub(crate) fn submit_linked(&self, first: Op, second: Op) -> (Operation, Operation) {
        self.0.driver.borrow_mut().make_room(2);
        (self.submit(first), self.submit(second))
    }

    /// Submits an operation that completes many times.
    pub(crate) fn submit_stream(&self, op: Op, stream: Rc<Stream>) -> Key {
        stream.start();
        let mut inflight = self.0.inflight.borrow_mut();
        let key = inflight.insert_stream(op, stream);
        self.0.driver.borrow_mut().push(key, inflight.op_mut(key));
        key
    }

    /// Asks the kernel to end an operation early; its completion says whether it did.
    pub(crate) fn cancel(&self, key: Key) {
        self.submit_forgotten(Op::Cancel { target: key.to_user_data() });
    }

    fn submit_forgotten(&self, op: Op) {
        let mut inflight = self.0.inflight.borrow_mut();
        let key = inflight.insert_forgotten(op);
        self.0.driver.borrow_mut().push(key, inflight.op_mut(key));
    }

    /// Runs `future`, and every task spawned meanwhile, until `future` has ended. Tasks that are
    /// left are dropped, and the kernel lets go of all memory, before this returns.
    pub fn run<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> T {
        let mut main = self.spawn(future);
        let bell = self.spawn(watch_bell(self.clone()));
        let result = loop {
            if main.is_finished() {
                let mut context = Context::from_waker(Waker::noop());
                if let Poll::Ready(result) = Pin::new(&mut main).poll(&mut context) {
                    break result;
                }
            }
            self.turn();
        };
        drop(bell);
        self.end();
        result
    }

    fn turn(&self) {
        self.close_descriptors();
        self.enter();
        let started = self.0.clock.refresh();
        self.0.turn_started.set(started);
        self.0.turns.set(self.0.turns.get() + 1);
        self.reap();
        if self.0.bell.take() {
            self.0.tasks.take_foreign();
            self.0.listeners.take().into_iter().for_each(Waker::wake);
        }
        self.0.timers.fire(started);
        self.run_ready(started);
    }

    fn run_ready(&self, started: Instant) {
        let mut until_clock = TASKS_PER_CLOCK_READ;
        while let Some(ready) = self.0.tasks.pop() {
            ready.run();
            until_clock -= 1;
            if until_clock == 0 {
                until_clock = TASKS_PER_CLOCK_READ;
                if Instant::now().nanos_since(started) >= TURN_NANOS_MAX {
                    return;
                }
            }
        }
    }

    /// Goes to the kernel if there is a reason to, and sleeps there if there is nothing to do.
    fn enter(&self) {
        let mut driver = self.0.driver.borrow_mut();
        let busy = self.0.tasks.len() > 0 || driver.has_completions();
        if busy || self.0.idle == IdlePolicy::Spin {
            if driver.wants_submit() {
                driver.submit().expect("a live ring accepts what it is given");
            }
            return;
        }
        if let IdlePolicy::Adaptive(time) = self.0.idle
            && self.look_out(&mut driver, time)
        {
            return;
        }
        let timeout = self.0.timers.next_deadline().map(|next| Instant::now().until(next));
        if timeout.is_some_and(|timeout| timeout.is_zero()) || !self.0.bell.lie_down() {
            if driver.wants_submit() {
                driver.submit().expect("a live ring accepts what it is given");
            }
            return;
        }
        driver.sleep(timeout).expect("a live ring can be waited for");
        self.0.bell.get_up();
    }

    /// Looks for something to do if that has paid lately. Whether it found anything.
    fn look_out(&self, driver: &mut Driver, time: Duration) -> bool {
        if driver.wants_submit() {
            driver.submit().expect("a live ring accepts what it is given");
            // What the kernel did at once needs no look-out, and says nothing about the next one.
            if driver.has_completions() {
                return true;
            }
        }
        let mut lookout = self.0.lookout.borrow_mut();
        let Some(wait) = lookout.begin(self.0.inflight.borrow().ends_soon()) else { return false };
        let time = match wait {
            Wait::Device => time.max(DEVICE_SPIN),
            Wait::Other => time,
        };
        let found = self.spin(driver, time);
        lookout.end(wait, found);
        found
    }

    /// Looks for something to do, for at most `time`. Whether it found anything.
    fn spin(&self, driver: &mut Driver, time: Duration) -> bool {
        let end = self.0.timers.next_deadline();
        let started = Instant::now();
        let deadline = end.map_or(started.after(time), |end| end.min(started.after(time)));
        loop {
            if driver.has_completions() || self.0.bell.is_posted() {
                return true;
            }
            if driver.wants_submit() {
                // The kernel's flag may stay up after its work is done, so this ends too.
                driver.submit().expect("a live ring accepts what it is given");
            }
            if Instant::now() >= deadline {
                return end.is_some_and(|end| end <= deadline);
            }
            std::hint::spin_loop();
        }
    }

    fn reap(&self) {
        let mut events = Vec::new();
        self.0.driver.borrow_mut().reap(REAP_MAX, &mut events);
        for (data, completion, more) in events {
            let outcome = self.0.inflight.borrow_mut().complete(data, completion, more);
            self.reclaim(outcome);
        }
    }

    /// Takes back what a completion carried that nobody waits for.
    fn reclaim(&self, outcome: Outcome) {
        drop(outcome.ended);
        let Some(orphan) = outcome.orphan else { return };
        self.discard(orphan.event);
        if orphan.gives_descriptor
            && let Ok(descriptor) = crate::driver::uring::owned(orphan.event.result)
        {
            self.0.closing.borrow_mut().push(descriptor);
        }
    }

    /// Gives the provided buffer of an unwanted completion back to the kernel.
    pub(crate) fn discard(&self, event: Completion) {
        if let Some(id) = io_uring::cqueue::buffer_select(event.flags) {
            drop(self.0.provided.take(id, 0));
        }
    }

    fn close_descriptors(&self) {
        let closing = self.0.closing.take();
        for descriptor in closing {
            self.submit_forgotten(Op::Close { descriptor: Some(descriptor) });
        }
    }

    /// Drops what is left and waits until the kernel uses none of our memory any more.
    fn end(&self) {
        let deadline = Instant::now().after(Duration::from_nanos(DRAIN_NANOS_MAX));
        let mut cancelled = Vec::new();
        loop {
            while let Some(ready) = self.0.tasks.pop() {
                drop(ready);
            }
            self.0.timers.clear();
            drop(self.0.listeners.take());
            self.close_descriptors();
            let orphans = self.0.inflight.borrow_mut().disown_all();
            let none_left = orphans.live.is_empty();
            drop(orphans.wakers);
            if none_left && self.0.closing.borrow().is_empty() && self.0.tasks.len() == 0 {
                return;
            }
            if Instant::now() >= deadline {
                // The kernel still holds memory of ours: better lost than freed under its hands.
                std::mem::forget(self.0.inflight.take());
                return;
            }
            for key in orphans.live {
                if !cancelled.contains(&key) {
                    self.cancel(key);
                    cancelled.push(key);
                }
            }
            let nap = Some(Duration::from_millis(10));
            self.0.driver.borrow_mut().sleep(nap).expect("a live ring can be waited for");
            self.reap();
        }
    }
}

/// Keeps a read on the bell's eventfd in flight, so that ringing it ends the ring's sleep.
async fn watch_bell(runtime: Runtime) {
    let event = runtime.0.bell.event().try_clone().expect("a descriptor can be duplicated");
    let event = runtime.adopt(event);
    loop {
        let buffer = vec![0; size_of::<u64>()];
        runtime.submit(Op::ReadStream { file: event.clone(), buffer }).await;
    }
}

/// A submitted operation. Dropping it leaves the operation to end in the table, memory and all.
pub(crate) struct Operation {
    runtime: Runtime,
    key: Option<Key>,
}

impl Operation {
    /// Asks the kernel to end the operation early. It is still to be waited for.
    pub(crate) fn cancel(&self) {
        if let Some(key) = self.key {
            self.runtime.cancel(key);
        }
    }
}

impl Future for Operation {
    type Output = (Op, Completion);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let key = self.key.expect("an operation is not polled after its end");
        let result = self.runtime.0.inflight.borrow_mut().poll(key, context.waker());
        match result {
            Some(result) => {
                self.key = None;
                Poll::Ready(result)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let outcome = self.runtime.0.inflight.borrow_mut().abandon(key);
            self.runtime.reclaim(outcome);
        }
    }
}
