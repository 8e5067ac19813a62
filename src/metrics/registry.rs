//! Everything that all shards have said so far, on the control thread.
//!
//! Counters are the shards' own and taken as they come. Latencies come in pieces and are added up
//! in 64 bits, per bucket of the page, and to three digits for whoever subtracts one moment from
//! another. Quantiles are of the recent past, the current window and the one before it, since a
//! quantile over the whole life of a process says nothing of today; the owner turns the window
//! every 10 s ([`Registry::turn`], [`WINDOW`]).

use std::ops::Range;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::counter::Counter;
use super::gauge::Gauge;
use super::latency::{self, Latencies};
use super::process::Process;
use super::prometheus::{Kind, Label, Page};
use super::row::Family;
use super::snapshot::{Numbers, Snapshot};
use super::stage::{STAGES, Stage};

/// The bounds of the buckets, in nanoseconds: 50 us to 10 s.
const BOUNDS: [u64; 17] = {
    const MICRO: u64 = 1_000;
    const MILLI: u64 = 1_000 * MICRO;
    const SECOND: u64 = 1_000 * MILLI;
    [
        50 * MICRO,
        100 * MICRO,
        250 * MICRO,
        500 * MICRO,
        MILLI,
        2_500 * MICRO,
        5 * MILLI,
        10 * MILLI,
        25 * MILLI,
        50 * MILLI,
        100 * MILLI,
        250 * MILLI,
        500 * MILLI,
        SECOND,
        2_500 * MILLI,
        5 * SECOND,
        10 * SECOND,
    ]
};

/// How often a registry's owner turns the window.
pub const WINDOW: Duration = Duration::from_secs(10);
const _: () = assert!(WINDOW.as_secs() == 10, "the page says so");

/// The quantiles of the page, and how they are written.
const QUANTILES: [(f64, &str); 3] = [(0.5, "0.5"), (0.99, "0.99"), (0.999, "0.999")];

/// One stage of one shard since the start.
#[derive(Clone, Debug)]
struct Totals {
    /// How many lie within each bound and above the one before.
    buckets: [u64; BOUNDS.len()],
    /// How many there are, those above every bound included.
    count: u64,
    sum_nanos: u64,
    /// All of them to three digits.
    exact: Histogram<u64>,
}

impl Default for Totals {
    fn default() -> Self {
        Self { buckets: [0; BOUNDS.len()], count: 0, sum_nanos: 0, exact: latency::empty() }
    }
}

impl Totals {
    fn add(&mut self, latencies: &Latencies, stage: Stage) {
        let counts = latencies.of(stage);
        for step in counts.iter_recorded() {
            // The smallest that is not told apart from what was recorded, or 50 us would not lie
            // within 50 us.
            let nanos = counts.lowest_equivalent(step.value_iterated_to());
            let bucket = BOUNDS.partition_point(|bound| *bound < nanos);
            let count = u64::from(step.count_at_value());
            if let Some(bucket) = self.buckets.get_mut(bucket) {
                *bucket += count;
            }
            self.count += count;
            self.exact.saturating_record_n(nanos, count);
        }
        self.sum_nanos = self.sum_nanos.saturating_add(latencies.sum(stage));
    }

    /// The bounds, and how many lie within each, the smaller ones included.
    fn cumulated(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut within = 0;
        BOUNDS.iter().zip(&self.buckets).map(move |(bound, count)| {
            within += count;
            (*bound, within)
        })
    }
}

/// One shard.
#[derive(Clone, Debug, Default)]
struct Shard {
    /// Its last word.
    latest: Numbers,
    totals: [Totals; STAGES],
    /// Latencies of the current window.
    current: Latencies,
    /// Latencies of the window before.
    previous: Latencies,
    /// Whether it answered when it was last asked.
    is_up: bool,
}

/// The metrics of all shards.
#[derive(Clone, Debug)]
pub struct Registry {
    shards: Vec<Shard>,
    names: Vec<String>,
}

impl Registry {
    /// Of so many shards, of which nothing is known yet.
    pub fn new(shards: usize) -> Self {
        Self {
            shards: vec![Shard::default(); shards],
            names: (0..shards).map(|shard| shard.to_string()).collect(),
        }
    }

    /// Takes what a shard says, and returns it emptied, as the spare for the next time.
    pub fn absorb(&mut self, shard: usize, mut snapshot: Box<Snapshot>) -> Box<Snapshot> {
        let shard = &mut self.shards[shard];
        for (totals, stage) in shard.totals.iter_mut().zip(Stage::ALL) {
            totals.add(&snapshot.latencies, stage);
        }
        shard.current.add(&snapshot.latencies);
        shard.latest.clone_from(&snapshot.numbers);
        shard.is_up = true;
        snapshot.latencies.clear();
        snapshot
    }

    /// Notes that a shard did not answer; its last word stays on the page.
    pub fn silent(&mut self, shard: usize) {
        self.shards[shard].is_up = false;
    }

