//! What was measured, for a person and for a program.

use std::fmt::Write;
use std::io;

use hdrhistogram::Histogram;
use runtime::floor::CopyReport;
use serde_json::{Value, json};
use tuning::probe::{CommitTimes, Prediction, outlook};

use super::cores::{CoreReport, GAP_NS_MIN};
use super::pace::Pace;
use super::tracer::Traced;
use crate::cli::table::Table;
use crate::cli::tune::place::Place;

/// The most causes that a table has of each core; all of them are in the JSON.
const CAUSES_MAX: usize = 4;

/// Quantiles that are shown.
const QUANTILES: [(&str, f64); 5] =
    [("p50_ns", 0.5), ("p90_ns", 0.9), ("p99_ns", 0.99), ("p99_9_ns", 0.999), ("max_ns", 1.0)];

/// Everything that was measured.
pub(super) struct Report<'a> {
    pub(super) place: &'a Place,
    pub(super) cores: &'a [CoreReport],
    pub(super) tracer: &'a [Traced],
    pub(super) ring: &'a io::Result<Histogram<u64>>,
    pub(super) memory: &'a io::Result<CopyReport>,
    pub(super) pace: &'a Pace,
    pub(super) prediction: &'a Prediction,
}

impl Report<'_> {
    /// Tables, then what it means.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.core_text(&mut text);
        self.time_text(&mut text);
        push(&mut text, format_args!("\n{}", outlook(self.prediction).trim_end()));
        push(
            &mut text,
            format_args!(
                "  without the flush to segments, which begins once half of the journal is full"
            ),
        );
        if let Some(remark) = self.place.cores.remark() {
            push(&mut text, format_args!("  {remark}"));
        }
        text
    }

    fn core_text(&self, text: &mut String) {
        let micros = GAP_NS_MIN / 1000;
        push(text, format_args!("Cores: gaps of a spinning thread over {micros} us, by cause"));
        let mut table = Table::new(["CORE", "CAUSE", "GAPS/S", "LOST", "P50", "P99", "LONGEST"]);
        for report in self.cores {
            let seconds = report.gaps.watched_ns.max(1) as f64 / 1e9;
            let lengths = &report.gaps.lengths;
            table.push([
                report.core.to_string(),
                "all".to_owned(),
                format!("{:.1}", lengths.len() as f64 / seconds),
                format!("{:.2} %", report.gaps.lost_share() * 100.0),
                at(lengths, 0.5),
                at(lengths, 0.99),
                at(lengths, 1.0),
            ]);
            for (cause, count, sum_ns) in report.gaps.by_weight().into_iter().take(CAUSES_MAX) {
                let lost = sum_ns as f64 * 100.0 / report.gaps.watched_ns.max(1) as f64;
                table.push([
                    report.core.to_string(),
                    cause.to_string(),
                    format!("{:.1}", count as f64 / seconds),
                    format!("{lost:.2} %"),
                    String::new(),
                    String::new(),
                    String::new(),
                ]);
            }
        }
        push(text, format_args!("{table}"));
        for (tracer, traced) in self.tracer {
            match traced {
                Err(reason) => push(text, format_args!("{tracer}: missing, {reason}")),
                Ok(noise) => {
                    for one in noise {
                        let longest = one.longest_ns / 1000;
                        push(
                            text,
                            format_args!(
                                "{tracer}: core {}, longest {longest} us, {} times hardware",
                                one.core, one.hardware
                            ),
                        );
                    }
                }
            }
        }
    }

    fn time_text(&self, text: &mut String) {
        push(text, format_args!("\nTimes, in microseconds; {}", self.place.data.display()));
        let mut table = Table::new(["WHAT", "COUNT", "P50", "P90", "P99", "P99.9", "LONGEST"]);
        for report in self.cores {
            row(&mut table, format!("timer of core {}, late by", report.core), &report.timers);
        }
        if let Ok(times) = self.ring {
            row(&mut table, "ring, no-op".to_owned(), times);
        }
        row(&mut table, "loopback, at the rate".to_owned(), &self.pace.loopback);
        let disk = &self.pace.disk;
        for (kind, all) in [("with barrier", &disk.durable), ("without", &disk.written)] {
            for commits in all {
                let kib = commits.bytes >> 10;
                row(&mut table, format!("commit of {kib} KiB {kind}"), &commits.times);
            }
        }
        push(text, format_args!("{}", table.to_string().trim_end()));
        if !disk.barrier.is_empty() {
            push(text, format_args!("barrier: {}", disk.barrier));
        }
        self.rest_text(text);
    }

    /// What is a figure alone, and what is none.
    fn rest_text(&self, text: &mut String) {
        let request = self.pace.request_ns() / 1000.0;
        if request > 0.0 {
            push(
                text,
                format_args!("a request costs a core {request:.1} us at the most it answers"),
            );
        }
        match self.memory {
            Ok(copied) => {
                let rate = copied.bytes as f64 / copied.elapsed_ns.max(1) as f64;
                push(text, format_args!("memory: one core copies {rate:.1} GB/s"));
            }
            Err(error) => push(text, format_args!("memory: not measured, {error}")),
        }
        if let Err(error) = self.ring {
            push(text, format_args!("ring: not measured, {error}"));
        }
        for (what, error) in
            [("disk", &self.pace.disk_error), ("loopback", &self.pace.loopback_error)]
        {
            if let Some(error) = error {
                push(text, format_args!("{what}: not measured, {error}"));
            }
        }
    }

    /// One JSON object on a line; all times are nanoseconds.
    pub(super) fn json(&self) -> String {
        let cores: Vec<Value> = self.cores.iter().map(core_json).collect();
        let tracers = self.tracer.iter().map(|(tracer, traced)| match traced {
            Ok(noise) => json!({ "tracer": tracer, "noise": noise }),
            Err(reason) => json!({ "tracer": tracer, "missing": reason }),
        });
        let disk = &self.pace.disk;
        let value = json!({
            "data": self.place.data.display().to_string(),
            "cores": cores,
            "tracers": tracers.collect::<Vec<_>>(),
            "ring": self.ring.as_ref().map_or_else(missing, times_json),
            "memory": self.memory.as_ref().map_or_else(missing, |copied| {
                json!({ "bytes": copied.bytes, "elapsed_ns": copied.elapsed_ns })
            }),
            "loopback": times_json(&self.pace.loopback),
            "loopback_missing": self.pace.loopback_error,
            "request_ns": self.pace.request_ns(),
            "barrier": disk.barrier,
            "disk_missing": self.pace.disk_error,
            "durable": commits_json(&disk.durable),
            "written": commits_json(&disk.written),
            "prediction": self.prediction,
        });
        format!("{value}\n")
    }
}

