//! Runs that nobody made, with the noise of real ones: log-normal bodies, a tail of stalls, blocks
//! that drift. Everything comes from a seed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::run::{
    Costs, Counts, Durability, Floor, LatencyKind, LoopKind, Percentiles, PercentilesByTag, Run,
    System, Verdict, WarmUp, Window,
};
use super::timeline::{Row, to_csv};
use super::{ENVIRONMENT, LOG, RUN, STAGES, TIMELINE, log, write};
use crate::random::Random;

/// Numbers around others.
pub(crate) struct Dice(Random);

impl Dice {
    /// Those of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    fn normal(&mut self) -> f64 {
        let (radius, turn) = ((-2.0 * self.unit().ln()).sqrt(), self.unit());
        radius * (turn * core::f64::consts::TAU).cos()
    }

    /// A factor around 1 whose logarithm deviates by so much.
    pub(crate) fn factor(&mut self, deviation: f64) -> f64 {
        (self.normal() * deviation).exp()
    }
}

/// What a run is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// All latencies are this much longer.
    pub(crate) slowdown: f64,
    /// What the block does to them: the same for all of its runs.
    pub(crate) drift: f64,
    /// Seconds measured.
    pub(crate) seconds: u64,
    /// Records a second.
    pub(crate) rate: u64,
    /// The second in which the disk stands still.
    pub(crate) stall_at: Option<u64>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { slowdown: 1.0, drift: 1.0, seconds: 10, rate: 2_000, stall_at: None }
    }
}

/// A run with everything that its folder holds.
pub(crate) struct Synthetic {
    pub(crate) run: Run,
    intervals: Vec<(&'static str, u64, Histogram<u64>)>,
    rows: Vec<Row>,
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap()
}

/// What one run has and the next does not: its placement, its neighbours, its flushes.
struct Chance {
    shape: Shape,
    median_ns: f64,
    stalls: f64,
}

impl Chance {
    fn new(dice: &mut Dice, shape: Shape) -> Self {
        let median_ns = 380_000.0 * shape.drift * shape.slowdown * dice.factor(0.025);
        Self { shape, median_ns, stalls: 0.03 * dice.factor(0.15) }
    }

    /// The times of a record, in the order of the tags; `number` is its place in its second.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "all are positive")]
    fn record(&self, dice: &mut Dice, number: u64, stalled: bool) -> [u64; 5] {
        let tail = if dice.unit() < self.stalls { 4.0 * dice.factor(0.3) } else { 1.0 };
        let publish = self.median_ns * dice.factor(0.22) * tail;
        let left = 1e9 * (1.0 - number as f64 / self.shape.rate as f64);
        let publish = if stalled { publish + left * 0.4 } else { publish };
        let delay = 20_000.0 * dice.factor(0.5) + if stalled { left * 0.1 } else { 0.0 };
        let lateness = 6_000.0 * dice.factor(0.4);
        let read = publish + delay + 90_000.0 * dice.factor(0.2);
        [publish + delay, publish, delay, read, lateness].map(|nanos| nanos as u64)
    }
}

/// A run of which only `total` is known: enough to compare it with others.
pub(crate) fn total_only(dice: &mut Dice, shape: Shape) -> Run {
    let chance = Chance::new(dice, shape);
    let mut total = empty();
    for number in 0..shape.rate * shape.seconds {
        let [nanos, ..] = chance.record(dice, number % shape.rate, false);
        total.saturating_record(nanos);
    }
    run(dice, shape, &BTreeMap::from([("total", total)]))
}

impl Synthetic {
    pub(crate) fn new(dice: &mut Dice, shape: Shape) -> Self {
        let chance = Chance::new(dice, shape);
        let mut all = BTreeMap::new();
        let (mut intervals, mut rows) = (Vec::new(), Vec::new());
        for second in -2_i64..shape.seconds.cast_signed() {
            let mut of_second = BTreeMap::from(log::TAGS.map(|tag| (tag, empty())));
            let stalled = shape.stall_at.is_some_and(|at| at.cast_signed() == second);
            for number in 0..shape.rate {
                let times = chance.record(dice, number, stalled);
                for (tag, nanos) in log::TAGS.iter().zip(times) {
                    of_second.get_mut(tag).unwrap().saturating_record(nanos);
                }
            }
            rows.push(row(dice, second, &of_second["total"], stalled, shape.rate));
            if second >= 0 {
                for (tag, histogram) in of_second {
                    all.entry(tag).or_insert_with(empty).add(&histogram).unwrap();
                    intervals.push((tag, second.cast_unsigned(), histogram));
                }
            }
        }
        Self { run: run(dice, shape, &all), intervals, rows }
    }

