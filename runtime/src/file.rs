//! Files on a shard: positioned reads and writes through the ring, and barriers.

use std::ffi::CString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::buffer::{DmaBuf, Slice};
use crate::descriptor::Fd;
use crate::driver::inflight::Completion;
use crate::driver::op::{Gather, Op, Piece};
use crate::driver::uring;
use crate::executor::Runtime;

/// How a file is opened.
#[expect(clippy::struct_excessive_bools, reason = "flags of open(2), each on its own")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// For writing too.
    pub write: bool,
    /// Created if it is not there.
    pub create: bool,
    /// It is an error if it is there.
    pub create_new: bool,
    /// A symbolic link is followed; otherwise it is an error.
    pub follow: bool,
    /// Past the page cache (`O_DIRECT`): aligned memory, positions and lengths.
    pub direct: bool,
}

/// How a write becomes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// It does not: the write is only complete.
    None,
    /// A `fdatasync` linked behind the write.
    DataSync,
    /// The write itself is a barrier for its own bytes (`RWF_DSYNC`), and for nothing else.
    WriteThrough,
}

/// An open file. Clones share the descriptor, which is closed when the last one and the last
/// operation on it have gone.
#[derive(Clone)]
pub struct File {
    runtime: Runtime,
    descriptor: Fd,
}

impl File {
    /// Opens a path. A created file is not durable before its directory is synced.
    pub async fn open(runtime: &Runtime, path: &Path, options: OpenOptions) -> io::Result<Self> {
        let mut flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
        flags |= if options.follow { 0 } else { libc::O_NOFOLLOW };
        flags |= if options.write { libc::O_RDWR } else { libc::O_RDONLY };
        flags |= if options.create { libc::O_CREAT } else { 0 };
        flags |= if options.create_new { libc::O_CREAT | libc::O_EXCL } else { 0 };
        flags |= if options.direct { libc::O_DIRECT } else { 0 };
        let op = Op::Open { path: c_path(path)?, flags, mode: 0o640 };
        let (_, completion) = runtime.submit(op).await;
        let descriptor = uring::owned(check(completion)?)?;
        Ok(Self { runtime: runtime.clone(), descriptor: runtime.adopt(descriptor) })
    }

    /// Reads `len` bytes at `offset` into `buffer[from..]`; less only at the end of the file.
    /// The buffer comes back either way; dropping the future loses the buffer.
    pub async fn read_at(
        &self,
        buffer: DmaBuf,
        from: usize,
        len: usize,
        offset: u64,
    ) -> (DmaBuf, io::Result<usize>) {
        assert!(from + len <= buffer.capacity(), "a read fits its buffer");
        let mut buffer = buffer;
        let mut done = 0;
        while done < len {
            let (from, len, offset) = (from + done, len - done, offset + done as u64);
            let op = Op::Read { file: self.descriptor.clone(), buffer, from, len, offset };
            let (op, completion) = self.runtime.submit(op).await;
            let Op::Read { buffer: back, .. } = op else { unreachable!("a read comes back") };
            buffer = back;
            match check(completion) {
                Ok(0) => break,
                Ok(count) => done += count_of(count),
                Err(error) if is_transient(&error) => {}
                Err(error) => return (buffer, Err(error)),
            }
        }
        (buffer, Ok(done))
    }

    /// Writes all slices at `offset`. When it resolves, the bytes are written, and durable if
    /// `barrier` says so: for [`Barrier::DataSync`] so is everything written before on this file.
    /// Dropping the future leaves the write to happen or not. No byte is copied.
    pub async fn write_at(
        &self,
        slices: Vec<Slice>,
        offset: u64,
        barrier: Barrier,
    ) -> io::Result<()> {
        self.write_with(slices, offset, barrier, || ()).await
    }