fn core_json(report: &CoreReport) -> Value {
    let causes = report.gaps.by_weight().into_iter().map(|(cause, count, sum_ns)| {
        json!({ "cause": cause.to_string(), "count": count, "sum_ns": sum_ns })
    });
    json!({
        "core": report.core,
        "watched_ns": report.gaps.watched_ns,
        "gaps": times_json(&report.gaps.lengths),
        "causes": causes.collect::<Vec<_>>(),
        "timers": times_json(&report.timers),
    })
}

fn commits_json(all: &[CommitTimes]) -> Vec<Value> {
    let one = |commits: &CommitTimes| {
        let times = times_json(&commits.times);
        json!({ "bytes": commits.bytes, "times": times })
    };
    all.iter().map(one).collect()
}

fn times_json(times: &Histogram<u64>) -> Value {
    let mut value = json!({ "count": times.len() });
    if !times.is_empty()
        && let Some(object) = value.as_object_mut()
    {
        let quantiles = QUANTILES.map(|(name, at)| (name, times.value_at_quantile(at)));
        object.extend(quantiles.map(|(name, nanos)| (name.to_owned(), json!(nanos))));
    }
    value
}

fn missing(error: &io::Error) -> Value {
    json!({ "missing": error.to_string() })
}

fn row(table: &mut Table<7>, what: String, times: &Histogram<u64>) {
    if times.is_empty() {
        return;
    }
    let [p50, p90, p99, p99_9, longest] = QUANTILES.map(|(_, quantile)| at(times, quantile));
    table.push([what, times.len().to_string(), p50, p90, p99, p99_9, longest]);
}

/// A quantile in microseconds; nothing of nothing, nor of fewer than ten beyond it.
fn at(times: &Histogram<u64>, quantile: f64) -> String {
    let beyond = times.len() as f64 * (1.0 - quantile);
    if times.is_empty() || quantile < 1.0 && beyond < 10.0 {
        return String::new();
    }
    format!("{:.1}", times.value_at_quantile(quantile) as f64 / 1000.0)
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String does not fail");
}
