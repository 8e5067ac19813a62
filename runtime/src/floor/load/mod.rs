//! A closed-loop load: so many connections, so many requests in flight on each, the next request
//! when an answer comes.
//!
//! One pinned thread with its own ring, so that a floor and a broker are asked by the same program
//! in the same way. A closed loop shows throughput, and latency at that throughput; it does not
//! show what a client suffers that sends at its own pace (coordinated omission). It knows the
//! framing, the correlation id, and which answer bytes must be zero; no API.

mod client;
mod engine;

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use super::ring::Idle;

/// When a load ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadEnd {
    /// After so long, not counting the warm-up.
    After(Duration),
    /// After so many answers, not counting the warm-up.
    Answers(u64),
}

/// What to ask, how often and for how long.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// Whom to ask.
    pub address: SocketAddr,
    /// Connections, all opened before the first request.
    pub connections: usize,
    /// Requests in flight on each.
    pub in_flight: usize,
    /// One whole request, length prefix included; bytes 8..12 are replaced by the correlation id.
    pub request: Vec<u8>,
    /// Bytes of each answer that must be zero, counted from its length prefix: an error code.
    pub zero: Option<Range<usize>>,
    /// Time before anything is counted.
    pub warm_up: Duration,
    /// When to end.
    pub end: LoadEnd,
    /// The core to run on; `None` leaves the calling thread where it is.
    pub core: Option<usize>,
    /// How the thread waits.
    pub idle: Idle,
    /// Requests handed to the kernel in one enter; their times start just before it.
    pub sends_per_enter: usize,
}

impl LoadConfig {
    /// A load of one second with one request in flight on each of `connections`.
    pub fn new(address: SocketAddr, connections: usize, request: Vec<u8>) -> LoadConfig {
        LoadConfig {
            address,
            connections,
            in_flight: 1,
            request,
            zero: None,
            warm_up: Duration::from_millis(200),
            end: LoadEnd::After(Duration::from_secs(1)),
            core: None,
            idle: Idle::DEFAULT,
            sends_per_enter: 8,
        }
    }

    fn check(&self) -> io::Result<()> {
        let good = self.connections > 0
            && self.connections <= 1 << 15
            && self.in_flight > 0
            && self.sends_per_enter > 0
            && self.request.len() >= super::frame::SHORTEST
            && self.request.len().checked_mul(self.in_flight).is_some_and(|all| all <= 1 << 30);
        if good {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "load configuration"))
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// Answers counted.
    pub answers: u64,
    /// Of them, answers with a byte that should have been zero.
    pub refused: u64,
    /// The first such answer, as far as it was looked at: its length prefix and what follows.
    pub first_refused: Option<Vec<u8>>,
    /// Bytes of answers counted.
    pub answer_bytes: u64,
    /// From the end of the warm-up to the last answer counted, nanoseconds.
    pub elapsed_ns: u64,
    /// Time from each request to its answer, in the order the answers came; nanoseconds, at most
    /// `u32::MAX` (4.3 s).
    pub latency_ns: Vec<u32>,
    /// Turns of the loop: the answers of one turn share one clock read.
    pub turns: u64,
}

/// Runs the load on the calling thread, which it pins. An error if a connection cannot be made, is
/// closed by the other side, or answers out of order.
pub fn load(config: &LoadConfig) -> io::Result<LoadReport> {
    config.check()?;
    if let Some(core) = config.core {
        super::pin::pin_to(core)?;
    }
    engine::Engine::new(config)?.run()
}
