//! A shard's thread: pinned, with its own runtime, from start to the end of its main future.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::affinity;
use crate::error::StartError;
use crate::executor::{Runtime, RuntimeConfig};

/// Where and how a shard runs.
pub struct ShardThread {
    /// The thread's name, at most 15 bytes as the kernel keeps it.
    pub name: String,
    /// The core it is bound to; none leaves it to the scheduler.
    pub core: Option<usize>,
    /// Its runtime.
    pub config: RuntimeConfig,
    /// The directory lock that its ring holds.
    pub lock: Option<Arc<OwnedFd>>,
}

impl ShardThread {
    /// Starts the thread. `main` makes the shard's future on the thread itself, so that nothing
    /// of a shard is ever on another; the thread ends when the future has.
    pub fn spawn<T, F, M>(self, main: M) -> Result<ShardJoin<T>, StartError>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
        M: FnOnce(Runtime) -> F + Send + 'static,
    {
        let Self { name, core, config, lock } = self;
        std::thread::Builder::new()
            .name(name)
            .spawn(move || {
                if let Some(core) = core {
                    affinity::pin_to(&[core])?;
                }
                let runtime = Runtime::new(config, lock.as_deref())?;
                Ok(runtime.clone().run(main(runtime)))
            })
            .map(ShardJoin)
            .map_err(|source| StartError::System { action: "start a shard's thread", source })
    }
}

/// A shard's thread, to be waited for.
pub struct ShardJoin<T>(JoinHandle<Result<T, StartError>>);

impl<T> ShardJoin<T> {
    /// Waits for the thread's end and returns what its main future did. A panic there goes on here.
    pub fn join(self) -> Result<T, StartError> {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Runs a future on a runtime of the calling thread: for commands and tests.
pub fn block_on<T, F, M>(config: RuntimeConfig, main: M) -> Result<T, StartError>
where
    T: 'static,
    F: Future<Output = T> + 'static,
    M: FnOnce(Runtime) -> F,
{
    let runtime = Runtime::new(config, None)?;
    Ok(runtime.clone().run(main(runtime)))
}

/// Raises the limit of open files to its hard value, and returns it.
pub fn raise_open_files_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit to be written.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: `limit` is a valid rlimit to be read.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(limit.rlim_cur)
}
