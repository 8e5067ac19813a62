//! [`Journal`]: the commit loop. One commit is in flight at a time; everything that arrives
//! meanwhile is staged for the next.
//!
//! Acknowledgements leave only after the barrier that covers them. A barrier counts for writes
//! that completed before it started, so a write-through barrier is used only when nothing else is
//! unsynced. A failed write or barrier ends the journal for good: after a failed sync nobody knows
//! what the device holds, and trying again would only hide that.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use runtime::buffer::{DmaBuf, Slice, Usage};
use runtime::local::Event;
use runtime::{Barrier, File, Instant, Runtime, Sleep};

use super::commit::CommitHeader;
use super::entry::{CARRY_PREFIX_BYTES, Entry};
use super::files::{FileNumber, Files, RoomFor};
use super::safety::Safety;
use super::staging::{Closed, FrameId, Staging, Stamp};
use super::ticket::{CommitTimes, JournalFailed, Progress, Ticket};
use crate::identity::{CommitSequence, Generation, JournalId};
use crate::limits::{BLOCK, BLOCK_BYTES};
use crate::log::Log;
use crate::log::state::Placement;

/// A shard without appends for this long records what is durable, if its last commit does not.
const IDLE_COMMIT_AFTER: Duration = Duration::from_millis(100);

/// What a journal starts from.
pub struct JournalStart {
    /// Its id.
    pub id: JournalId,
    /// This start.
    pub generation: Generation,
    /// The last commit of the starts before.
    pub last: CommitSequence,
    /// The ring, with what is free and what is full.
    pub files: Files,
    /// Every file of the ring, open for direct writing.
    pub handles: BTreeMap<FileNumber, File>,
    /// The faster barrier.
    pub barrier: Barrier,
    /// The longest that relaxed bytes wait for a barrier.
    pub relaxed_barrier: Duration,
    /// Where the buffers of batches are counted.
    pub tail_usage: Usage,
}

/// One finished commit, for whoever keeps statistics.
#[derive(Clone, Copy, Debug)]
pub struct CommitStatistics {
    /// When it reached each step.
    pub times: CommitTimes,
    /// Bytes written.
    pub bytes: usize,
    /// It ended with a barrier.
    pub barrier: bool,
}

/// A shard's journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Rc<Inner>);

type Observer = Box<dyn Fn(CommitStatistics)>;
/// Told the bytes of each commit.
type OnCommit = Box<dyn Fn(usize)>;

struct Inner {
    runtime: Runtime,
    id: JournalId,
    generation: Generation,
    barrier: Barrier,
    relaxed_barrier: Duration,
    staging: RefCell<Staging>,
    files: RefCell<Files>,
    handles: RefCell<BTreeMap<FileNumber, File>>,
    open: RefCell<Ticket>,
    /// Written but under no barrier yet.
    undurable: RefCell<Vec<Ticket>>,
    unsynced: RefCell<Vec<FileNumber>>,
    state: Cell<State>,
    /// Something was staged, or the journal is to stop.
    work: Event,
    /// Room may have come.
    room: Event,
    observer: RefCell<Option<Observer>>,
    on_commit: RefCell<Option<OnCommit>>,
}

#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each can be so or not at any time")]
struct State {
    durable_through: CommitSequence,
    /// What the last commit's header says is durable.
    recorded: CommitSequence,
    last: CommitSequence,
    last_append: Instant,
    /// The last commit only recorded what is durable.
    last_was_idle: bool,
    /// When relaxed bytes must get their barrier.
    barrier_due: Option<Instant>,
    in_flight: bool,
    stopping: bool,
    failed: bool,
}

impl Journal {
    /// A journal that is ready to stage; [`Journal::run`] must be spawned to commit.
    pub fn new(runtime: &Runtime, start: JournalStart) -> Self {
        let state = State {
            durable_through: start.last,
            recorded: start.last,
            last: start.last,
            last_append: runtime.now(),
            last_was_idle: true,
            barrier_due: None,
            in_flight: false,
            stopping: false,
            failed: false,
        };
        Self(Rc::new(Inner {
            runtime: runtime.clone(),
            id: start.id,
            generation: start.generation,
            barrier: start.barrier,
            relaxed_barrier: start.relaxed_barrier,
            staging: RefCell::new(Staging::new(runtime.pool().clone(), start.tail_usage)),
            files: RefCell::new(start.files),
            handles: RefCell::new(start.handles),
            open: RefCell::new(Ticket::new(start.last.next())),
            undurable: RefCell::default(),
            unsynced: RefCell::default(),
            state: Cell::new(state),
            work: Event::default(),
            room: Event::default(),
            observer: RefCell::default(),
            on_commit: RefCell::default(),
        }))
    }