    /// Like [`File::write_at`]; calls `written` when the write has completed, which for
    /// [`Barrier::DataSync`] is before the barrier has.
    pub async fn write_with(
        &self,
        slices: Vec<Slice>,
        offset: u64,
        barrier: Barrier,
        written: impl FnOnce(),
    ) -> io::Result<()> {
        let mut gather = Gather::new(slices.into_iter().map(Piece::from).collect());
        let mut offset = offset;
        loop {
            let before = gather.remaining();
            let linked = barrier == Barrier::DataSync;
            let file = self.descriptor.clone();
            let durable = barrier == Barrier::WriteThrough;
            let write = Op::Write { file, gather, offset, durable, linked };
            let (write, sync) = if linked {
                let sync = Op::Sync { file: self.descriptor.clone(), metadata: false };
                let (write, sync) = self.runtime.submit_linked(write, sync);
                (write, Some(sync))
            } else {
                (self.runtime.submit(write), None)
            };
            let (op, completion) = write.await;
            let Op::Write { gather: back, .. } = op else { unreachable!("a write comes back") };
            gather = back;
            match check(completion) {
                Ok(0) if before > 0 => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => gather.advance(count_of(count)),
                Err(error) if is_transient(&error) => {}
                Err(error) => return Err(error),
            }
            if gather.remaining() == 0 {
                written();
                let Some(sync) = sync else { return Ok(()) };
                return self.finish_barrier(sync.await.1).await;
            }
            drop(sync);
            offset += (before - gather.remaining()) as u64;
        }
    }

    /// The linked sync's answer; it was cancelled if the write before it was short, and then it
    /// is submitted anew. A sync that failed is never tried again: its error is final.
    async fn finish_barrier(&self, synced: Completion) -> io::Result<()> {
        match check(synced) {
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => self.sync_data().await,
            other => other.map(drop),
        }
    }

    /// Makes contents and length durable.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync(false).await
    }

    /// Makes contents and all metadata durable.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.sync(true).await
    }

    async fn sync(&self, metadata: bool) -> io::Result<()> {
        let op = Op::Sync { file: self.descriptor.clone(), metadata };
        check(self.runtime.submit(op).await.1).map(drop)
    }

    /// Allocates blocks from `offset` on and extends the file over them.
    pub async fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        let op = Op::Allocate { file: self.descriptor.clone(), offset, len };
        check(self.runtime.submit(op).await.1).map(drop)
    }

    /// Cuts or extends the file.
    pub async fn truncate(&self, len: u64) -> io::Result<()> {
        if self.runtime.features().truncate {
            let op = Op::Truncate { file: self.descriptor.clone(), len };
            return check(self.runtime.submit(op).await.1).map(drop);
        }
        let len = i64::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: ftruncate has no memory arguments. It may block, as on kernels before 6.9 there
        // is no other way; files are cut when sealed, which is rare.
        match unsafe { libc::ftruncate(self.descriptor.raw(), len) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// A descriptor of the same file for another shard: see [`File::adopt`].
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        // SAFETY: the descriptor stays open during the call.
        unsafe { BorrowedFd::borrow_raw(self.descriptor.raw()) }.try_clone_to_owned()
    }

    /// Takes over a descriptor from another shard.
    pub fn adopt(runtime: &Runtime, descriptor: OwnedFd) -> Self {
        Self { runtime: runtime.clone(), descriptor: runtime.adopt(descriptor) }
    }

    pub(crate) fn descriptor(&self) -> &Fd {
        &self.descriptor
    }

    /// Tells the kernel how the file's range will be used; advice only, never an error.
    pub fn advise(&self, offset: u64, len: u64, advice: Advice) {
        let advice = match advice {
            Advice::Sequential => libc::POSIX_FADV_SEQUENTIAL,
            Advice::WillNeed => libc::POSIX_FADV_WILLNEED,
            Advice::DontNeed => libc::POSIX_FADV_DONTNEED,
        };
        let (offset, len) = (offset.cast_signed(), len.cast_signed());
        // SAFETY: posix_fadvise has no memory arguments.
        unsafe { libc::posix_fadvise(self.descriptor.raw(), offset, len, advice) };
    }
}

/// How a range of a file will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Front to back: read ahead more.
    Sequential,
    /// Soon.
    WillNeed,
    /// Not again: its pages may go.
    DontNeed,
}

pub(crate) fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// The kernel's answer as a result.
pub(crate) fn check(completion: Completion) -> io::Result<i32> {
    if completion.result < 0 {
        return Err(io::Error::from_raw_os_error(-completion.result));
    }
    Ok(completion.result)
}

pub(crate) fn count_of(result: i32) -> usize {
    usize::try_from(result).expect("errors were sorted out before")
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN))
}
