//! From a file's page cache to a socket through a pipe: the bytes are moved by reference and
//! never copied to user space.
//!
//! Reading the file may block, so the kernel does that on a worker; writing to the socket never
//! does: it takes what fits, and the rest waits for `POLLOUT`, so that no worker is parked by a
//! client that does not read.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use crate::descriptor::Fd;
use crate::driver::op::Op;
use crate::driver::uring::owned;
use crate::executor::Runtime;
use crate::file::{File, check, count_of};
use crate::local::Semaphore;
use crate::socket::Stream;

/// How many splices of one shard are in flight at most: each may occupy a kernel worker.
const PIPES: usize = 4;
/// The capacity asked of each pipe; an unprivileged process is given no more by default.
const PIPE_BYTES: i32 = 1 << 20;

/// A shard's pipes, lent to one response at a time.
#[derive(Clone)]
pub struct Pipes(Rc<Inner>);

struct Inner {
    runtime: Runtime,
    free: RefCell<Vec<Pipe>>,
    permits: Semaphore,
}

struct Pipe {
    read: Fd,
    write: Fd,
    capacity: usize,
}

impl Pipes {
    /// An empty set; pipes are made when they are first needed.
    pub fn new(runtime: &Runtime) -> Self {
        Self(Rc::new(Inner {
            runtime: runtime.clone(),
            free: RefCell::default(),
            permits: Semaphore::new(PIPES),
        }))
    }

    /// Sends `len` bytes of `file` from `offset` on to `stream`. Resolves when the socket has
    /// taken all of them. Fails with `UnexpectedEof` if the file ends before. Dropping the future
    /// breaks the stream and closes the pipe. No byte is copied by this process.
    pub async fn send_file(
        &self,
        file: &File,
        offset: u64,
        len: u64,
        stream: &Stream,
    ) -> io::Result<()> {
        let _permit = self.0.permits.acquire().await;
        let pipe = self.0.free.borrow_mut().pop();
        let pipe = pipe.map_or_else(|| Pipe::new(&self.0.runtime), Ok)?;
        let mut broken = BreakUnlessDone { stream, done: false };
        let mut sent = 0;
        while sent < len {
            let step = (len - sent).min(pipe.capacity as u64);
            let step = u32::try_from(step).expect("a pipe is under 4 GiB");
            let op = Op::Splice {
                from: file.descriptor().clone(),
                offset: Some(offset + sent),
                to: pipe.write.clone(),
                len: step,
            };
            let filled = count_of(check(self.0.runtime.submit(op).await.1)?);
            if filled == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.drain(&pipe, filled, stream).await?;
            sent += filled as u64;
        }
        broken.done = true;
        // Only an empty pipe is lent again.
        self.0.free.borrow_mut().push(pipe);
        Ok(())
    }

    async fn drain(&self, pipe: &Pipe, filled: usize, stream: &Stream) -> io::Result<()> {
        let mut left = filled;
        while left > 0 {
            match pipe.push(left, stream) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => left -= count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    stream.writable().await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Pipe {
    fn new(runtime: &Runtime) -> io::Result<Self> {
        let mut ends = [0; 2];
        // SAFETY: an array of two descriptors to be written.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let read: OwnedFd = owned(ends[0])?;
        let write = owned(ends[1])?;
        // SAFETY: this fcntl takes a plain integer.
        let capacity = unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES) };
        // Refused when the user's pipes are at their limit: then it stays as small as it is.
        let capacity = usize::try_from(capacity).unwrap_or(65_536);
        Ok(Self { read: runtime.adopt(read), write: runtime.adopt(write), capacity })
    }

    /// Moves up to `len` bytes from the pipe to the socket without blocking. A plain call: through
    /// the ring each of these would be a round trip to a kernel worker.
    ///
    /// Since Linux 6.5 `SPLICE_F_NONBLOCK` is about the pipe alone: a socket blocks the thread
    /// unless it is non-blocking itself. The ring's own operations need it to be blocking, as they
    /// would fail instead of waiting; none of them runs within this call.
    fn push(&self, len: usize, stream: &Stream) -> io::Result<usize> {
        let flags = libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MOVE;
        let (from, to) = (self.read.raw(), stream.descriptor().raw());
        let nowhere = std::ptr::null_mut();
        set_flags(to, libc::O_NONBLOCK)?;
        // SAFETY: neither pipes nor sockets have positions, so both may be null.
        let count = unsafe { libc::splice(from, nowhere, to, nowhere, len, flags) };
        let moved = usize::try_from(count).map_err(|_| io::Error::last_os_error());
        set_flags(to, 0)?;
        moved
    }
}

/// Sets the status flags of a socket; of those that can be set it has no other.
fn set_flags(socket: RawFd, flags: i32) -> io::Result<()> {
    // SAFETY: this fcntl takes a plain integer.
    match unsafe { libc::fcntl(socket, libc::F_SETFL, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

struct BreakUnlessDone<'a> {
    stream: &'a Stream,
    done: bool,
}

impl Drop for BreakUnlessDone<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.stream.break_stream();
        }
    }
}
