//! What was measured of a machine, as the simulation takes it.

use hdrhistogram::Histogram;

/// The longest time told apart: a minute.
const NANOS_MAX: u64 = 60_000_000_000;

/// An empty histogram of nanoseconds, three digits, up to a minute.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, NANOS_MAX, 3).expect("the bounds are sound")
}

/// How long commits of one length took.
#[derive(Clone, Debug)]
pub struct CommitTimes {
    /// Bytes of each, whole blocks.
    pub bytes: usize,
    /// From the write to its completion, or to that of its barrier; nanoseconds.
    pub times: Histogram<u64>,
}

/// A machine at a pace.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Bytes of a record with what goes around it on the way to the disk.
    pub record_bytes: usize,
    /// From when a request was due to its answer over loopback by a server that does nothing,
    /// at the rate that is asked about; nanoseconds.
    pub loopback: Histogram<u64>,
    /// What a broker's core spends on a request, nanoseconds.
    pub request_ns: f64,
    /// What a broker's core spends on a commit beside the disk, nanoseconds.
    pub commit_ns: f64,
    /// Commits with a barrier, shortest first.
    pub durable: Vec<CommitTimes>,
    /// Commits without one, shortest first.
    pub written: Vec<CommitTimes>,
}