    /// Begins a new window, and forgets the one before the last.
    pub fn turn(&mut self) {
        for shard in &mut self.shards {
            std::mem::swap(&mut shard.previous, &mut shard.current);
            shard.current.clear();
        }
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Whether a shard answered when it was last asked.
    pub fn is_up(&self, shard: usize) -> bool {
        self.shards[shard].is_up
    }

    /// The latencies of a stage since the start, of some shards together, in nanoseconds.
    pub fn since_start(&self, stage: Stage, shards: Range<usize>) -> Histogram<u64> {
        let mut all = latency::empty();
        for shard in &self.shards[shards] {
            let exact = &shard.totals[stage.index()].exact;
            all.add(exact).expect("all histograms have the same bounds");
        }
        all
    }

    /// The page for Prometheus.
    pub fn render(&self, process: Option<Process>) -> String {
        let mut page = Page::default();
        render_process(&mut page, process);
        self.each(&mut page, UP, Kind::Gauge, |shard| u64::from(shard.is_up));
        self.rows(&mut page, Counter::ALL, Kind::Counter, Counter::family, Numbers::counter);
        self.rows(&mut page, Gauge::ALL, Kind::Gauge, Gauge::family, Numbers::gauge);
        self.requests(&mut page);
        self.errors(&mut page);
        self.histograms(&mut page);
        self.quantiles(&mut page);
        page.finish()
    }

    fn named(&self) -> impl Iterator<Item = (&str, &Shard)> {
        self.names.iter().map(String::as_str).zip(&self.shards)
    }

    fn each(&self, page: &mut Page, family: Family, kind: Kind, value: impl Fn(&Shard) -> u64) {
        page.family(family.name, kind, family.help);
        for (name, shard) in self.named() {
            page.sample(&[("shard", name)], value(shard));
        }
    }

    /// All counters, or all gauges; those of one family together.
    fn rows<R: Copy + 'static>(
        &self,
        page: &mut Page,
        rows: &[R],
        kind: Kind,
        family: impl Fn(R) -> Family,
        value: impl Fn(&Numbers, R) -> u64,
    ) {
        for together in rows.chunk_by(|row, next| family(*row).name == family(*next).name) {
            let Some(first) = together.first() else { continue };
            page.family(family(*first).name, kind, family(*first).help);
            for (name, shard) in self.named() {
                for row in together {
                    let own = family(*row).label;
                    let labels: Vec<Label<'_>> = [("shard", name)].into_iter().chain(own).collect();
                    page.sample(&labels, value(&shard.latest, *row));
                }
            }
        }
    }

    fn requests(&self, page: &mut Page) {
        page.family("tidemill_requests_total", Kind::Counter, "Requests taken, by API.");
        for (name, shard) in self.named() {
            for spec in net::kafka::api_key::APIS {
                let api = format!("{:?}", spec.key);
                page.sample(&[("shard", name), ("api", &api)], shard.latest.requests(spec.key));
            }
        }
    }

    fn errors(&self, page: &mut Page) {
        let help = "Errors in answers, by API and Kafka's error code.";
        page.family("tidemill_errors_total", Kind::Counter, help);
        for (name, shard) in self.named() {
            for error in shard.latest.errors() {
                let (api, code) = (format!("{:?}", error.api), error.code.to_string());
                page.sample(&[("shard", name), ("api", &api), ("error", &code)], error.count);
            }
        }
    }

    fn histograms(&self, page: &mut Page) {
        let help = "How long a stage of a request took.";
        page.family("tidemill_stage_seconds", Kind::Histogram, help);
        for (name, shard) in self.named() {
            for (totals, stage) in shard.totals.iter().zip(Stage::ALL) {
                let labels = [("shard", name), ("stage", stage.name())];
                page.histogram(&labels, totals.cumulated(), totals.sum_nanos, totals.count);
            }
        }
    }

    fn quantiles(&self, page: &mut Page) {
        let recent = self.shards.iter().map(|shard| {
            let mut recent = shard.previous.clone();
            recent.add(&shard.current);
            recent
        });
        let recent: Vec<Latencies> = recent.collect();
        let help = "How long a stage of a request took lately (10 to 20 s), by quantile.";
        page.family("tidemill_stage_recent_seconds", Kind::Gauge, help);
        let recent_of = || self.names.iter().map(String::as_str).zip(&recent);
        for (name, latencies) in recent_of() {
            for stage in Stage::ALL {
                let counts = latencies.of(stage);
                for (quantile, text) in QUANTILES {
                    let nanos = counts.value_at_quantile(quantile);
                    let nanos = (!counts.is_empty()).then_some(nanos);
                    let labels = [("shard", name), ("stage", stage.name()), ("quantile", text)];
                    page.seconds(&labels, nanos);
                }
            }
        }
        let help = "The longest that a stage of a request took lately (10 to 20 s).";
        page.family("tidemill_stage_recent_max_seconds", Kind::Gauge, help);
        for (name, latencies) in recent_of() {
            for stage in Stage::ALL {
                let counts = latencies.of(stage);
                let nanos = (!counts.is_empty()).then(|| counts.max());
                page.seconds(&[("shard", name), ("stage", stage.name())], nanos);
            }
        }
    }
}

const UP: Family = Family {
    name: "tidemill_shard_up",
    help: "Whether the shard answered when it was asked for these metrics.",
    label: None,
};

fn render_process(page: &mut Page, process: Option<Process>) {
    page.family("tidemill_build_info", Kind::Gauge, "Which version this is.");
    page.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    let Some(process) = process else { return };
    page.family("process_resident_memory_bytes", Kind::Gauge, "Memory in use.");
    page.sample(&[], process.resident_bytes);
    page.family("process_cpu_seconds_total", Kind::Counter, "Time on a CPU, of all threads.");
    page.seconds(&[], Some(process.cpu_ms.saturating_mul(1_000_000)));
    page.family("process_open_fds", Kind::Gauge, "Open descriptors.");
    page.sample(&[], process.open_files);
    page.family("process_threads", Kind::Gauge, "Threads.");
    page.sample(&[], process.threads);
    page.family("process_start_time_seconds", Kind::Gauge, "When the process started.");
    page.seconds(&[], Some(process.start_ms.saturating_mul(1_000_000)));
}

#[cfg(test)]
mod tests;
