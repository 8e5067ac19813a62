//! [`Ticket`]: a commit's fate, for those who wait for it.

use std::cell::Cell;
use std::rc::Rc;

use runtime::Instant;
use runtime::local::Event;

use crate::identity::CommitSequence;

/// How far a commit has come; it only goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// In memory, taking entries or on its way.
    Staged,
    /// It survives the process: its write has completed, or it is in the mirror.
    Written,
    /// A barrier covers it: it survives a power cut.
    Durable,
    /// The journal failed before; nothing is acknowledged any more.
    Failed,
}

/// The journal failed: what was waited for will never be known to be safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard's journal failed")]
pub struct JournalFailed;

/// When a commit reached each step, for the latency histograms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitTimes {
    /// It was closed, to be written next.
    pub closed: Instant,
    /// Its write completed, or its copy in the mirror.
    pub written: Instant,
    /// Its barrier completed.
    pub durable: Instant,
}

/// A commit as those who wait for it see it.
#[derive(Clone)]
pub struct Ticket(Rc<Inner>);

struct Inner {
    sequence: CommitSequence,
    progress: Cell<Progress>,
    times: Cell<CommitTimes>,
    changed: Event,
}

impl Ticket {
    pub(super) fn new(sequence: CommitSequence) -> Self {
        Self(Rc::new(Inner {
            sequence,
            progress: Cell::new(Progress::Staged),
            times: Cell::default(),
            changed: Event::default(),
        }))
    }

    /// The commit's number.
    pub fn sequence(&self) -> CommitSequence {
        self.0.sequence
    }

    /// How far it is now.
    pub fn progress(&self) -> Progress {
        self.0.progress.get()
    }

    /// When it reached each step; zero for those to come.
    pub fn times(&self) -> CommitTimes {
        self.0.times.get()
    }

    /// Waits until the commit has come as far as `goal`. Dropping the future changes nothing.
    pub async fn reached(&self, goal: Progress) -> Result<(), JournalFailed> {
        self.0.changed.wait_until(|| self.has_reached(goal)).await
    }

    /// The same without waiting: `None` if it has not come there yet.
    pub fn has_reached(&self, goal: Progress) -> Option<Result<(), JournalFailed>> {
        match self.0.progress.get() {
            Progress::Failed => Some(Err(JournalFailed)),
            progress => (progress >= goal).then_some(Ok(())),
        }
    }

    pub(super) fn close(&self, now: Instant) {
        self.0.times.set(CommitTimes { closed: now, ..self.0.times.get() });
    }

    pub(super) fn advance(&self, progress: Progress, now: Instant) {
        let before = self.0.progress.get();
        assert!(before <= progress || before == Progress::Failed, "progress only goes forward");
        let mut times = self.0.times.get();
        match progress {
            Progress::Written => times.written = now,
            Progress::Durable => {
                times.durable = now;
                if before == Progress::Staged {
                    times.written = now;
                }
            }
            Progress::Staged | Progress::Failed => {}
        }
        self.0.times.set(times);
        self.0.progress.set(progress);
        self.0.changed.notify();
    }
}