    /// Calls `observer` after each commit.
    pub fn observe(&self, observer: impl Fn(CommitStatistics) + 'static) {
        *self.0.observer.borrow_mut() = Some(Box::new(observer));
    }

    /// Calls `act` with its bytes after each commit: the store looks whether it is time to flush.
    pub fn on_commit(&self, act: impl Fn(usize) + 'static) {
        *self.0.on_commit.borrow_mut() = Some(Box::new(act));
    }

    /// Whether `payload` bytes in `entries` entries can be staged now, for `purpose`.
    pub fn has_room(&self, payload: usize, entries: usize, purpose: RoomFor) -> bool {
        let staging = self.0.staging.borrow();
        let bytes = staging.bytes_with(payload, entries).next_multiple_of(BLOCK_BYTES) as u64;
        let files = self.0.files.borrow();
        !self.is_failed()
            && staging.takes(payload)
            && bytes <= files.file_bytes()
            && files.has_room(bytes, purpose)
    }

    /// Told when there may be more room than before.
    pub fn room(&self) -> &Event {
        &self.0.room
    }

    /// Whether nothing is acknowledged any more.
    pub fn is_failed(&self) -> bool {
        self.0.state.get().failed
    }

    /// The commit that takes entries now. It is the fate of what was staged last.
    pub fn open(&self) -> Ticket {
        self.0.open.borrow().clone()
    }

    /// The last commit under a completed barrier.
    pub fn durable_through(&self) -> CommitSequence {
        self.0.state.get().durable_through
    }

    /// Whether nothing is being written and nothing waits for it.
    pub fn is_idle(&self) -> bool {
        !self.0.state.get().in_flight && self.0.staging.borrow().is_empty()
    }

    /// Copies a batch into the open commit.
    pub fn copy_batch(
        &self,
        log: &Rc<Log>,
        placement: Placement,
        bytes: &[u8],
        stamp: Stamp,
        safety: Safety,
    ) -> Ticket {
        let relaxed = safety.relaxed;
        self.0.staging.borrow_mut().copy_batch(log, placement, bytes, stamp, relaxed);
        self.staged(safety)
    }

    /// Makes a large frame part of the open commit.
    pub fn add_frame(&self, buffer: DmaBuf, len: usize) -> FrameId {
        self.0.staging.borrow_mut().add_frame(buffer, len)
    }

    /// Adds a batch of such a frame.
    pub fn adopt_batch(
        &self,
        log: &Rc<Log>,
        placement: Placement,
        (frame, offset): (FrameId, usize),
        stamp: Stamp,
        safety: Safety,
    ) -> Ticket {
        let relaxed = safety.relaxed;
        self.0.staging.borrow_mut().adopt_batch(log, placement, frame, offset, stamp, relaxed);
        self.staged(safety)
    }

    /// Adds an entry without bytes, to be durable with the commit.
    pub fn mark(&self, entry: Entry) -> Ticket {
        let mut staging = self.0.staging.borrow_mut();
        staging.mark(entry);
        staging.require_barrier();
        drop(staging);
        self.staged(Safety { relaxed: false, barrier: true, barrier_within: None })
    }

    /// Adds raw bytes that the journal still owes a segment.
    pub fn carry(&self, entry: Entry, prefix: &[u8; CARRY_PREFIX_BYTES], bytes: &Slice) -> Ticket {
        self.0.staging.borrow_mut().carry(entry, prefix, bytes);
        self.staged(Safety { relaxed: false, barrier: true, barrier_within: None })
    }

    /// Asks for a barrier; the commit that is returned ends with one, and covers everything that
    /// was staged before.
    pub fn barrier(&self) -> Result<Ticket, JournalFailed> {
        if self.is_failed() {
            return Err(JournalFailed);
        }
        self.0.staging.borrow_mut().require_barrier();
        if !self.0.state.get().in_flight {
            self.0.work.notify();
        }
        Ok(self.open())
    }

