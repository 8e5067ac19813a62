//! The floor's server: frames in, fixed answers out, with nothing between but the disk.
//!
//! It speaks as much of the Kafka protocol's framing as a request needs to be answered: the length
//! prefix and the correlation id. What it does to a frame is one of three things (`Work`). It knows
//! no API, no topic and no error code.

mod connection;
mod engine;
mod stage;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use super::aligned::BLOCK;
use super::barrier::{Barrier, BarrierProbe};
use super::commit::{COMMIT_BYTES_MAX, SMALL_BYTES_MAX};
use super::journal::JournalConfig;
use super::pin::pin_to;
use super::ring::Idle;

use engine::Engine;

/// What the server does with a frame before it answers.
#[derive(Clone, Debug)]
pub enum Work {
    /// Nothing.
    Echo,
    /// Appends it to a journal; the answer waits for the write and for `barrier`.
    Append {
        /// Where to.
        journal: JournalConfig,
        /// What the answer waits for; `None` probes which of the two barriers is faster.
        barrier: Option<Barrier>,
    },
}

/// How to serve.
#[derive(Clone, Debug)]
pub struct FloorConfig {
    /// What to do.
    pub work: Work,
    /// The core that the server's thread runs on.
    pub core: usize,
    /// Bytes of each answer, length prefix included; at least 8.
    pub answer_bytes: usize,
    /// The longest frame taken, length prefix included; a longer one closes the connection.
    pub frame_bytes_max: usize,
    /// Connections at once; one more ends the server with an error.
    pub connections_max: u32,
    /// Receive buffers, a power of two.
    pub receive_buffers: u16,
    /// Bytes of each.
    pub receive_bytes: usize,
    /// How the thread waits.
    pub idle: Idle,
}

impl FloorConfig {
    /// Serves `work` on `core`, with what measured fastest for the rest.
    pub fn new(work: Work, core: usize) -> FloorConfig {
        FloorConfig {
            work,
            core,
            answer_bytes: 64,
            frame_bytes_max: 32 << 20,
            connections_max: 4096,
            receive_buffers: 256,
            receive_bytes: 4096,
            idle: Idle::DEFAULT,
        }
    }

    fn check(&self) -> io::Result<()> {
        let good = self.answer_bytes >= 8
            && u32::try_from(self.answer_bytes).is_ok()
            && self.receive_buffers.is_power_of_two()
            && (64..=super::frame::BIG).contains(&self.receive_bytes)
            && (1..=1 << 15).contains(&self.connections_max)
            && (super::frame::SHORTEST..=1 << 30).contains(&self.frame_bytes_max);
        let fits = match &self.work {
            Work::Echo => true,
            // Big frames fill a commit up to its limit, or are one that is larger; small ones may
            // join them.
            Work::Append { journal, .. } => {
                let big = self.frame_bytes_max.next_multiple_of(BLOCK).max(COMMIT_BYTES_MAX);
                let largest = big + SMALL_BYTES_MAX;
                u64::try_from(largest).is_ok_and(|bytes| bytes <= journal.file_bytes)
            }
        };
        if good && fits {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "floor configuration"))
    }
}

/// What a server has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloorReport {
    /// Frames answered.
    pub frames: u64,
    /// Turns of the loop: the frames of one turn share their system call.
    pub turns: u64,
    /// Commits finished.
    pub commits: u64,
    /// Bytes written by them, padding included.
    pub bytes_written: u64,
}

/// A running server. Dropping it stops it too, and loses the report.
#[derive(Debug)]
pub struct FloorHandle {
    address: SocketAddr,
    probe: Option<BarrierProbe>,
    stop: OwnedFd,
    thread: Option<JoinHandle<io::Result<FloorReport>>>,
}

impl FloorHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the start-up probe found, if one was made.
    pub fn probe(&self) -> Option<BarrierProbe> {
        self.probe
    }

    /// Stops the server: what is in flight ends, connections close. The error is the one that ended
    /// the server earlier, if one did.
    pub fn stop(mut self) -> io::Result<FloorReport> {
        self.end()
    }

    fn end(&mut self) -> io::Result<FloorReport> {
        let Some(thread) = self.thread.take() else { return Ok(FloorReport::default()) };
        // SAFETY: the descriptor is an open eventfd; the call takes no memory of ours. It fails
        // only on a full counter, and then the server has been told already.
        unsafe { libc::eventfd_write(self.stop.as_raw_fd(), 1) };
        thread.join().map_err(|_| io::Error::other("the floor's server panicked"))?
    }
}

impl Drop for FloorHandle {
    fn drop(&mut self) {
        // Nobody asks for the outcome any more.
        let _ = self.end();
    }
}

/// Starts a server on its own thread and returns once it listens on a free port of 127.0.0.1.
pub fn serve(config: FloorConfig) -> io::Result<FloorHandle> {
    config.check()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let stop = event_descriptor()?;
    let stop_seen = stop.try_clone()?;
    let (ready, started) = sync_channel(1);
    let thread = std::thread::Builder::new().name("floor".into()).spawn(move || {
        // The ring belongs to the thread that makes it, so all of it is made here.
        let engine = pin_to(config.core).and_then(|()| Engine::new(&config, listener, stop_seen));
        let mut engine = match engine {
            Ok(engine) => engine,
            Err(error) => {
                let _ = ready.send(Err(error));
                return Ok(FloorReport::default());
            }
        };
        let _ = ready.send(Ok(engine.probe()));
        engine.run()
    })?;
    let probe = started.recv().map_err(|_| io::Error::other("the floor's server panicked"))??;
    Ok(FloorHandle { address, probe, stop, thread: Some(thread) })
}

/// An eventfd, which the server polls.
fn event_descriptor() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no memory.
    let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

#[cfg(test)]
mod tests;
