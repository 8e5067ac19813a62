//! The ring of the floor: one `io_uring`, made and used by one pinned thread.
//!
//! It counts what is in flight, so that its owner can end every operation before the memory the
//! kernel works on goes away. It knows nothing of sockets, files or frames.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use io_uring::types::{self, CancelBuilder};
use io_uring::{IoUring, cqueue, opcode, squeue};

use super::clock::now_ns;

/// Submission entries. Small on purpose: the kernel and we walk all of it, and 256 entries are
/// 16 KiB, which stay in the first cache level.
const SUBMISSIONS: u32 = 256;

/// `IORING_ENTER_GETEVENTS`: only an enter with it runs deferred task work.
const ENTER_GETEVENTS: u32 = 1;

/// How long before a moment a sleep ends that must not miss it: a halted core is slow to wake.
const WAKE_EARLY_NS: u64 = 150_000;

/// What a completion belongs to: its kind, a slot of its owner's table and the slot's generation.
/// Never a descriptor, since those are reused.
///
/// ```text
/// 63      56 55          32 31           0
/// +--------+---------------+--------------+
/// |  kind  |  generation   |     slot     |
/// +--------+---------------+--------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: u8,
    pub(super) generation: u32,
    pub(super) slot: u32,
}

impl Token {
    pub(super) const GENERATION_MASK: u32 = 0x00FF_FFFF;

    fn pack(self) -> u64 {
        assert!(self.generation <= Self::GENERATION_MASK, "generations are 24 bits");
        (u64::from(self.kind) << 56) | (u64::from(self.generation) << 32) | u64::from(self.slot)
    }

    #[expect(clippy::cast_possible_truncation, reason = "each field is cut out by its width")]
    fn unpack(word: u64) -> Token {
        Token {
            kind: (word >> 56) as u8,
            generation: (word >> 32) as u32 & Self::GENERATION_MASK,
            slot: word as u32,
        }
    }
}

/// One completion, copied out of the ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) token: Token,
    /// The operation's result; a negative errno on failure.
    pub(super) result: i32,
    flags: u32,
}

impl Event {
    /// The id of the provided buffer that holds the received bytes.
    pub(super) fn buffer(&self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }

    /// True if a multishot operation goes on after this completion.
    pub(super) fn more(&self) -> bool {
        cqueue::more(self.flags)
    }
}

/// How a thread waits when nothing is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Sleeps in the kernel at once.
    Block,
    /// Reads the ring's memory for so many nanoseconds, then sleeps. The kernel threads that flush
    /// the device do not preempt it: on a core that they need, it waits for itself.
    Spin(u64),
    /// As `Spin`, but offers the core to whoever is ready to run between looks.
    Yield(u64),
}

impl Idle {
    /// What measured fastest, for one connection (half the latency of `Block`, which pays for
    /// waking a halted core) as for many: to yield for 200 us, then sleep.
    pub const DEFAULT: Idle = Idle::Yield(200_000);
}

/// One `io_uring`, single issuer, task work deferred to our own enters.
pub(super) struct Ring {
    uring: IoUring,
    in_flight: usize,
}

/// Kind of the token of the ring's own cancellations; owners use kinds below it.
pub(super) const KIND_CANCEL: u8 = u8::MAX;

impl Ring {
    /// Creates the ring for the calling thread, with room for `completions` at once.
    pub(super) fn new(completions: u32) -> io::Result<Ring> {
        let uring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_no_sqarray()
            .setup_cqsize(completions.next_power_of_two().max(2 * SUBMISSIONS))
            .build(SUBMISSIONS)?;
        // The ring's own descriptor is not registered: the crate forgets that with the `Submitter`
        // that did it, and the kernel keeps the ring, and its files open, until the thread ends.
        Ok(Ring { uring, in_flight: 0 })
    }

