//! A load: so many connections, so many requests in flight on each, in a closed or an open loop.
//!
//! One pinned thread with its own ring, so that a floor and a broker are asked by the same program
//! in the same way. A closed loop makes the next request when an answer comes: it shows throughput,
//! and latency at that throughput, but not what a client suffers that sends at its own pace
//! (coordinated omission). An open loop has a plan: every record is due at a time of its own, its
//! latency counts from then, and what is late or never answered counts with its age. Knows the
//! framing, the correlation id, and which answer bytes must be zero; no API.

mod agenda;
mod client;
mod engine;
#[cfg(test)]
mod tests;

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
    /// After so many answers, not counting the warm-up; in a closed loop only.
    Answers(u64),
}

/// When requests are made.
pub enum Drive<'a> {
    /// As soon as fewer than `in_flight` are unanswered.
    Closed,
    /// By a plan.
    Open {
        /// When records are due.
        arrivals: &'a mut dyn Arrivals,
        /// Records in a request, which is due with its last one.
        records: usize,
    },
}

/// The plan of an open loop.
pub trait Arrivals {
    /// When the next record of a connection is due, in nanoseconds from the start of the load; no
    /// earlier than the connection's one before.
    fn next_ns(&mut self, connection: usize) -> u64;
}

/// Four bytes that differ from request to request: big-endian numbers from 0, taken in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Where in the request they lie, counted from its length prefix.
    pub at: usize,
    /// How many numbers there are.
    pub count: u32,
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
    /// What else is replaced.
    pub rotation: Option<Rotation>,
    /// Bytes of each answer that must be zero, counted from its length prefix: an error code.
    pub zero: Option<Range<usize>>,
    /// Time before anything is counted.
    pub warm_up: Duration,
    /// When to end.
    pub end: LoadEnd,
    /// How long to wait for the last answers after the end; what comes later is unanswered.
    pub drain: Duration,
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
            rotation: None,
            zero: None,
            warm_up: Duration::from_millis(200),
            end: LoadEnd::After(Duration::from_secs(1)),
            drain: Duration::from_secs(10),
            core: None,
            idle: Idle::DEFAULT,
            sends_per_enter: 8,
        }
    }

    fn check(&self, drive: &Drive<'_>) -> io::Result<()> {
        let rotates = self.rotation.is_none_or(|rotation| {
            let end = rotation.at.checked_add(4);
            rotation.count > 0
                && rotation.at >= 12
                && end.is_some_and(|at| at <= self.request.len())
        });
        let drives = match drive {
            Drive::Closed => true,
            Drive::Open { records, .. } => {
                let times = records.checked_mul(self.in_flight);
                matches!(self.end, LoadEnd::After(_))
                    && times.is_some_and(|times| (1..=1 << 24).contains(&times))
            }
        };
        let good = self.connections > 0
            && self.connections <= 1 << 15
            && self.in_flight > 0
            && self.sends_per_enter > 0
            && self.request.len() >= super::frame::SHORTEST
            && self.request.len().checked_mul(self.in_flight).is_some_and(|all| all <= 1 << 30);
        if good && rotates && drives {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "load configuration"))
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was answered, and what should be zero is.
    Answered,
    /// It was answered, and a byte that should be zero is not.
    Refused,
    /// The drain ended before an answer came, or before it could be sent.
    Unanswered,
}

/// The end of one request that counts.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// How it ended.
    pub verdict: Verdict,
    /// When each of its records was due, as far as they count: in an open loop, those due in the
    /// measured time; in a closed loop, one time, that of the sending.
    pub due_ns: &'a [u64],
    /// When it was handed to the kernel; none if it never was.
    pub sent_ns: Option<u64>,
    /// When its answer had come, or was no longer waited for.
    pub now_ns: u64,
}

/// Who is told how every request ended.
pub trait Tally {
    /// Takes one.
    fn on_outcome(&mut self, outcome: Outcome<'_>);
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// Requests made, the warm-up's included.
    pub made: u64,
    /// Answers that came to them.
    pub received: u64,
    /// Answers counted.
    pub answers: u64,
    /// Of them, answers with a byte that should have been zero.
    pub refused: u64,
    /// The first such answer, as far as it was looked at: its length prefix and what follows.
    pub first_refused: Option<Vec<u8>>,
    /// Requests counted that were never answered.
    pub unanswered: u64,
    /// Bytes of answers counted.
    pub answer_bytes: u64,
    /// From the end of the warm-up to the last answer counted, and in an open loop at least to the
    /// end of the plan: what is answered late lowers the rate. Nanoseconds.
    pub elapsed_ns: u64,
    /// Turns of the loop: the answers of one turn share one clock read.
    pub turns: u64,
}

/// Runs the load on the calling thread, which it pins. An error if a connection cannot be made, is
/// closed by the other side, or answers out of order.
pub fn load(
    config: &LoadConfig,
    drive: Drive<'_>,
    tally: &mut dyn Tally,
) -> io::Result<LoadReport> {
    config.check(&drive)?;
    if let Some(core) = config.core {
        super::pin::pin_to(core)?;
    }
    engine::Engine::new(config, &drive, tally)?.run(drive)
}
