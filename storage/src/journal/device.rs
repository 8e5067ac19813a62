//! Writing closed commits, one write in flight at a time, and giving them their barriers.
//!
//! A barrier counts for writes that completed before it started, so a write-through barrier is used
//! only when nothing else is unsynced. A failed write or barrier ends the journal for good: after a
//! failed sync nobody knows what the device holds, and trying again would only hide that.

use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};

use runtime::buffer::Slice;
use runtime::{Barrier, File, Instant};

use super::alarm::Alarm;
use super::files::{CommitPlace, FileNumber};
use super::ticket::Progress;
use super::writer::{CommitStatistics, Journal, Pending};
use crate::identity::CommitSequence;
use crate::limits::{WRITE_BEHIND_BYTES, WRITE_BEHIND_COMMITS};

/// What the device is given next.
enum Step {
    Write,
    Barrier,
}

/// The oldest closed commits, as far as one write takes them: one that is not mirrored is alone.
struct Batch {
    place: CommitPlace,
    slices: Vec<Slice>,
    commits: usize,
    mirrored: bool,
    /// One of them asked for a barrier.
    barrier: bool,
}

impl Journal {
    /// Writes what is closed, for as long as the journal does not fail.
    pub(super) async fn write_behind(self) {
        loop {
            let done = match self.next_step().await {
                Step::Write => self.write_oldest().await,
                Step::Barrier => self.sync_exposed().await,
            };
            if let Err(error) = done {
                self.fail(&error);
                return;
            }
            self.0.work.notify();
        }
    }

    /// Waits for a closed commit, or for the time at which written ones must have a barrier.
    async fn next_step(&self) -> Step {
        let mut alarm = Alarm::default();
        poll_fn(|context| {
            loop {
                let due = self.0.exposed.borrow().due();
                let is_due = due.is_some_and(|due| due <= self.0.runtime.now());
                match self.0.pending.borrow().front() {
                    // Its own barrier counts for what is due too.
                    Some(oldest) if oldest.closed.barrier || !is_due => {
                        return Poll::Ready(Step::Write);
                    }
                    _ if is_due => return Poll::Ready(Step::Barrier),
                    _ => self.0.closed.register(context.waker()),
                }
                let Some(due) = due else { return Poll::Pending };
                ready!(alarm.poll(&self.0.runtime, due, context));
            }
        })
        .await
    }

    async fn write_oldest(&self) -> io::Result<()> {
        let inner = &*self.0;
        let Batch { place, slices, commits, mirrored, barrier } = self.oldest();
        let with_write = match inner.exposed.borrow().files() {
            [] if barrier => inner.barrier,
            [file] if barrier && *file == place.file => Barrier::DataSync,
            _ => Barrier::None,
        };
        if with_write == Barrier::None {
            inner.exposed.borrow_mut().on_write(place.file);
        }
        let on_written = || {
            if !mirrored && let Some(oldest) = inner.pending.borrow().front() {
                oldest.survives_the_process(Instant::now());
            }
        };
        let file = self.handle(place.file).expect("the ring's files are open");
        file.write_with(slices, place.offset, with_write, on_written).await?;
        if barrier && with_write == Barrier::None {
            self.sync_files().await?;
        }
        let written: Vec<Pending> = inner.pending.borrow_mut().drain(..commits).collect();
        self.finish(&written, barrier);
        Ok(())
    }

    /// Takes the bytes of the oldest commits; they stay pending until these are written.
    fn oldest(&self) -> Batch {
        let mut pending = self.0.pending.borrow_mut();
        let mut pending = pending.iter_mut();
        let first = pending.next().expect("there is one to be written");
        let (place, mirrored) = (first.place, first.mirrored);
        let mut len = first.closed.len;
        let mut slices = std::mem::take(&mut first.closed.slices);
        let (mut commits, mut barrier) = (1, first.closed.barrier);
        for next in pending.take(WRITE_BEHIND_COMMITS - 1) {
            let follows = next.place.file == place.file
                && next.place.offset == place.offset + len as u64
                && len + next.closed.len <= WRITE_BEHIND_BYTES;
            if !(mirrored && next.mirrored && follows) {
                break;
            }
            slices.append(&mut next.closed.slices);
            len += next.closed.len;
            commits += 1;
            barrier |= next.closed.barrier;
        }
        Batch { place, slices, commits, mirrored, barrier }
    }

    /// Commits are written, and durable if a barrier came with them.
    fn finish(&self, written: &[Pending], barrier: bool) {
        let inner = &*self.0;
        for commit in written {
            inner.change(|state| state.written = commit.ticket.sequence());
            if commit.mirrored
                && let Some(mirror) = &mut *inner.mirror.borrow_mut()
            {
                mirror.release_oldest();
            }
            inner.exposed.borrow_mut().on_written(commit.ticket.clone(), commit.barrier_due);
        }
        if barrier {
            self.durable(inner.state.get().written);
        }
        for Pending { closed, ticket, .. } in written {
            if barrier {
                let strict = closed.outcomes.iter().filter(|outcome| !outcome.relaxed);
                strict.for_each(|outcome| outcome.log.advance(outcome.visible));
            }
            let commit = CommitStatistics { times: ticket.times(), bytes: closed.len };
            inner.on_commit.borrow().iter().for_each(|act| act(commit));
        }
    }

    /// Gives everything that is written its barrier.
    async fn sync_exposed(&self) -> io::Result<()> {
        self.sync_files().await?;
        self.durable(self.0.state.get().written);
        Ok(())
    }

    /// One barrier for each file with unsynced writes.
    async fn sync_files(&self) -> io::Result<()> {
        let files = self.0.exposed.borrow().files().to_vec();
        for number in files {
            if let Some(file) = self.handle(number) {
                file.sync_data().await?;
            }
        }
        Ok(())
    }

    fn handle(&self, number: FileNumber) -> Option<File> {
        self.0.handles.borrow().get(&number).cloned()
    }

    fn durable(&self, through: CommitSequence) {
        self.0.change(|state| state.durable_through = through);
        self.0.exposed.borrow_mut().end(Progress::Durable, Instant::now());
        self.0.on_barrier.borrow().iter().for_each(|act| act());
    }
}
