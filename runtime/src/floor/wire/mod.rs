//! Conversations: many connections of one thread, on which a script sends and takes whole frames.
//!
//! Where [`super::load`] repeats one request, a script decides at every turn what is sent on which
//! connection, and sees every answer. It is the part of a load generator that must not be late:
//! one pinned thread with its own ring, clock reads just before the kernel is entered and just
//! after it came back. Knows the length prefix of a frame; no API.

mod engine;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

use super::ring::Idle;

/// The most connections of one thread.
const CONNECTIONS_MAX: usize = 1 << 15;

/// Whom to talk to, and how.
#[derive(Clone, Debug)]
pub struct WireConfig {
    /// A connection to each, in this order, all opened before the first turn.
    pub addresses: Vec<SocketAddr>,
    /// The core to run on; `None` leaves the calling thread where it is.
    pub core: Option<usize>,
    /// How the thread waits.
    pub idle: Idle,
    /// Connections whose frames are handed to the kernel in one enter; their times are read just
    /// before it.
    pub sends_per_enter: usize,
    /// Bytes of a receive buffer, of which there are 256.
    pub receive_bytes: usize,
    /// The longest frame taken.
    pub frame_bytes_max: usize,
}

impl WireConfig {
    /// Connections to `addresses`, for short answers.
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self {
            addresses,
            core: None,
            idle: Idle::DEFAULT,
            sends_per_enter: 8,
            receive_bytes: 4096,
            frame_bytes_max: 1 << 30,
        }
    }

    fn check(&self) -> io::Result<()> {
        let good = (1..=CONNECTIONS_MAX).contains(&self.addresses.len())
            && self.sends_per_enter > 0
            && (1..=1 << 20).contains(&self.receive_bytes);
        if good { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "wire")) }
    }
}

/// What is said. Times are nanoseconds of the monotonic clock.
pub trait Script {
    /// Once a turn: queues what is due by now. Returns when it wants the next turn at the latest;
    /// `None` ends the conversations.
    fn on_turn(&mut self, now_ns: u64, outbox: &mut Outbox) -> Option<u64>;

    /// All that is queued for a connection is handed to the kernel now.
    fn on_sent(&mut self, connection: usize, now_ns: u64);

    /// A whole frame has come; `frame` is without its length prefix.
    fn on_frame(&mut self, connection: usize, frame: &[u8], now_ns: u64, outbox: &mut Outbox);

    /// A connection has ended; nothing comes from it any more and nothing can be queued for it.
    fn on_closed(&mut self, connection: usize, now_ns: u64, error: &io::Error);
}

/// Where a script puts what is to be sent.
#[derive(Debug)]
pub struct Outbox {
    queues: Vec<Queue>,
    /// Connections with something queued.
    dirty: Vec<u32>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    listed: bool,
    closed: bool,
}

impl Outbox {
    /// Nothing is queued for any of so many connections.
    pub fn new(connections: usize) -> Self {
        let queues = (0..connections).map(|_| Queue::default()).collect();
        Self { queues, dirty: Vec::new() }
    }

    /// Takes all that is queued, connection by connection: for a script that is tried without a
    /// network.
    pub fn take(&mut self) -> Vec<(usize, Vec<u8>)> {
        let queues = &mut self.queues;
        let taken = self.dirty.drain(..).map(|connection| {
            let queue = &mut queues[connection as usize];
            queue.listed = false;
            (connection as usize, std::mem::take(&mut queue.bytes))
        });
        taken.collect()
    }

    /// The bytes that leave next on a connection, to be added to; `None` if it has ended or does
    /// not exist.
    pub fn queue(&mut self, connection: usize) -> Option<&mut Vec<u8>> {
        let queue = self.queues.get_mut(connection).filter(|queue| !queue.closed)?;
        if !queue.listed {
            queue.listed = true;
            self.dirty.push(u32::try_from(connection).ok()?);
        }
        Some(&mut queue.bytes)
    }
}

/// Lets `script` talk on the calling thread, which it pins, until it ends. An error if a
/// connection cannot be made or the ring fails; a connection that ends later is the script's.
pub fn converse(config: &WireConfig, script: &mut dyn Script) -> io::Result<()> {
    config.check()?;
    if let Some(core) = config.core {
        super::pin::pin_to(core)?;
    }
    engine::Engine::new(config)?.run(script)
}
