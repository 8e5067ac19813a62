//! `tidemill-bench self-test`: the generator held against a broker whose delays are known.
//!
//! A stub answers every request over loopback after a delay from a seed; the generator must report
//! these delays and the way there and back, which is measured first by answers without a delay.
//! Ways differ, and delays spread much wider than they do: a percentile of the sums is no sum of
//! percentiles, so each delay gets one of the measured ways, by chance.

use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use runtime::Instant;

use super::flags::WorkloadFlags;
use super::kafka::{KafkaTarget, stub};
use super::ledger::{Ledger, Nobody, Tag};
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

/// `tidemill-bench self-test`
pub(crate) fn self_test(args: &SelfTestArgs) -> Result<(), BenchError> {
    let mut off = 0;
    let (_, ways) = run(args, &NONE)?;
    let ways = ways.of_tag(Tag::Publish);
    for kind in &KINDS {
        let (delays, reported) = run(args, kind)?;
        let expected = on_their_way(&delays, ways, args.seed)?;
        let about = format!(
            "Delays such as {}, {} answers: publish latency, reported beside what is expected of \
             known delays and a way of {:.1} us in the median, {:.1} in the mean.",
            kind.name,
            delays.len(),
            ways.value_at_quantile(0.5) as f64 / 1e3,
            ways.mean() / 1e3
        );
        let mut table =
            Table::new(about, &["us", "expected", "reported", "off", "off %", "within"]);
        for (name, quantile) in QUOTED {
            let known = percentile_us(&expected, quantile);
            let reported = percentile_us(reported.of_tag(Tag::Publish), quantile);
            let Some((known, reported)) = known.zip(reported) else { continue };
            let is_near = is_near(known, reported);
            off += usize::from(!is_near);
            table.row(vec![
                Cell::text(name),
                Cell::number(known, 1),
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

/// What is expected of delays: each with one of the measured ways.
fn on_their_way(
    delays: &[u64],
    ways: &Histogram<u64>,
    seed: u64,
) -> Result<Histogram<u64>, BenchError> {
    let known = ways.iter_recorded().flat_map(|way| {
        let times = usize::try_from(way.count_at_value()).unwrap_or(usize::MAX);
        std::iter::repeat_n(way.value_iterated_to(), times)
    });
    let known: Vec<u64> = known.collect();
    if known.is_empty() {
        return Err(BenchError::Nothing("no answers"));
    }
    let (mut random, mut expected) = (Random::new(seed), histogram()?);
    for delay in delays {
        expected.saturating_record(delay + known[random.below(known.len())]);
    }
    Ok(expected)
}

/// Runs the load against the stub; returns the delays and what is told of them.
fn run(args: &SelfTestArgs, kind: &Kind) -> Result<(Vec<u64>, Summary), BenchError> {
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
    Ok((delays, Summary::of(&account)?))
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

    #[test]
    fn every_delay_gets_one_of_the_ways() {
        let mut ways = histogram().unwrap();
        ways.saturating_record_n(10_000, 3);
        ways.saturating_record(50_000);
        let expected = on_their_way(&[1_000_000; 400], &ways, 1).unwrap();
        assert_eq!(expected.len(), 400);
        let short = expected.count_between(1_009_000, 1_011_000);
        assert!((250..350).contains(&short), "{short}");
        assert_eq!(expected.count_between(1_049_000, 1_051_000), 400 - short);
        assert!(on_their_way(&[1], &histogram().unwrap(), 1).is_err());
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
        let (delays, reported) = run(&args, &KINDS[1]).unwrap();
        let publish = reported.of_tag(Tag::Publish);
        assert_eq!(delays.len() as u64, publish.len());
        let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(delays.len() > 300 && publish.max() >= *most);
        assert!(publish.highest_equivalent(publish.min()) >= *least);
    }
}
