//! [`Journal`]: what is staged becomes commits here, which [`super::device`] writes in their order.
//!
//! A commit is closed when all before it are written; what arrives meanwhile is staged for the
//! next. Strict batches are acknowledged after the barrier that covers them, relaxed ones after
//! the write.
//!
//! While there are relaxed batches, commits are closed at once and copied to the [`Mirror`]: the
//! relaxed ones of them are thereby acknowledged. But only if all before that are not written are
//! there too, so that what a killed process leaves has no gap.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

use runtime::buffer::{DmaBuf, Slice, Usage};
use runtime::local::Event;
use runtime::{Barrier, File, Instant, Runtime, SharedFile};

use super::alarm::Alarm;
use super::commit::CommitHeader;
use super::entry::{CARRY_PREFIX_BYTES, Entry};
use super::exposed::{Exposed, earlier};
use super::files::{CommitPlace, FileNumber, Files, RoomFor};
use super::mirror::Mirror;
use super::safety::Safety;
use super::staging::{Closed, FrameId, Staging, Stamp};
use super::ticket::{CommitTimes, JournalFailed, Progress, Ticket};
use crate::identity::{CommitSequence, Generation, JournalId};
use crate::limits::{BLOCK, BLOCK_BYTES, MIRRORED_COMMIT_BYTES};
use crate::log::Log;
use crate::log::state::Placement;

/// A shard without appends for this long records what is durable, if its last commit does not.
const IDLE_COMMIT_AFTER: Duration = Duration::from_millis(100);
/// For so long after a relaxed batch commits are mirrored, so that the next does not wait behind
/// one that is not.
const MIRROR_AFTER_RELAXED: Duration = Duration::from_secs(1);

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
    /// Where commits are copied that nobody waits for the device for; without it, all wait.
    pub mirror: Option<SharedFile>,
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
}

/// A shard's journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal(pub(super) Rc<Inner>);

type OnCommit = Box<dyn Fn(CommitStatistics)>;
type OnBarrier = Box<dyn Fn()>;

pub(super) struct Inner {
    pub(super) runtime: Runtime,
    id: JournalId,
    generation: Generation,
    pub(super) barrier: Barrier,
    relaxed_barrier: Duration,
    staging: RefCell<Staging>,
    files: RefCell<Files>,
    pub(super) handles: RefCell<BTreeMap<FileNumber, File>>,
    open: RefCell<Ticket>,
    /// Closed and not written yet, in order.
    pub(super) pending: RefCell<VecDeque<Pending>>,
    pub(super) exposed: RefCell<Exposed>,
    pub(super) mirror: RefCell<Option<Mirror>>,
    pub(super) state: Cell<State>,
    /// Something was staged or written, or the journal is to stop.
    pub(super) work: Event,
    /// A commit was closed.
    pub(super) closed: Event,
    /// Room may have come.
    room: Event,
    pub(super) on_commit: RefCell<Vec<OnCommit>>,
    pub(super) on_barrier: RefCell<Vec<OnBarrier>>,
}

/// A closed commit.
pub(super) struct Pending {
    pub(super) place: CommitPlace,
    pub(super) closed: Closed,
    pub(super) ticket: Ticket,
    /// When its relaxed bytes must have a barrier.
    pub(super) barrier_due: Option<Instant>,
    /// It is in the mirror: its relaxed batches do not wait for its write.
    pub(super) mirrored: bool,
}

#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) durable_through: CommitSequence,
    /// The last commit that is written.
    pub(super) written: CommitSequence,
    /// What the last commit's header says is durable.
    recorded: CommitSequence,
    last: CommitSequence,
    last_append: Instant,
    /// When what is staged must have a barrier.
    staged_due: Option<Instant>,
    /// Until when commits are mirrored.
    mirrors_until: Instant,
    /// The last commit only recorded what is durable.
    last_was_idle: bool,
    stopping: bool,
    pub(super) failed: bool,
}

/// What the loop does next.
enum Work {
    Commit,
    Stop,
}

