//! A run's folder: everything about it in files, of which reports and comparisons are made.
//!
//! ```text
//! run.json          what was asked for, what came of it, the verdict
//! environment.json  the machine and the target's configuration
//! latency.hlog      HdrHistogram log, V2: an interval a second of each tag, nanoseconds
//! TAG.hgrm          the percentile distribution of each tag, microseconds
//! timeline.csv      a row a second, warm-up at negative seconds
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag as LogTag};
use serde_json::{Map, Value, json};

use super::costs::{Costs, Sample};
use super::ledger::{Account, Tag};
use super::recorder::histogram;
use super::summary::{Summary, first_row, percentile};
use super::verdict::Reason;
use super::workload::Workload;
use crate::error::BenchError;
use crate::report::write;

/// Lines of a distribution for each halving of what is left.
const TICKS: u32 = 5;

/// The floor measured before a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloorFigures {
    /// Answers a second.
    pub(crate) rate: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Everything about a run.
pub(crate) struct RunRecord<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) started_unix_ms: i64,
    /// Its number in a series.
    pub(crate) block: Option<u32>,
    pub(crate) label: Option<&'a str>,
    /// The target's name and version.
    pub(crate) system: (String, String),
    pub(crate) durability: &'a str,
    pub(crate) account: &'a Account,
    pub(crate) summary: &'a Summary,
    /// Acknowledged records of the window that can be read.
    pub(crate) readable: Option<u64>,
    pub(crate) floor: Option<FloorFigures>,
    pub(crate) costs: &'a Costs,
    /// A sample of the machine at the end of each row.
    pub(crate) samples: &'a [Sample],
    pub(crate) reasons: &'a [Reason],
    /// Facts about the machine.
    pub(crate) machine: Vec<(String, String)>,
    /// The target's configuration.
    pub(crate) configuration: Vec<(String, String)>,
    /// Whether the target's journal has been written once from end to end; `None`: not known.
    pub(crate) lapped: Option<bool>,
}

