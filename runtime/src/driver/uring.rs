//! The real driver: one `io_uring`, used by the one thread that made it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use io_uring::types::{Fd as RingFd, FsyncFlags, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};

use super::inflight::{Completion, Key};
use super::op::Op;
use super::probe;
use super::provided::{GROUP, Provided};
use crate::error::StartError;

/// Entries of the submission queue; a full queue is submitted, not an error.
const ENTRIES: u32 = 1024;
/// Blocking requests run on kernel threads beside the shard; more of them would only compete
/// with it for its core.
const KERNEL_WORKERS: [u32; 2] = [6, 6];

/// One thread's ring.
pub(crate) struct Uring {
    ring: IoUring,
    /// The kernel reads the queue of provided buffers as long as the ring lives.
    _provided: Rc<Provided>,
    queued: usize,
}

impl Uring {
    pub(crate) fn new(provided: Rc<Provided>, lock: Option<&OwnedFd>) -> Result<Self, StartError> {
        let failed = |action| move |source| StartError::System { action, source };
        let ring = probe::build(ENTRIES).map_err(probe::explain)?;
        let layout = provided.layout();
        let submitter = ring.submitter();
        let address = provided.queue_address();
        // SAFETY: the queue lives in `provided`, which this value keeps until after the ring.
        unsafe { submitter.register_buf_ring_with_flags(address, layout.count, GROUP, 0) }
            .map_err(failed("register the buffer ring"))?;
        submitter
            .register_iowq_max_workers(&mut KERNEL_WORKERS.clone())
            .map_err(failed("limit the ring's kernel workers"))?;
        if let Some(lock) = lock {
            // The ring holds the data directory's lock until its last write has ended.
            submitter
                .register_files(&[lock.as_raw_fd()])
                .map_err(failed("register the lock with the ring"))?;
        }
        Ok(Self { ring, _provided: provided, queued: 0 })
    }

    /// Queues one request.
    pub(crate) fn push(&mut self, key: Key, op: &mut Op) {
        let entry = prepare(op).user_data(key.to_user_data());
        self.make_room(1);
        // SAFETY: the table that owns `op` keeps it, and all memory that it points to, until the
        // completion has come.
        unsafe { self.ring.submission().push(&entry) }.expect("room was made");
        self.queued += 1;
    }

    /// Sees to it that the next `count` requests go out in one submission, as links must.
    pub(crate) fn make_room(&mut self, count: usize) {
        let queue = self.ring.submission();
        let room = queue.capacity() - queue.len();
        drop(queue);
        if room < count {
            self.submit().expect("a full submission queue can be submitted");
        }
    }

    /// Hands what is queued to the kernel and lets it post what is ready, without waiting.
    pub(crate) fn submit(&mut self) -> io::Result<()> {
        self.queued = 0;
        retried(|| self.ring.submit())
    }

    /// Whether the kernel has anything to do for us: requests to take or completions to post.
    pub(crate) fn wants_enter(&mut self) -> bool {
        self.queued > 0 || {
            let queue = self.ring.submission();
            queue.taskrun() || queue.cq_overflow()
        }
    }

    /// Like [`Uring::submit`], but waits for a completion, at most `timeout`.
    pub(crate) fn submit_and_sleep(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.queued = 0;
        let Some(timeout) = timeout else { return retried(|| self.ring.submit_and_wait(1)) };
        let timespec = Timespec::from(timeout);
        let arguments = SubmitArgs::new().timespec(&timespec);
        retried(|| self.ring.submitter().submit_with_args(1, &arguments))
    }

    /// Whether completions are there to be reaped.
    pub(crate) fn has_completions(&mut self) -> bool {
        !self.ring.completion().is_empty()
    }

    /// Takes up to `max` completions that the kernel has posted.
    pub(crate) fn reap(&mut self, max: usize, events: &mut Vec<(u64, Completion, bool)>) {
        for entry in self.ring.completion().take(max) {
            let completion = Completion { result: entry.result(), flags: entry.flags() };
            events.push((entry.user_data(), completion, cqueue::more(entry.flags())));
        }
    }
}

/// An interrupted or timed-out wait is a wait that found nothing.
fn retried(mut enter: impl FnMut() -> io::Result<usize>) -> io::Result<()> {
    match enter() {
        Ok(_) => Ok(()),
        Err(error) => match error.raw_os_error() {
            Some(libc::EINTR | libc::ETIME | libc::EBUSY | libc::EAGAIN) => Ok(()),
            _ => Err(error),
        },
    }
}

fn prepare(op: &mut Op) -> squeue::Entry {
    match op {
        Op::Accept { .. }
        | Op::Receive { .. }
        | Op::ReceiveOnce { .. }
        | Op::ReceiveInto { .. }
        | Op::Send { .. }
        | Op::SendGathered { .. }
        | Op::Connect { .. }
        | Op::Shutdown { .. }
        | Op::PollWritable { .. }
        | Op::Splice { .. } => prepare_socket(op),
        Op::Read { .. }
        | Op::Write { .. }
        | Op::Sync { .. }
        | Op::Allocate { .. }
        | Op::Truncate { .. }
        | Op::ReadStream { .. } => prepare_file(op),
        Op::Open { .. }
        | Op::Close { .. }
        | Op::Stat { .. }
        | Op::Unlink { .. }
        | Op::Rename { .. }
        | Op::MakeDirectory { .. } => prepare_path(op),
        Op::Cancel { target } => opcode::AsyncCancel::new(*target).build(),
    }
}

