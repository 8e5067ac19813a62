//! Tasks and the queue of those that are ready, on `async-task`.
//!
//! A task runs on the shard that spawned it and nowhere else. Its waker may be called from any
//! thread: from its own, the task goes to the local queue; from another, it goes to a small
//! locked list and the bell is rung.

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_task::Runnable;

use crate::bell::Bell;

/// Ready tasks of one shard.
pub(crate) struct TaskQueue {
    owner: ThreadMark,
    local: UnsafeCell<VecDeque<Runnable>>,
    bell: Arc<Bell>,
    #[expect(
        clippy::disallowed_types,
        reason = "wake-ups from foreign threads, never on the hot path"
    )]
    foreign: std::sync::Mutex<Vec<Runnable>>,
}

// SAFETY: `local` is touched only after `owner` was compared with the calling thread; everything
// else is safe to share. A Runnable may be sent: it is run on its owner only.
unsafe impl Sync for TaskQueue {}
// SAFETY: what holds for sharing it holds for moving it: `local` is for its owner alone.
unsafe impl Send for TaskQueue {}

impl TaskQueue {
    /// A queue for the calling thread.
    pub(crate) fn new(bell: Arc<Bell>) -> Arc<Self> {
        #[expect(clippy::disallowed_types, reason = "see the field")]
        let foreign = std::sync::Mutex::default();
        let local = UnsafeCell::default();
        Arc::new(Self { owner: ThreadMark::current(), local, bell, foreign })
    }

    /// Spawns a task that runs when the executor gets to it.
    pub(crate) fn spawn<T: 'static>(
        self: &Arc<Self>,
        future: impl Future<Output = T> + 'static,
    ) -> Task<T> {
        let queue = Arc::clone(self);
        let (runnable, task) = async_task::spawn_local(future, move |ready| queue.push(ready));
        runnable.schedule();
        Task(Some(task))
    }

    /// The next ready task. Only for the owner.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        self.with_local(VecDeque::pop_front)
    }

    /// How many tasks are ready. Only for the owner.
    pub(crate) fn len(&self) -> usize {
        self.with_local(|local| local.len())
    }

    /// Moves tasks that other threads woke to the local queue. Only for the owner.
    pub(crate) fn take_foreign(&self) {
        let woken = std::mem::take(&mut *self.foreign.lock().expect("no holder panics"));
        self.with_local(|local| local.extend(woken));
    }

    fn push(&self, ready: Runnable) {
        if self.owner == ThreadMark::current() {
            self.with_local(|local| local.push_back(ready));
        } else {
            self.foreign.lock().expect("no holder panics").push(ready);
            self.bell.post();
        }
    }

    fn with_local<R>(&self, act: impl FnOnce(&mut VecDeque<Runnable>) -> R) -> R {
        assert!(self.owner == ThreadMark::current(), "a task queue is used by its own thread");
        // SAFETY: only the owner gets here, and `act` is one of the plain queue operations above,
        // none of which runs foreign code that could come back here.
        act(unsafe { &mut *self.local.get() })
    }
}

/// Which thread: the address of something that every thread has one of.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ThreadMark(usize);

impl ThreadMark {
    fn current() -> Self {
        thread_local!(static MARK: u8 = const { 0 });
        Self(MARK.with(|mark| std::ptr::from_ref(mark).addr()))
    }
}

/// A spawned task. Dropping it cancels the task at its next turn; [`Task::detach`] lets it run.
#[must_use = "a dropped task is cancelled"]
pub struct Task<T>(Option<async_task::Task<T>>);

impl<T> Task<T> {
    /// Lets the task run to its end with nobody waiting.
    pub fn detach(mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }

    /// Whether it has run to its end.
    pub fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(async_task::Task::is_finished)
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let task = self.0.as_mut().expect("a detached task is not awaited");
        Pin::new(task).poll(context)
    }
}