    fn staged(&self, safety: Safety) -> Ticket {
        let mut state = self.0.state.get();
        assert!(!state.failed, "nothing is staged in a failed journal");
        state.last_append = self.0.runtime.now();
        if safety.barrier {
            self.0.staging.borrow_mut().require_barrier();
        } else {
            let within = safety.barrier_within.unwrap_or(self.0.relaxed_barrier);
            let due = self.0.runtime.now().after(within.min(self.0.relaxed_barrier));
            state.barrier_due = Some(state.barrier_due.map_or(due, |earlier| earlier.min(due)));
        }
        self.0.state.set(state);
        if !state.in_flight {
            self.0.work.notify();
        }
        self.open()
    }

    /// Frees the files whose commits are all before `needed`.
    pub fn release_before(&self, needed: CommitSequence) -> Vec<FileNumber> {
        let released = self.0.files.borrow_mut().release_before(needed);
        self.0.room.notify();
        released
    }

    /// Adds a pre-written, synced file to the ring.
    pub fn add_file(&self, number: FileNumber, file: File) {
        self.0.handles.borrow_mut().insert(number, file);
        self.0.files.borrow_mut().add_free(number);
        self.0.room.notify();
    }

    /// Takes a free file out of the ring for good.
    pub fn remove_file(&self) -> Option<FileNumber> {
        let number = self.0.files.borrow_mut().remove_free()?;
        self.0.handles.borrow_mut().remove(&number);
        Some(number)
    }