    /// Writes the whole folder.
    pub(crate) fn write(&self, directory: &Path) {
        let file = |name: &str, content: &[u8]| write(&directory.join(name), content).unwrap();
        let start = Duration::from_millis(self.run.started_unix_ms);
        let start = start + Duration::from_nanos(self.run.window.start_ns);
        let log = log::write(start, self.intervals.iter().cloned().map(Ok)).unwrap();
        file(RUN, &serde_json::to_vec_pretty(&self.run).unwrap());
        file(ENVIRONMENT, &serde_json::to_vec_pretty(&environment()).unwrap());
        file(STAGES, &serde_json::to_vec_pretty(&stages()).unwrap());
        file(LOG, &log);
        file(TIMELINE, to_csv(&self.rows).as_bytes());
    }
}

fn row(dice: &mut Dice, second: i64, total: &Histogram<u64>, stalled: bool, rate: u64) -> Row {
    let percentiles = Percentiles::of(total);
    let behind = if stalled { rate / 3 } else { 0 };
    Row {
        second,
        intended: rate,
        sent: rate,
        acked: rate - behind,
        backlog: behind + rate / 2_000,
        bytes_acked: (rate - behind) * 1_000,
        p50_us: percentiles.p50,
        p99_us: percentiles.p99,
        max_us: percentiles.max,
        steal_pct: Some(if stalled { 38.0 } else { 0.4 * dice.factor(0.7) }),
        device_flushes: Some(
            (1_900.0 * dice.factor(0.03) * if stalled { 0.3 } else { 1.0 }).round(),
        ),
        device_write_bytes: Some((rate as f64 * 1_250.0).round()),
        broker_cpu_ms: Some((310.0 * dice.factor(0.05)).round()),
        ..Row::default()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a count")]
fn run(dice: &mut Dice, shape: Shape, all: &BTreeMap<&str, Histogram<u64>>) -> Run {
    let records = shape.seconds * shape.rate;
    let of = |tag| all.get(tag).map(Percentiles::of);
    Run {
        format: 1,
        tool: "tidemill-bench 0.1.0".to_owned(),
        started_unix_ms: 1_795_000_000_000,
        block: None,
        label: None,
        workload: workload(shape),
        loop_kind: LoopKind::Open,
        latency_kind: LatencyKind::FromDue,
        durability: Durability::Disk,
        system: System { name: "tidemill".to_owned(), version: "0.1.0".to_owned() },
        warm_up: WarmUp { p50_stable: true, journal_lapped: Some(true) },
        window: Window { start_ns: 2_000_000_000, end_ns: (2 + shape.seconds) * 1_000_000_000 },
        counts: Counts {
            intended: records,
            sent: records,
            acked: (records as f64 * (1.0 - 0.001 * dice.unit())).round() as u64,
            ..Counts::default()
        },
        bytes_acked: records * 1_000,
        percentiles_us: PercentilesByTag {
            publish: of("publish"),
            delay: of("delay"),
            total: of("total"),
            end_to_end: of("end_to_end"),
            lateness: of("lateness"),
        },
        floor: Some(Floor {
            rate: 41_000.0 / shape.drift * dice.factor(0.02),
            p50_us: 210.0 * shape.drift * dice.factor(0.02),
            p99_us: 530.0 * shape.drift * dice.factor(0.1),
        }),
        costs: Costs {
            device_flushes: Some(1_900 * shape.seconds),
            device_write_bytes: Some(1_250 * records),
            broker_cpu_s: Some(0.31 * shape.seconds as f64),
            context_switches: Some(7_000 * shape.seconds),
            run_delay_s: Some(0.02 * shape.seconds as f64),
            steal_pct: Some(0.6),
            psi_io_some_pct: None,
        },
        verdict: Verdict { valid: true, reasons: Vec::new() },
    }
}

fn workload(shape: Shape) -> Map<String, Value> {
    let workload = json!({
        "name": "1-topic-1-partition-1kb", "bootstrap": "127.0.0.1:9092", "client": "own",
        "topic": "bench", "partitions": 1, "connections": 16, "inflight": 1,
        "record_size": 1000, "batch_records": 1, "linger_us": 0, "rate": shape.rate,
        "arrivals": "poisson", "seed": 7, "acks": "all", "warmup_s": 2,
        "duration_s": shape.seconds, "consumers": 1, "cores": [1],
    });
    let Value::Object(workload) = workload else { unreachable!("it is one") };
    workload
}

fn environment() -> Value {
    json!({
        "machine": {
            "kernel": "6.12.8", "cpu": "Intel(R) Xeon(R) Processor @ 2.10GHz, 2 cores",
            "mitigations": "spectre_v2: Mitigation: Enhanced / Automatic IBRS; mds: not affected",
            "disk": "/dev/vda (ext4), write cache write through, scheduler [none], blocks 512/4096",
            "sysctls": { "vm.swappiness": "60", "net.core.somaxconn": 4096 },
        },
        "configuration": { "flush.messages": "1", "num.partitions": "1" },
        "durability": "disk",
    })
}

fn stages() -> Value {
    let stage = |name: &str, p50: f64| {
        json!({ "name": name, "count": 19_990, "p50_us": p50, "p99_us": p50 * 3.2,
            "p99.9_us": p50 * 6.1, "max_us": p50 * 19.0 })
    };
    let slow = (1..9_u32).map(|number| {
        json!({ "received_ms": 1_795_000_004_000_u64 + u64::from(number) * 311, "shard": 0,
            "api": "Produce", "client_id": "tidemill-bench", "topic": "bench", "records": 1,
            "bytes": 1_121, "total_ns": 9_000_000 / number,
            "stages_ns": { "queue": 400_000 / number, "append": 30_000 / number,
                "flush": 8_500_000 / number, "reply": 70_000 / number } })
    });
    json!({
        "stages": [stage("queue", 31.0), stage("append", 4.5), stage("flush", 290.0),
            stage("reply", 12.0)],
        "slow": slow.collect::<Vec<_>>(),
    })
}