impl Journal {
    /// A journal that is ready to stage; [`Journal::run`] must be spawned to commit.
    pub fn new(runtime: &Runtime, start: JournalStart) -> Self {
        let state = State {
            durable_through: start.last,
            written: start.last,
            recorded: start.last,
            last: start.last,
            last_append: runtime.now(),
            staged_due: None,
            mirrors_until: Instant::default(),
            last_was_idle: true,
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
            pending: RefCell::default(),
            exposed: RefCell::default(),
            mirror: RefCell::new(start.mirror.map(Mirror::new)),
            state: Cell::new(state),
            work: Event::default(),
            closed: Event::default(),
            room: Event::default(),
            on_commit: RefCell::default(),
            on_barrier: RefCell::default(),
        }))
    }

    /// Calls `act` after each commit's write, besides whoever is called already.
    pub fn on_commit(&self, act: impl Fn(CommitStatistics) + 'static) {
        self.0.on_commit.borrow_mut().push(Box::new(act));
    }

    /// Calls `act` after each barrier, when more is durable than before.
    pub fn on_barrier(&self, act: impl Fn() + 'static) {
        self.0.on_barrier.borrow_mut().push(Box::new(act));
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
        self.0.pending.borrow().is_empty() && self.0.staging.borrow().is_empty()
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
        if self.may_close() {
            self.0.work.notify();
        }
        Ok(self.open())
    }

    fn staged(&self, safety: Safety) -> Ticket {
        let (mut state, now) = (self.0.state.get(), self.0.runtime.now());
        assert!(!state.failed, "nothing is staged in a failed journal");
        state.last_append = now;
        if safety.barrier {
            self.0.staging.borrow_mut().require_barrier();
        } else {
            let within = safety.barrier_within.unwrap_or(self.0.relaxed_barrier);
            let due = now.after(within.min(self.0.relaxed_barrier));
            state.staged_due = earlier(state.staged_due, Some(due));
            state.mirrors_until = now.after(MIRROR_AFTER_RELAXED);
        }
        self.0.state.set(state);
        if self.may_close() {
            self.0.work.notify();
        }
        self.open()
    }

    /// Whether the open commit may be closed: all before it are written, or it and they are in the
    /// mirror.
    fn may_close(&self) -> bool {
        match self.0.pending.borrow().back() {
            None => true,
            // One that is not mirrored is the only one: it waited for all before it.
            Some(last) => last.mirrored && self.may_mirror(),
        }
    }

    /// Whether the open commit is to be mirrored, and can be.
    fn may_mirror(&self) -> bool {
        let staging = self.0.staging.borrow();
        let bytes = staging.bytes_with(0, 0).next_multiple_of(BLOCK_BYTES);
        let mirror = self.0.mirror.borrow();
        self.0.runtime.now() < self.0.state.get().mirrors_until
            && staging.is_copied()
            && bytes <= MIRRORED_COMMIT_BYTES
            && mirror.as_ref().is_some_and(|mirror| mirror.fits(bytes))
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
        self.0.change(|state| state.stopping = true);
        self.0.work.notify();
    }

    /// Commits until [`Journal::stop`]; then one last barrier covers everything.
    pub async fn run(self) -> Result<(), JournalFailed> {
        let _writes = self.0.runtime.spawn(self.clone().write_behind());
        while let Work::Commit = self.next_work().await? {
            self.close_commit();
        }
        Ok(())
    }

    /// Waits until there is something to commit and it may be closed, or all is done.
    async fn next_work(&self) -> Result<Work, JournalFailed> {
        let mut alarm = Alarm::default();
        poll_fn(|context| {
            loop {
                let state = self.0.state.get();
                if state.failed {
                    return Poll::Ready(Err(JournalFailed));
                }
                if !self.0.staging.borrow().is_empty() {
                    if self.may_close() && self.has_place() {
                        return Poll::Ready(Ok(Work::Commit));
                    }
                } else if state.stopping && self.0.pending.borrow().is_empty() {
                    if state.durable_through == state.last {
                        return Poll::Ready(Ok(Work::Stop));
                    }
                    self.0.staging.borrow_mut().require_barrier();
                    continue;
                }
                self.0.work.register(context.waker());
                self.0.room.register(context.waker());
                let Some(due) = self.idle_commit_due() else { return Poll::Pending };
                if due <= self.0.runtime.now() {
                    self.on_idle();
                    continue;
                }
                ready!(alarm.poll(&self.0.runtime, due, context));
            }
        })
        .await
    }

    /// When a commit is due that only records what is durable, if nothing is staged.
    fn idle_commit_due(&self) -> Option<Instant> {
        let state = self.0.state.get();
        let unrecorded = state.recorded < state.last && !state.last_was_idle;
        let is_due = unrecorded && !state.stopping && self.0.staging.borrow().is_empty();
        is_due.then(|| state.last_append.after(IDLE_COMMIT_AFTER))
    }

    fn on_idle(&self) {
        // It needs a place; without one it waits for the next append to say as much.
        if self.0.files.borrow().has_room(BLOCK, RoomFor::Appends) {
            self.0.staging.borrow_mut().require_barrier();
        }
        self.0.change(|state| state.last_was_idle = true);
    }

    /// Whether the open commit has a place. Appends and carries asked before they were staged; a
    /// barrier or a mark may find the ring full, and waits until a file is free.
    fn has_place(&self) -> bool {
        let bytes = self.0.staging.borrow().bytes_with(0, 0).next_multiple_of(BLOCK_BYTES);
        self.0.files.borrow().has_room(bytes as u64, RoomFor::Carries)
    }

    /// Closes the open commit; what it holds can be read when it is mirrored, or later.
    fn close_commit(&self) {
        let inner = &*self.0;
        let mirrored = self.may_mirror();
        let mut state = inner.state.get();
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
        state.last = sequence;
        state.recorded = state.durable_through;
        if closed.entries > 0 {
            state.last_was_idle = false;
        }
        let barrier_due = state.staged_due.take();
        inner.state.set(state);
        if mirrored && let Some(mirror) = &mut *inner.mirror.borrow_mut() {
            mirror.copy(&closed.slices, closed.len);
        }
        let pending = Pending { place, closed, ticket, barrier_due, mirrored };
        if mirrored {
            pending.survives_the_process(Instant::now());
        }
        inner.pending.borrow_mut().push_back(pending);
        inner.closed.notify();
        inner.room.notify();
    }

    pub(super) fn fail(&self, error: &std::io::Error) {
        let journal = self.0.id;
        tracing::error!(%error, %journal, "the journal failed: no further acknowledgements");
        let now = self.0.runtime.now();
        self.0.change(|state| state.failed = true);
        self.0.exposed.borrow_mut().end(Progress::Failed, now);
        for pending in self.0.pending.take() {
            pending.ticket.advance(Progress::Failed, now);
        }
        self.open().advance(Progress::Failed, now);
        self.0.work.notify();
        self.0.room.notify();
    }
}

impl Inner {
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.get();
        change(&mut state);
        self.state.set(state);
    }
}

impl Pending {
    /// Its relaxed batches can be read, and be acknowledged.
    pub(super) fn survives_the_process(&self, now: Instant) {
        let relaxed = self.closed.outcomes.iter().filter(|outcome| outcome.relaxed);
        relaxed.for_each(|outcome| outcome.log.advance(outcome.visible));
        self.ticket.advance(Progress::Written, now);
    }
}