impl RunRecord<'_> {
    /// Writes all files to `directory`, which is made.
    pub(crate) fn write(&self, directory: &Path) -> Result<PathBuf, BenchError> {
        write(&directory.join("run.json"), &format!("{:#}\n", self.run()))?;
        write(&directory.join("environment.json"), &format!("{:#}\n", self.environment()))?;
        write(&directory.join("latency.hlog"), &self.log()?)?;
        write(&directory.join("timeline.csv"), &self.timeline()?)?;
        for tag in Tag::ALL {
            let histogram = self.summary.of_tag(tag);
            if !histogram.is_empty() {
                write(&directory.join(format!("{}.hgrm", tag.name())), &distribution(histogram))?;
            }
        }
        Ok(directory.to_owned())
    }

    fn run(&self) -> Value {
        let (account, counts) = (self.account, self.account.counts);
        json!({
            "format": 1,
            "tool": concat!("tidemill-bench ", env!("CARGO_PKG_VERSION")),
            "started_unix_ms": self.started_unix_ms,
            "block": self.block,
            "label": self.label,
            "workload": self.workload.to_json(),
            "loop": if self.workload.is_closed() { "closed" } else { "open" },
            "latency_kind": self.workload.latency_kind(),
            "durability": self.durability,
            "system": { "name": self.system.0, "version": self.system.1 },
            "window": { "start_ns": account.window.start, "end_ns": account.window.end },
            "warm_up": { "p50_stable": account.settled, "journal_lapped": self.lapped },
            "counts": {
                "intended": counts.intended,
                "sent": counts.sent,
                "acked": counts.acked,
                "errors": counts.errors,
                "timed_out": counts.timed_out,
                "waiting": counts.waiting,
                "readable": self.readable,
                "read": counts.read,
            },
            "bytes_acked": counts.bytes_acked,
            "percentiles_us": self.summary.to_json(),
            "floor": self.floor.map(|floor| json!({
                "rate": floor.rate, "p50_us": floor.p50_us, "p99_us": floor.p99_us,
            })),
            "costs": self.costs.to_json(),
            "verdict": {
                "valid": self.reasons.is_empty(),
                "reasons": self.reasons.iter().map(Reason::to_json).collect::<Vec<_>>(),
            },
        })
    }

    fn environment(&self) -> Value {
        let named = |pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.clone().into()));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        json!({
            "machine": named(&self.machine),
            "system": { "name": self.system.0, "version": self.system.1 },
            "durability": self.durability,
            "configuration": named(&self.configuration),
        })
    }

    /// The rows from the window's start on; what was due in the window and ended after it included.
    fn log(&self) -> Result<String, BenchError> {
        let failed = |_| BenchError::Nothing("the histograms can not be written");
        let millis = u64::try_from(self.started_unix_ms).unwrap_or(0);
        let begun = Duration::from_millis(millis) + Duration::from_nanos(self.account.window.start);
        let mut bytes = Vec::new();
        let mut serializer = V2DeflateSerializer::new();
        let mut builder = IntervalLogWriterBuilder::new();
        builder.add_comment("tidemill-bench: nanoseconds, a second an interval");
        builder.with_start_time(UNIX_EPOCH + begun).with_base_time(UNIX_EPOCH + begun);
        builder.with_max_value_divisor(1e6);
        let mut log = builder.begin_log_with(&mut bytes, &mut serializer).map_err(failed)?;
        let rows = &self.account.rows[first_row(self.account)..];
        for (second, row) in (0..).zip(rows) {
            for tag in Tag::ALL {
                let mut interval = histogram()?;
                row.intervals[tag as usize].add_to(&mut interval);
                if interval.is_empty() {
                    continue;
                }
                let (start, length) = (Duration::from_secs(second), Duration::from_secs(1));
                log.write_histogram(&interval, start, length, LogTag::new(tag.name()))
                    .map_err(|_| BenchError::Nothing("the histograms can not be written"))?;
            }
        }
        drop(log);
        String::from_utf8(bytes).map_err(|_| BenchError::Nothing("a log that is no text"))
    }

    fn timeline(&self) -> Result<String, BenchError> {
        let mut lines = vec![
            "second,intended,sent,acked,errors,timed_out,backlog,bytes_acked,p50_us,p99_us,max_us,\
             steal_pct,device_flushes,device_write_bytes,broker_cpu_ms"
                .to_owned(),
        ];
        let first = i64::try_from(first_row(self.account)).unwrap_or(0);
        for (number, row) in (0_i64..).zip(&self.account.rows) {
            let mut total = histogram()?;
            row.intervals[Tag::Total as usize].add_to(&mut total);
            let micros = |value: Option<u64>| {
                value.map_or(String::new(), |nanos| format!("{:.1}", nanos as f64 / 1e3))
            };
            let max = (!total.is_empty()).then(|| total.max());
            let counts = row.counts;
            let machine = usize::try_from(number).ok().and_then(|at| self.samples.get(at));
            lines.push(format!(
                "{},{},{},{},{},{},{},{},{},{},{},{}",
                number - first,
                counts.intended,
                counts.sent,
                counts.acked,
                counts.errors,
                counts.timed_out,
                row.backlog,
                counts.bytes_acked,
                micros(percentile(&total, 0.5)),
                micros(percentile(&total, 0.99)),
                micros(max),
                machine.map_or(",,,".to_owned(), |sample| sample.to_csv()),
            ));
        }
        Ok(lines.join("\n") + "\n")
    }
}

/// A percentile distribution as `HdrHistogram`'s own tools print it, in microseconds.
fn distribution(histogram: &Histogram<u64>) -> String {
    let mut lines = vec![format!(
        "{:>12} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )];
    let mut count = 0;
    for step in histogram.iter_quantiles(TICKS) {
        count += step.count_since_last_iteration();
        let (value, quantile) =
            (step.value_iterated_to() as f64 / 1e3, step.quantile_iterated_to());
        let line = format!("{value:12.3} {quantile:14.12} {count:10}");
        lines.push(if quantile < 1.0 {
            format!("{line} {:14.2}", 1.0 / (1.0 - quantile))
        } else {
            line
        });
    }
    let (mean, deviation) = (histogram.mean() / 1e3, histogram.stdev() / 1e3);
    let max = histogram.max() as f64 / 1e3;
    lines.push(format!("#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]"));
    lines.push(format!("#[Max     = {max:12.3}, Total count    = {:12}]", histogram.len()));
    lines.push(format!("#[Buckets = {:12}, SubBuckets     = {:12}]", histogram.buckets(), 2048));
    lines.join("\n") + "\n"
}

#[cfg(test)]
#[path = "folder/tests.rs"]
mod tests;
