//! Group commit: one commit in flight, everything that arrives meanwhile joins the next.
//!
//! Guarantees: an answer is handed out only after the write, and the barrier if there is one, that
//! covers its frame. It knows no sockets.

use std::collections::VecDeque;
use std::io;

use super::barrier::{Barrier, write_entries};
use super::commit::{Answer, Commit};
use super::frame::BigFrame;
use super::journal::Journal;
use super::ring::{Event, Ring, Token};

/// Token kinds of the two operations of a commit.
pub(super) const KIND_WRITE: u8 = 1;
pub(super) const KIND_SYNC: u8 = 2;

/// The commits of one server.
pub(super) struct GroupCommit {
    journal: Journal,
    barrier: Barrier,
    /// The commit that frames go to.
    open: Commit,
    /// Full commits, oldest first.
    full: VecDeque<Commit>,
    flying: Option<Flight>,
    free: Vec<Commit>,
    /// Commits finished, and bytes written by them.
    pub(super) commits: u64,
    pub(super) bytes_written: u64,
}

struct Flight {
    commit: Commit,
    bytes: usize,
    /// Completions still to come.
    awaiting: u32,
}

impl GroupCommit {
    pub(super) fn new(journal: Journal, barrier: Barrier) -> io::Result<GroupCommit> {
        Ok(GroupCommit {
            journal,
            barrier,
            open: Commit::new()?,
            full: VecDeque::new(),
            flying: None,
            free: vec![Commit::new()?],
            commits: 0,
            bytes_written: 0,
        })
    }

    /// Copies a small frame into the open commit.
    pub(super) fn stage(&mut self, frame: &[u8], answer: Answer) -> io::Result<()> {
        if self.open.push(frame, answer) {
            return Ok(());
        }
        self.open_next()?;
        assert!(self.open.push(frame, answer), "an empty commit has room for a small frame");
        Ok(())
    }

    /// Adds a big frame to the open commit, without a copy.
    pub(super) fn stage_big(&mut self, frame: BigFrame, answer: Answer) -> io::Result<()> {
        let Err(frame) = self.open.push_big(frame, answer) else { return Ok(()) };
        self.open_next()?;
        let taken = self.open.push_big(frame, answer);
        assert!(taken.is_ok(), "an empty commit takes any frame");
        Ok(())
    }

    fn open_next(&mut self) -> io::Result<()> {
        let next = self.free.pop().map_or_else(Commit::new, Ok)?;
        self.full.push_back(std::mem::replace(&mut self.open, next));
        Ok(())
    }

    /// True if answers wait for more than the write.
    pub(super) fn waits_for_barrier(&self) -> bool {
        self.barrier != Barrier::None
    }

    /// Queues the next commit, if none is in flight and there is something to write. Returns
    /// whether it did.
    pub(super) fn start(&mut self, ring: &mut Ring) -> io::Result<bool> {
        if self.flying.is_some() || (self.full.is_empty() && self.open.is_empty()) {
            return Ok(false);
        }
        if self.full.is_empty() {
            self.open_next()?;
        }
        let mut commit = self.full.pop_front().expect("just seen or made");
        let (source, bytes) = commit.seal();
        let place = self.journal.take(bytes);
        let file = u32::try_from(place.file).expect("few files");
        let (write, sync) = write_entries(self.barrier, file, source, place.offset);
        let awaiting = 1 + u32::from(sync.is_some());
        self.flying = Some(Flight { commit, bytes, awaiting });
        let token = Token { kind: KIND_WRITE, generation: 0, slot: 0 };
        // SAFETY: the commit owns all that the entry names; it stays in `flying`, unmoved on the
        // heap and in its mappings, until the completions have been reaped.
        unsafe { ring.push(write, token) }?;
        if let Some(sync) = sync {
            // SAFETY: a sync names no memory.
            unsafe { ring.push(sync, Token { kind: KIND_SYNC, ..token }) }?;
        }
        Ok(true)
    }

    /// Takes a completion of the commit in flight. Returns the commit if it was the last one: its
    /// answers may go, then it must come back to `recycle`. A failed or short write or sync is an
    /// error and ends the server, since its answers must never go.
    pub(super) fn on_completion(&mut self, event: &Event) -> io::Result<Option<Commit>> {
        let mut flight = self.flying.take().expect("a completion has its commit");
        if event.result < 0 {
            return Err(io::Error::from_raw_os_error(-event.result));
        }
        let done = usize::try_from(event.result).expect("not negative");
        if event.token.kind == KIND_WRITE && done != flight.bytes {
            return Err(io::Error::new(io::ErrorKind::WriteZero, "short write to the journal"));
        }
        flight.awaiting -= 1;
        if flight.awaiting > 0 {
            self.flying = Some(flight);
            return Ok(None);
        }
        self.commits += 1;
        self.bytes_written += u64::try_from(flight.bytes).expect("a length in memory");
        Ok(Some(flight.commit))
    }

    /// Takes an emptied commit back for use again.
    pub(super) fn recycle(&mut self, commit: Commit) {
        assert!(commit.is_empty(), "cleared by the caller");
        self.free.push(commit);
    }
}