fn prepare_socket(op: &mut Op) -> squeue::Entry {
    match op {
        Op::Accept { listener } => {
            opcode::AcceptMulti::new(RingFd(listener.raw())).flags(libc::SOCK_CLOEXEC).build()
        }
        Op::Receive { socket } => opcode::RecvMulti::new(RingFd(socket.raw()), GROUP).build(),
        Op::ReceiveOnce { socket, max } => {
            opcode::Recv::new(RingFd(socket.raw()), std::ptr::null_mut(), *max)
                .buf_group(GROUP)
                .build()
                .flags(squeue::Flags::BUFFER_SELECT)
        }
        Op::ReceiveInto { socket, buffer, from, len } => {
            let target = buffer.as_mut_slice()[*from..*from + *len].as_mut_ptr();
            opcode::Recv::new(RingFd(socket.raw()), target, length(*len))
                .flags(libc::MSG_WAITALL)
                .build()
        }
        Op::Send { socket, bytes, from } => {
            let rest = &bytes[*from..];
            opcode::Send::new(RingFd(socket.raw()), rest.as_ptr(), length(rest.len()))
                .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
                .build()
        }
        Op::SendGathered { socket, gather } => {
            opcode::SendMsg::new(RingFd(socket.raw()), gather.message())
                .flags((libc::MSG_NOSIGNAL | libc::MSG_WAITALL).cast_unsigned())
                .build()
        }
        Op::Connect { socket, address } => {
            opcode::Connect::new(RingFd(socket.raw()), address.pointer(), address.len()).build()
        }
        Op::Shutdown { socket } => {
            opcode::Shutdown::new(RingFd(socket.raw()), libc::SHUT_RDWR).build()
        }
        Op::PollWritable { socket } => {
            let events = u32::from(libc::POLLOUT.cast_unsigned());
            opcode::PollAdd::new(RingFd(socket.raw()), events).build()
        }
        Op::Splice { from, offset, to, len } => {
            let offset = offset.map_or(-1, |offset| i64::try_from(offset).expect("file offset"));
            opcode::Splice::new(RingFd(from.raw()), offset, RingFd(to.raw()), -1, *len)
                .flags(libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MOVE)
                .build()
        }
        _ => unreachable!("not a socket operation"),
    }
}

fn prepare_file(op: &mut Op) -> squeue::Entry {
    match op {
        Op::Read { file, buffer, from, len, offset } => {
            let target = buffer.as_mut_slice()[*from..*from + *len].as_mut_ptr();
            opcode::Read::new(RingFd(file.raw()), target, length(*len)).offset(*offset).build()
        }
        Op::Write { file, gather, offset, durable, linked } => {
            let vectors = gather.vectors();
            let flags = if *durable { libc::RWF_DSYNC } else { 0 };
            let entry =
                opcode::Writev::new(RingFd(file.raw()), vectors.as_ptr(), length(vectors.len()))
                    .offset(*offset)
                    .rw_flags(flags)
                    .build();
            if *linked { entry.flags(squeue::Flags::IO_LINK) } else { entry }
        }
        Op::Sync { file, metadata } => {
            let flags = if *metadata { FsyncFlags::empty() } else { FsyncFlags::DATASYNC };
            opcode::Fsync::new(RingFd(file.raw())).flags(flags).build()
        }
        Op::Allocate { file, offset, len } => {
            opcode::Fallocate::new(RingFd(file.raw()), *len).offset(*offset).build()
        }
        Op::Truncate { file, len } => opcode::Ftruncate::new(RingFd(file.raw()), *len).build(),
        Op::ReadStream { file, buffer } => {
            let len = length(buffer.len());
            // A position of all ones means: where the descriptor stands.
            opcode::Read::new(RingFd(file.raw()), buffer.as_mut_ptr(), len).offset(u64::MAX).build()
        }
        _ => unreachable!("not a file operation"),
    }
}

fn prepare_path(op: &mut Op) -> squeue::Entry {
    let here = RingFd(libc::AT_FDCWD);
    match op {
        Op::Open { path, flags, mode } => {
            opcode::OpenAt::new(here, path.as_ptr()).flags(*flags).mode(*mode).build()
        }
        Op::Close { descriptor } => {
            let descriptor = descriptor.take().expect("a close is prepared once");
            opcode::Close::new(RingFd(std::os::fd::IntoRawFd::into_raw_fd(descriptor))).build()
        }
        Op::Stat { path, stat } => {
            let result: *mut libc::statx = &raw mut **stat;
            opcode::Statx::new(here, path.as_ptr(), result.cast())
                .mask(libc::STATX_BASIC_STATS)
                .build()
        }
        Op::Unlink { path, directory } => {
            let flags = if *directory { libc::AT_REMOVEDIR } else { 0 };
            opcode::UnlinkAt::new(here, path.as_ptr()).flags(flags).build()
        }
        Op::Rename { from, to } => {
            opcode::RenameAt::new(here, from.as_ptr(), here, to.as_ptr()).build()
        }
        Op::MakeDirectory { path } => opcode::MkDirAt::new(here, path.as_ptr()).mode(0o750).build(),
        _ => unreachable!("not a path operation"),
    }
}

fn length(len: usize) -> u32 {
    u32::try_from(len).expect("one request moves less than 4 GiB")
}

/// A counter that other threads ring to end the ring's sleep.
pub(crate) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: eventfd has no memory arguments.
    let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    owned(descriptor)
}

/// Rings an eventfd. It can not fail on a live one, but for a counter at its end, which rings too.
pub(crate) fn ring(event: BorrowedFd<'_>) {
    let one = 1_u64;
    // SAFETY: eight readable bytes, as an eventfd wants.
    unsafe { libc::write(event.as_raw_fd(), (&raw const one).cast(), size_of::<u64>()) };
}

/// Wraps a new descriptor that a call returned, or its error.
pub(crate) fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call that returned the descriptor gave its ownership to the caller.
    Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(descriptor) })
}
