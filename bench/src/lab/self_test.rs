//! `tidemill-bench self-test`: the generator held against a broker whose delays are known.
//!
//! A stub answers every request over loopback after a delay from a seed; the generator must report
//! these delays and the way there and back, which is measured first by answers without a delay.

use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use runtime::Instant;

use super::flags::WorkloadFlags;
use super::kafka::{KafkaTarget, stub};
use super::ledger::{Ledger, Observer, Row, Tag};
use super::profile::Pace;
use super::recorder::histogram;
use super::summary::{QUOTED, Summary};
use super::target::{Job, Target};
use super::workload::Workload;
use crate::cli::seconds;
use crate::error::{BenchError, io_error};
use crate::percentile::percentile_us;
use crate::random::Random;
use crate::report::{Cell, Table, show};

/// How far a percentile may be off: the larger of both.
const OFF_MAX_US: f64 = 20.0;
const OFF_MAX_PART: f64 = 0.02;

/// `self-test`
#[derive(Args, Clone, Debug)]
pub(crate) struct SelfTestArgs {
    /// Which delays, and which arrivals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Records a second, each a request of its own
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// Connections
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// Seconds of a run
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    duration: Duration,
    /// The core of the stub
    #[arg(long, value_name = "N", default_value_t = 0)]
    stub_core: usize,
    /// The core of the generator
    #[arg(long, value_name = "N", default_value_t = 1)]
    core: usize,
}

/// Delays of one kind: most are short, and one in fifty is long.
struct Kind {
    name: &'static str,
    short_us: (u32, u32),
    long_us: (u32, u32),
}

const NONE: Kind = Kind { name: "none", short_us: (0, 0), long_us: (0, 0) };
const KINDS: [Kind; 2] = [
    Kind { name: "a disk's", short_us: (150, 600), long_us: (2_000, 20_000) },
    Kind { name: "a network's", short_us: (2_000, 6_000), long_us: (20_000, 80_000) },
];
const LONG_ONE_IN: usize = 50;

impl Kind {
    /// The delays of a seed, one after the other, in nanoseconds.
    fn delays(&self, seed: u64) -> impl FnMut() -> u64 + Send + use<> {
        let (short_us, long_us) = (self.short_us, self.long_us);
        let mut random = Random::new(seed);
        move || {
            let (from, to) = if random.below(LONG_ONE_IN) == 0 { long_us } else { short_us };
            let nanos = random.below(((to - from) as usize * 1000).max(1)) as u64;
            u64::from(from) * 1000 + nanos
        }
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on_row(&mut self, _: &mut Row, _: bool) {}
}

/// `tidemill-bench self-test`
pub(crate) fn self_test(args: &SelfTestArgs) -> Result<(), BenchError> {
    let mut off = 0;
    let (_, way) = run(args, &NONE)?;
    let way = percentile_us(way.of_tag(Tag::Publish), 0.5);
    let way = way.ok_or(BenchError::Nothing("too few answers"))?;
    for kind in &KINDS {
        let (known, reported) = run(args, kind)?;
        let about = format!(
            "Delays such as {}, {} answers: publish latency, reported beside known delays and the \
             way of {way:.1} us.",
            kind.name,
            known.len()
        );
        let mut table = Table::new(about, &["us", "delay", "reported", "off", "off %", "within"]);
        for (name, quantile) in QUOTED {
            let known = percentile_us(&known, quantile);
            let reported = percentile_us(reported.of_tag(Tag::Publish), quantile);
            let Some((delay, reported)) = known.zip(reported) else { continue };
            let known = delay + way;
            let is_near = is_near(known, reported);
            off += usize::from(!is_near);
            table.row(vec![
                Cell::text(name),
                Cell::number(delay, 1),
                Cell::number(reported, 1),
                Cell::number(reported - known, 1),
                Cell::number((reported / known - 1.0) * 100.0, 2),
                Cell::text(if is_near { "yes" } else { "NO" }),
            ]);
        }
        show(&table.to_text())?;
    }
    if off > 0 { Err(BenchError::SelfTest(off)) } else { Ok(()) }
}

fn is_near(known_us: f64, reported_us: f64) -> bool {
    (reported_us - known_us).abs() <= OFF_MAX_US.max(known_us * OFF_MAX_PART)
}

/// Runs the load against the stub; returns the delays and what is told of them.
fn run(args: &SelfTestArgs, kind: &Kind) -> Result<(Histogram<u64>, Summary), BenchError> {
    let stub = stub(args.stub_core, kind.delays(args.seed))?;
    let address = stub.address();
    let workload = workload(args, address.to_string())?;
    let mut nobody = Nobody;
    let ledger = Ledger::new(&workload, Instant::now().nanos(), &mut nobody);
    let mut job = Job::new(&workload, ledger);
    KafkaTarget::new(address, None).run(&mut job)?;
    let account = job.ledger.close(Instant::now().nanos());
    let delays = stub.end().map_err(io_error("serve the load"))?;
    if account.counts.acked != account.counts.intended || delays.len() as u64 != account.all.sent {
        return Err(BenchError::Nothing("not every record was answered"));
    }
    let mut known = histogram()?;
    for nanos in delays {
        known.saturating_record(nanos);
    }
    Ok((known, Summary::of(&account)?))
}

fn workload(args: &SelfTestArgs, bootstrap: String) -> Result<Workload, BenchError> {
    let flags = WorkloadFlags {
        connections: Some(args.connections),
        inflight: Some(1),
        batch_records: Some(1),
        rate: Some(Pace::constant(args.rate)),
        seed: Some(args.seed),
        warmup: Some(0),
        duration: Some(args.duration.as_secs_f64()),
        cores: Some(vec![args.core]),
        ..WorkloadFlags::default()
    };
    flags.resolve(bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_so_by_the_larger_of_both_bounds() {
        assert!(is_near(100.0, 119.0) && is_near(100.0, 81.0) && !is_near(100.0, 121.0));
        assert!(is_near(10_000.0, 10_199.0) && !is_near(10_000.0, 9_799.0));
    }

    #[test]
    fn delays_come_from_their_seed() {
        let take = |seed| {
            let mut delay = KINDS[0].delays(seed);
            (0..1000).map(|_| delay()).collect::<Vec<_>>()
        };
        assert_eq!(take(3), take(3));
        assert_ne!(take(3), take(4));
        let long = take(3).into_iter().filter(|nanos| *nanos >= 2_000_000).count();
        assert!((5..50).contains(&long), "{long}");
    }

    /// Every record is answered over a socket and known; how near it is said to be is for a quiet
    /// machine, and not looked at here.
    #[test]
    fn the_stub_answers_every_record() {
        let args = SelfTestArgs {
            seed: 5,
            rate: 500.0,
            connections: 4,
            duration: Duration::from_secs(1),
            stub_core: 0,
            core: 0,
        };
        let (known, reported) = run(&args, &KINDS[1]).unwrap();
        let publish = reported.of_tag(Tag::Publish);
        assert_eq!(known.len(), publish.len());
        assert!(known.len() > 300 && publish.min() >= known.min());
        assert!(publish.max() >= known.max());
    }
}