    /// The ring's books.
    pub fn files(&self) -> std::cell::Ref<'_, Files> {
        self.0.files.borrow()
    }

    /// Ends the loop once everything staged is durable. Nothing may be staged afterwards.
    pub fn stop(&self) {
        self.0.state.set(State { stopping: true, ..self.0.state.get() });
        self.0.work.notify();
    }

    /// Commits until [`Journal::stop`]; then one last barrier covers everything.
    pub async fn run(self) -> Result<(), JournalFailed> {
        loop {
            let stopping = self.next_work().await;
            if stopping && self.0.staging.borrow().is_empty() {
                let state = self.0.state.get();
                if state.failed {
                    return Err(JournalFailed);
                }
                if state.durable_through == state.last {
                    return Ok(());
                }
                self.0.staging.borrow_mut().require_barrier();
            }
            if let Err(error) = self.commit().await {
                self.fail(&error);
                return Err(JournalFailed);
            }
        }
    }

    /// Waits until there is something to commit; whether the journal is to stop.
    async fn next_work(&self) -> bool {
        let mut timer: Option<(Instant, Sleep)> = None;
        poll_fn(|context| {
            loop {
                let state = self.0.state.get();
                if state.stopping || !self.0.staging.borrow().is_empty() {
                    return Poll::Ready(state.stopping);
                }
                self.0.work.register(context.waker());
                let Some(due) = self.next_due() else { return Poll::Pending };
                if due <= self.0.runtime.now() {
                    self.on_due();
                    continue;
                }
                if timer.as_ref().is_none_or(|(armed, _)| *armed != due) {
                    timer = Some((due, self.0.runtime.sleep_until(due)));
                }
                let (_, sleep) = timer.as_mut().expect("it was just set");
                if Pin::new(sleep).poll(context).is_pending() {
                    return Poll::Pending;
                }
                timer = None;
            }
        })
        .await
    }

    /// When the loop has something to do though nothing is staged.
    fn next_due(&self) -> Option<Instant> {
        let state = self.0.state.get();
        let unrecorded = state.recorded < state.last && !state.last_was_idle;
        let idle = unrecorded.then(|| state.last_append.after(IDLE_COMMIT_AFTER));
        [idle, state.barrier_due].into_iter().flatten().min()
    }

    fn on_due(&self) {
        let mut state = self.0.state.get();
        // An idle commit needs a place; without one it waits for the next append to say as much.
        let has_room = self.0.files.borrow().has_room(BLOCK, RoomFor::Appends);
        if has_room || state.barrier_due.is_some() {
            self.0.staging.borrow_mut().require_barrier();
        }
        state.last_was_idle = true;
        self.0.state.set(state);
    }

    /// Whether the open commit has a place. Appends and carries asked before they were staged; a
    /// barrier or a mark may find the ring full, and waits until a file is free.
    fn has_place(&self) -> bool {
        let bytes = self.0.staging.borrow().bytes_with(0, 0).next_multiple_of(BLOCK_BYTES);
        self.0.files.borrow().has_room(bytes as u64, RoomFor::Carries)
    }

    async fn commit(&self) -> io::Result<()> {
        let inner = &*self.0;
        inner.room.wait_until(|| self.has_place().then_some(())).await;
        let mut state = inner.state.get();
        let due = state.barrier_due.is_some_and(|due| due <= inner.runtime.now());
        if due {
            inner.staging.borrow_mut().require_barrier();
        }
        let ticket = inner.open.replace(Ticket::new(state.last.next().next()));
        let sequence = ticket.sequence();
        let closed = inner.staging.borrow_mut().close(&CommitHeader {
            journal: inner.id,
            generation: inner.generation,
            sequence,
            durable_through: state.durable_through,
            entries: Vec::new(),
        });
        let place = inner.files.borrow_mut().place(sequence, closed.len as u64);
        ticket.close(inner.runtime.now());
        state.in_flight = true;
        state.last = sequence;
        state.recorded = state.durable_through;
        if closed.entries > 0 {
            state.last_was_idle = false;
        }
        inner.state.set(state);
        inner.room.notify();
        let (bytes, barrier) = (closed.len, closed.barrier);
        self.write(place.file, place.offset, closed, &ticket).await?;
        inner.state.set(State { in_flight: false, ..inner.state.get() });
        if let Some(observer) = &*inner.observer.borrow() {
            observer(CommitStatistics { times: ticket.times(), bytes, barrier });
        }
        if let Some(act) = &*inner.on_commit.borrow() {
            act(bytes);
        }
        Ok(())
    }

    async fn write(
        &self,
        number: FileNumber,
        offset: u64,
        closed: Closed,
        ticket: &Ticket,
    ) -> io::Result<()> {
        let inner = &*self.0;
        let file = inner.handles.borrow().get(&number).expect("the ring's files are open").clone();
        let Closed { slices, outcomes, barrier, .. } = closed;
        let elsewhere: Vec<FileNumber> =
            inner.unsynced.borrow().iter().copied().filter(|other| *other != number).collect();
        let all_synced = inner.unsynced.borrow().is_empty();
        let with_write = match (barrier, elsewhere.is_empty()) {
            (true, true) if all_synced => inner.barrier,
            (true, true) => Barrier::DataSync,
            _ => Barrier::None,
        };
        if with_write == Barrier::None {
            let mut unsynced = inner.unsynced.borrow_mut();
            if !unsynced.contains(&number) {
                unsynced.push(number);
            }
        }
        let on_written = || {
            let relaxed = outcomes.iter().filter(|outcome| outcome.relaxed);
            relaxed.for_each(|outcome| outcome.log.advance(outcome.visible));
            ticket.advance(Progress::Written, Instant::now());
        };
        file.write_with(slices, offset, with_write, on_written).await?;
        if !barrier {
            inner.undurable.borrow_mut().push(ticket.clone());
            return Ok(());
        }
        if with_write == Barrier::None {
            self.sync_unsynced().await?;
        }
        self.durable(ticket);
        let strict = outcomes.iter().filter(|outcome| !outcome.relaxed);
        strict.for_each(|outcome| outcome.log.advance(outcome.visible));
        Ok(())
    }

    /// One barrier for each file with unsynced writes.
    async fn sync_unsynced(&self) -> io::Result<()> {
        let unsynced = self.0.unsynced.borrow().clone();
        for number in unsynced {
            let file = self.0.handles.borrow().get(&number).cloned();
            if let Some(file) = file {
                file.sync_data().await?;
            }
        }
        Ok(())
    }

    fn durable(&self, ticket: &Ticket) {
        let now = Instant::now();
        let mut state = self.0.state.get();
        state.durable_through = ticket.sequence();
        state.barrier_due = None;
        self.0.state.set(state);
        self.0.unsynced.borrow_mut().clear();
        for earlier in self.0.undurable.take() {
            earlier.advance(Progress::Durable, now);
        }
        ticket.advance(Progress::Durable, now);
    }

    fn fail(&self, error: &io::Error) {
        let journal = self.0.id;
        tracing::error!(%error, %journal, "the journal failed: no further acknowledgements");
        let now = self.0.runtime.now();
        self.0.state.set(State { failed: true, in_flight: false, ..self.0.state.get() });
        for ticket in self.0.undurable.take() {
            ticket.advance(Progress::Failed, now);
        }
        self.open().advance(Progress::Failed, now);
        self.0.room.notify();
    }
}
