//! Housekeeping: bulk work beside the shards, on one `glommio` thread, of low priority once the
//! shards serve.
//!
//! A closed set of jobs: on files that no shard writes, and on memory that a shard gives away. What
//! bytes mean is decided by the step that a job is given, a pure function of another crate; here
//! they are only moved.

mod job;
mod worker;

use std::io;
use std::path::PathBuf;

use self::job::{Done, Job};
use crate::error::StartError;

/// Jobs that may wait.
const QUEUE: usize = 256;

/// A handle to the housekeeping thread. Cheap to clone, usable from any shard; the thread ends
/// when the last handle has gone and its jobs are done.
#[derive(Clone)]
pub struct Housekeeping {
    jobs: flume::Sender<Request>,
}

/// A job and the way back for its result.
pub(crate) struct Request {
    job: Job,
    reply: flume::Sender<io::Result<Done>>,
}

impl Housekeeping {
    /// Starts the thread, bound to `core` if one is given.
    pub fn start(core: Option<usize>) -> Result<Self, StartError> {
        let (jobs, requests) = flume::bounded(QUEUE);
        worker::start(core, requests)?;
        Ok(Self { jobs })
    }

    /// From here on, whatever else runs goes first. Blocks while the queue is full: for the end of
    /// a start. Can not be taken back.
    pub fn lower_priority(&self) {
        let (reply, _) = flume::bounded(1);
        // A thread that has ended has no priority.
        let _ = self.jobs.send(Request { job: Job::LowerPriority, reply });
    }

    /// Creates a file of `len` zero bytes at `path`, written and synced; its directory is not.
    pub async fn prewrite(&self, path: PathBuf, len: u64) -> io::Result<()> {
        self.run(Job::Prewrite { path, len }).await.map(drop)
    }

    /// Reads a file's first `len` bytes and gives them to `step` on the housekeeping thread; fewer
    /// if the file is shorter. Returns what the step returned.
    pub async fn scan<T: Send + 'static>(
        &self,
        path: PathBuf,
        len: u64,
        step: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = flume::bounded(1);
        let step = Box::new(move |bytes: &[u8]| drop(sender.try_send(step(bytes))));
        self.run(Job::Scan { path, len, step }).await?;
        receiver.try_recv().map_err(io::Error::other)
    }

    /// Runs a step that computes for longer than a shard may; it must not wait for anything.
    /// Returns what the step returned.
    pub async fn compute<T: Send + 'static>(
        &self,
        step: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = flume::bounded(1);
        let work = Box::new(move || drop(sender.try_send(step())));
        self.run(Job::Compute { work }).await?;
        receiver.try_recv().map_err(io::Error::other)
    }

    /// Removes files; those that are not there are no error.
    pub async fn unlink(&self, paths: Vec<PathBuf>) -> io::Result<()> {
        self.run(Job::Unlink { paths }).await.map(drop)
    }

    async fn run(&self, job: Job) -> io::Result<Done> {
        let gone = || io::Error::other("the housekeeping thread has ended");
        let (reply, result) = flume::bounded(1);
        self.jobs.send_async(Request { job, reply }).await.map_err(|_| gone())?;
        result.recv_async().await.map_err(|_| gone())?
    }
}