    /// The interface for registrations.
    pub(super) fn submitter(&self) -> io_uring::Submitter<'_> {
        self.uring.submitter()
    }

    /// Queues `entry`; submits first if the queue is full.
    ///
    /// # Safety
    ///
    /// All memory the entry names must stay valid, and be left alone as the operation demands,
    /// until its last completion has been reaped.
    pub(super) unsafe fn push(&mut self, entry: squeue::Entry, token: Token) -> io::Result<()> {
        let entry = entry.user_data(token.pack());
        if self.uring.submission().is_full() {
            self.submit()?;
        }
        let mut queue = self.uring.submission();
        // SAFETY: the caller vouches for the memory that the entry names.
        let pushed = unsafe { queue.push(&entry) };
        assert!(pushed.is_ok(), "a submit empties the queue");
        self.in_flight += 1;
        Ok(())
    }

    /// Asks to end the operation of `target`; it still completes.
    pub(super) fn cancel(&mut self, target: Token) -> io::Result<()> {
        let token = Token { kind: KIND_CANCEL, ..target };
        let entry = opcode::AsyncCancel2::new(CancelBuilder::user_data(target.pack())).build();
        // SAFETY: a cancellation names no memory.
        unsafe { self.push(entry, token) }
    }

    /// Submits what is queued and runs what the kernel has deferred to us, without waiting.
    pub(super) fn submit(&mut self) -> io::Result<()> {
        self.enter(0)
    }

    /// Submits what is queued, runs deferred work, waits for `want` completions.
    fn enter(&mut self, want: u32) -> io::Result<()> {
        loop {
            // The queue publishes its tail to the kernel when it goes out of scope here.
            let queued = u32::try_from(self.uring.submission().len()).expect("a short queue");
            let submitter = self.uring.submitter();
            // SAFETY: no argument block is passed, and the number submitted is what is queued.
            let entered =
                unsafe { submitter.enter::<libc::sigset_t>(queued, want, ENTER_GETEVENTS, None) };
            match entered {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The completion queue is full: the caller empties it and comes back.
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Submits what is queued; if nothing has completed then, waits by `idle`. Returns with at
    /// least one completion, or early after a signal.
    pub(super) fn submit_and_wait(&mut self, idle: Idle) -> io::Result<()> {
        self.submit_and_wait_until(idle, u64::MAX)
    }

    /// As `submit_and_wait`, but returns at `wake_ns` by `now_ns`'s clock at the latest, never
    /// more than a moment after it: the last stretch before it is not slept through, because a
    /// sleeper wakes late.
    pub(super) fn submit_and_wait_until(&mut self, idle: Idle, wake_ns: u64) -> io::Result<()> {
        let (window_ns, pause): (u64, fn()) = match idle {
            Idle::Block if wake_ns == u64::MAX => return self.enter(1),
            Idle::Block => (0, std::thread::yield_now),
            Idle::Spin(window_ns) => (window_ns, std::hint::spin_loop),
            Idle::Yield(window_ns) => (window_ns, std::thread::yield_now),
        };
        if !self.uring.submission().is_empty() {
            self.submit()?;
        }
        let mut sleep_from_ns = None;
        loop {
            if !self.uring.completion().is_empty() {
                return Ok(());
            }
            // The flag may be stale: the kernel sets it after it has queued the work, and by then
            // another enter may have done that. So it must not keep us from the time.
            if self.uring.submission().taskrun() {
                self.submit()?;
                if !self.uring.completion().is_empty() {
                    return Ok(());
                }
            }
            let now = now_ns();
            if now >= wake_ns {
                return Ok(());
            }
            let sleepable_ns = (wake_ns - now).saturating_sub(WAKE_EARLY_NS);
            if now >= *sleep_from_ns.get_or_insert(now + window_ns) && sleepable_ns > 0 {
                return if wake_ns == u64::MAX { self.enter(1) } else { self.sleep(sleepable_ns) };
            }
            pause();
        }
    }

    /// Waits for a completion, but no longer than `time_ns`.
    fn sleep(&mut self, time_ns: u64) -> io::Result<()> {
        let time = types::Timespec::from(Duration::from_nanos(time_ns));
        let outcome =
            self.uring.submitter().submit_with_args(1, &types::SubmitArgs::new().timespec(&time));
        match outcome {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::ETIME | libc::EBUSY) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Moves all completions that are there to `events`, which it empties first.
    pub(super) fn reap(&mut self, events: &mut Vec<Event>) {
        events.clear();
        let mut batch = [const { MaybeUninit::<cqueue::Entry>::uninit() }; 64];
        loop {
            let entries = self.uring.completion().fill(&mut batch);
            if entries.is_empty() {
                return;
            }
            for entry in entries {
                let event = Event {
                    token: Token::unpack(entry.user_data()),
                    result: entry.result(),
                    flags: entry.flags(),
                };
                if !event.more() {
                    assert!(self.in_flight > 0, "every last completion was once queued");
                    self.in_flight -= 1;
                }
                events.push(event);
            }
        }
    }

    /// Ends every operation and waits until none is left: after this no memory of ours is in the
    /// kernel's hands. Owners call it before they free what they lent.
    pub(super) fn quiesce(&mut self) {
        let mut events = Vec::new();
        while self.in_flight > 0 {
            let entry = opcode::AsyncCancel2::new(CancelBuilder::any()).build();
            let token = Token { kind: KIND_CANCEL, generation: 0, slot: 0 };
            // SAFETY: a cancellation names no memory.
            let queued = unsafe { self.push(entry, token) };
            if queued.and_then(|()| self.enter(1)).is_err() {
                // The kernel may still write to memory that the caller is about to free.
                std::process::abort();
            }
            self.reap(&mut events);
        }
    }
}
