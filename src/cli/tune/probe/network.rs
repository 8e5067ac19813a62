//! The way between a client and a broker on one machine, and the ring that both wait in.

use std::io;
use std::time::Duration;

use hdrhistogram::Histogram;
use runtime::floor::{
    Arrivals, Drive, FloorConfig, LoadConfig, LoadEnd, Outcome, Tally, Verdict, Work, load, nops,
    serve,
};
use tuning::probe::{Random, histogram};

use super::SEED;
use crate::cli::tune::place::{Cores, LoadArgs};

/// Bytes of a Produce request beside the record's value: header, topic, batch.
const REQUEST_BYTES: usize = 130;

/// A load that is more seldom is measured at this rate, or there would be too few requests to tell.
const RATE_MIN: f64 = 200.0;

/// What came of it.
pub(super) struct Loopback {
    /// From when a request was due to its answer, nanoseconds.
    pub(super) times: Histogram<u64>,
    /// What a request costs a core at the most that it answers, nanoseconds.
    pub(super) request_ns: f64,
}

/// How long the kernel takes to do nothing, asked through a ring; nanoseconds.
pub(super) fn ring(core: usize, duration: Duration) -> io::Result<Histogram<u64>> {
    let mut times = histogram();
    nops(core, duration, &mut |taken| times.saturating_record(taken.max(1)))?;
    Ok(times)
}

/// Sends requests at random to a server that answers at once, at the rate that is asked about,
/// then as fast as they are answered.
pub(super) fn loopback(
    cores: &Cores,
    wanted: &LoadArgs,
    duration: Duration,
) -> io::Result<Loopback> {
    // The server may have no more descriptors than the process. Connections of the first load may
    // still be there when those of the second come.
    runtime::raise_open_files_limit()?;
    let mut config = FloorConfig::new(Work::Echo, cores.server);
    config.connections_max = 2 * wanted.connections;
    let server = serve(config)?;
    let connections = wanted.connections as usize;
    let mut request = vec![0xA5; REQUEST_BYTES + wanted.record_size as usize];
    let body = u32::try_from(request.len() - 4).map_err(io::Error::other)?;
    if let Some(prefix) = request.first_chunk_mut() {
        *prefix = body.to_be_bytes();
    }
    let mut config = LoadConfig::new(server.address(), connections, request);
    config.core = Some(cores.load);
    config.end = LoadEnd::After(duration);
    let mut paced = Answered(histogram());
    let mut arrivals = Poisson::new(wanted.rate.max(RATE_MIN), connections);
    load(&config, Drive::Open { arrivals: &mut arrivals, records: 1 }, &mut paced)?;
    config.end = LoadEnd::After(duration / 4);
    let mut busy = Answered(histogram());
    let report = load(&config, Drive::Closed, &mut busy)?;
    server.stop()?;
    let request_ns = report.elapsed_ns as f64 / (report.answers.max(1)) as f64;
    Ok(Loopback { times: paced.0, request_ns })
}

/// The times of what was answered; what was not enters with its age.
struct Answered(Histogram<u64>);

impl Tally for Answered {
    fn on_outcome(&mut self, outcome: Outcome<'_>) {
        if outcome.verdict == Verdict::Refused {
            return;
        }
        for due_ns in outcome.due_ns {
            self.0.saturating_record(outcome.now_ns.saturating_sub(*due_ns).max(1));
        }
    }
}

/// Arrivals at random times on each connection, which add up to such.
struct Poisson {
    mean_ns: f64,
    /// Of each connection, its generator and when its next record is due.
    connections: Vec<(Random, f64)>,
}

impl Poisson {
    fn new(rate: f64, connections: usize) -> Self {
        let mean_ns = connections as f64 * 1e9 / rate;
        let mut plan = Self { mean_ns, connections: Vec::with_capacity(connections) };
        for index in 0..connections {
            let mut random = Random::new(SEED, index as u64);
            let first = random.exponential() * mean_ns;
            plan.connections.push((random, first));
        }
        plan
    }
}

impl Arrivals for Poisson {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are positive"
    )]
    fn next_ns(&mut self, connection: usize) -> u64 {
        let Some((random, next)) = self.connections.get_mut(connection) else { return u64::MAX };
        let due = *next;
        *next += random.exponential() * self.mean_ns;
        due as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_their_rate() {
        let mut plan = Poisson::new(1000.0, 4);
        let last: Vec<u64> = (0..4)
            .map(|connection| (0..2500).map(|_| plan.next_ns(connection)).max().unwrap())
            .collect();
        // 10,000 arrivals at 1,000 a second take ten seconds.
        for end in last {
            assert!((9_000_000_000..11_000_000_000).contains(&end), "{end}");
        }
    }
}
