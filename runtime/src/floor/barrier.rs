//! How a commit is written and made durable, and which way is faster on this machine.
//!
//! A barrier counts for a write only if it starts after the write has completed: the linked sync
//! does, by the link; `RWF_DSYNC` does, by its definition. Nothing here knows what is written.

use std::io;

use io_uring::{opcode, squeue, types};

use super::aligned::{AlignedBuffer, BLOCK};
use super::clock::now_ns;
use super::journal::Journal;
use super::ring::{Event, Idle, Ring, Token};

/// What must have happened before a commit counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// The write has completed: safe from a killed process, not from a power cut.
    None,
    /// A linked `fdatasync` has completed.
    Fdatasync,
    /// The write was sent with `RWF_DSYNC` and has completed.
    Dsync,
}

/// One contiguous write or a gather of several, at a file offset.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Single { address: *const u8, len: u32 },
    Gather { iovecs: *const libc::iovec, count: u32 },
}

/// The entry that writes `source` to registered file `file` at `offset`, and the entry that must
/// follow it, linked.
pub(super) fn write_entries(
    barrier: Barrier,
    file: u32,
    source: Source,
    offset: u64,
) -> (squeue::Entry, Option<squeue::Entry>) {
    let file = types::Fixed(file);
    let flags = if barrier == Barrier::Dsync { libc::RWF_DSYNC } else { 0 };
    let write = match source {
        Source::Single { address, len } => {
            opcode::Write::new(file, address, len).offset(offset).rw_flags(flags).build()
        }
        Source::Gather { iovecs, count } => {
            opcode::Writev::new(file, iovecs, count).offset(offset).rw_flags(flags).build()
        }
    };
    if barrier != Barrier::Fdatasync {
        return (write, None);
    }
    let sync = opcode::Fsync::new(file).flags(types::FsyncFlags::DATASYNC).build();
    (write.flags(squeue::Flags::IO_LINK), Some(sync))
}

/// The kinds that the blocking writer below gives its tokens.
const KIND_WRITE: u8 = 1;
const KIND_SYNC: u8 = 2;

/// Writes the first `len` bytes of `buffer` to the journal's next place and waits for the barrier.
/// Takes the journal's files to be registered from index 0 on. Returns nanoseconds taken.
pub(super) fn write_and_wait(
    ring: &mut Ring,
    journal: &mut Journal,
    buffer: &AlignedBuffer,
    len: usize,
    barrier: Barrier,
    idle: Idle,
) -> io::Result<u64> {
    assert!(len <= buffer.len() && len.is_multiple_of(BLOCK), "whole blocks of the buffer");
    let place = journal.take(len);
    let file = u32::try_from(place.file).expect("few files");
    let bytes = u32::try_from(len).expect("commits are small");
    let source = Source::Single { address: buffer.as_ptr(), len: bytes };
    let start = now_ns();
    let (write, sync) = write_entries(barrier, file, source, place.offset);
    let mut awaiting = 1 + usize::from(sync.is_some());
    let token = Token { kind: KIND_WRITE, generation: 0, slot: 0 };
    // SAFETY: `buffer` is borrowed until this function has reaped the completion.
    unsafe { ring.push(write, token) }?;
    if let Some(sync) = sync {
        // SAFETY: a sync names no memory.
        unsafe { ring.push(sync, Token { kind: KIND_SYNC, ..token }) }?;
    }
    let mut events = Vec::new();
    let mut outcome = Ok(());
    while awaiting > 0 {
        if let Err(error) = ring.submit_and_wait(idle) {
            ring.quiesce();
            return Err(error);
        }
        ring.reap(&mut events);
        awaiting -= events.len();
        for event in &events {
            outcome = outcome.and(check(event, bytes));
        }
    }
    outcome.map(|()| now_ns() - start)
}

/// An error if a write or sync failed or was short.
fn check(event: &Event, bytes: u32) -> io::Result<()> {
    let expected = if event.token.kind == KIND_WRITE { bytes } else { 0 };
    if event.result < 0 {
        return Err(io::Error::from_raw_os_error(-event.result));
    }
    if event.result.unsigned_abs() != expected {
        return Err(io::Error::new(io::ErrorKind::WriteZero, "short write to the journal"));
    }
    Ok(())
}

/// What the start-up probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierProbe {
    /// The faster one.
    pub choice: Barrier,
    /// Median of write and linked fdatasync, nanoseconds.
    pub fdatasync_ns: u64,
    /// Median of the `RWF_DSYNC` write, nanoseconds.
    pub dsync_ns: u64,
}

const PROBE_BYTES: usize = 64 << 10;
const PROBE_TRIES: usize = 200;

/// Writes 64 KiB so many times each way, in turns, so that a slow moment hurts both alike.
pub(super) fn probe(
    ring: &mut Ring,
    journal: &mut Journal,
    idle: Idle,
) -> io::Result<BarrierProbe> {
    let buffer = AlignedBuffer::new(PROBE_BYTES)?;
    let mut linked = Vec::with_capacity(PROBE_TRIES);
    let mut dsync = Vec::with_capacity(PROBE_TRIES);
    for _ in 0..PROBE_TRIES {
        for (barrier, times) in [(Barrier::Fdatasync, &mut linked), (Barrier::Dsync, &mut dsync)] {
            times.push(write_and_wait(ring, journal, &buffer, PROBE_BYTES, barrier, idle)?);
        }
    }
    let (fdatasync_ns, dsync_ns) = (median(&mut linked), median(&mut dsync));
    let choice = if dsync_ns <= fdatasync_ns { Barrier::Dsync } else { Barrier::Fdatasync };
    Ok(BarrierProbe { choice, fdatasync_ns, dsync_ns })
}

fn median(times: &mut [u64]) -> u64 {
    assert!(!times.is_empty(), "a median of nothing");
    times.sort_unstable();
    times[times.len() / 2]
}
