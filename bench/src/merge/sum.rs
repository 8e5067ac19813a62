//! What the generators of one run counted, added up.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde_json::{Number, Value};

use super::Span;
use crate::folder::run::{
    Costs, Counts, FORMAT, Percentiles, PercentilesByTag, Reason, Run, Verdict, Window,
};
use crate::folder::timeline::Row;
use crate::folder::{Folder, FolderError};

/// How much of the merged window all generators must have run in, percent.
const OVERLAP_PCT_MIN: f64 = 90.0;

/// Settings of which each generator has a part.
const SHARED_OUT: [&str; 2] = ["connections", "rate"];

/// The merged window: from the first generator's start to the last one's end.
pub(super) fn span(folders: &[Folder]) -> Span {
    let spans = folders.iter().map(Span::of);
    spans
        .reduce(|all, span| Span {
            start_ns: all.start_ns.min(span.start_ns),
            end_ns: all.end_ns.max(span.end_ns),
        })
        .unwrap_or(Span { start_ns: 0, end_ns: 0 })
}

/// The merged run; there is at least one folder.
pub(super) fn run(folders: &[Folder], by_tag: &BTreeMap<String, Histogram<u64>>) -> Run {
    let runs = || folders.iter().map(|folder| &folder.run);
    let span = span(folders);
    let started_unix_ms = runs().map(|run| run.started_unix_ms).min().unwrap_or(0);
    let begun_ns = started_unix_ms.saturating_mul(1_000_000);
    let of = |tag: &str| by_tag.get(tag).filter(|all| !all.is_empty()).map(Percentiles::of);
    let mut merged = folders[0].run.clone();
    merged.format = FORMAT;
    merged.tool = format!("{}, merged", merged.tool);
    merged.started_unix_ms = started_unix_ms;
    merged.window = Window {
        start_ns: span.start_ns.saturating_sub(begun_ns),
        end_ns: span.end_ns.saturating_sub(begun_ns),
    };
    merged.counts = runs().fold(Counts::default(), |all, run| plus(all, run.counts));
    merged.bytes_acked = runs().map(|run| run.bytes_acked).fold(0, u64::saturating_add);
    merged.percentiles_us = PercentilesByTag {
        publish: of("publish"),
        delay: of("delay"),
        total: of("total"),
        end_to_end: of("end_to_end"),
        lateness: of("lateness"),
    };
    // Floors that ran at the same time were each other's load.
    merged.floor = None;
    merged.costs = runs().fold(Costs::default(), |all, run| highest(all, run.costs));
    merged.verdict = verdict(folders, span);
    for name in SHARED_OUT {
        let parts = runs().map(|run| run.workload.get(name).and_then(Value::as_f64));
        if let Some(sum) = parts.sum::<Option<f64>>().and_then(number) {
            merged.workload.insert(name.to_owned(), Value::Number(sum));
        }
    }
    merged.workload.insert("generators".to_owned(), folders.len().into());
    merged
}

/// A whole number where it is one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked")]
fn number(sum: f64) -> Option<Number> {
    let is_whole = sum.fract() == 0.0 && (0.0..1e15).contains(&sum);
    if is_whole { Some(Number::from(sum as u64)) } else { Number::from_f64(sum) }
}

fn plus(one: Counts, other: Counts) -> Counts {
    Counts {
        intended: one.intended.saturating_add(other.intended),
        sent: one.sent.saturating_add(other.sent),
        acked: one.acked.saturating_add(other.acked),
        errors: one.errors.saturating_add(other.errors),
        timed_out: one.timed_out.saturating_add(other.timed_out),
        waiting: one.waiting.saturating_add(other.waiting),
        // Each may have counted the whole topic; their own verdicts have judged it.
        readable: None,
        read: one.read.saturating_add(other.read),
    }
}

/// All generators that see the broker's machine see the same of it.
fn highest(one: Costs, other: Costs) -> Costs {
    Costs {
        device_flushes: one.device_flushes.max(other.device_flushes),
        device_write_bytes: one.device_write_bytes.max(other.device_write_bytes),
        broker_cpu_s: larger(one.broker_cpu_s, other.broker_cpu_s),
        context_switches: one.context_switches.max(other.context_switches),
        run_delay_s: larger(one.run_delay_s, other.run_delay_s),
        steal_pct: larger(one.steal_pct, other.steal_pct),
        psi_io_some_pct: larger(one.psi_io_some_pct, other.psi_io_some_pct),
    }
}

fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

/// Valid if every generator's run is, and they ran together.
fn verdict(folders: &[Folder], all: Span) -> Verdict {
    let mut reasons: Vec<Reason> = Vec::new();
    for folder in folders {
        let place = folder.path.display();
        let verdict = &folder.run.verdict;
        if !verdict.valid && verdict.reasons.is_empty() {
            let text = format!("{place}: no reason given");
            reasons.push(Reason { id: "generator_invalid".to_owned(), text });
        }
        reasons.extend(verdict.reasons.iter().map(|reason| Reason {
            id: reason.id.clone(),
            text: format!("{place}: {}", reason.text),
        }));
    }
    let common = folders.iter().map(Span::of).reduce(|one, other| Span {
        start_ns: one.start_ns.max(other.start_ns),
        end_ns: one.end_ns.min(other.end_ns),
    });
    let common_ns = common.map_or(0, |span| span.end_ns.saturating_sub(span.start_ns));
    let together = common_ns as f64 * 100.0 / all.end_ns.saturating_sub(all.start_ns) as f64;
    // An empty window has no such share at all.
    let is_together = together >= OVERLAP_PCT_MIN;
    if !is_together {
        let text = format!("the generators ran together in {together:.0} % of the window");
        reasons.push(Reason { id: "generators_apart".to_owned(), text });
    }
    Verdict { valid: reasons.is_empty(), reasons }
}

/// The timelines, added up by second; percentiles are those of the merged histograms.
pub(super) fn rows(
    folders: &[Folder],
    shifts: &[u64],
    by_second: &BTreeMap<u64, Percentiles>,
) -> Result<Vec<Row>, FolderError> {
    let mut merged: BTreeMap<i64, Row> = BTreeMap::new();
    for (folder, shift) in folders.iter().zip(shifts) {
        for row in folder.timeline()? {
            let second = row.second.saturating_add_unsigned(*shift);
            let all = merged.entry(second).or_insert(Row { second, ..Row::default() });
            *all = Row {
                second,
                intended: all.intended.saturating_add(row.intended),
                sent: all.sent.saturating_add(row.sent),
                acked: all.acked.saturating_add(row.acked),
                errors: all.errors.saturating_add(row.errors),
                timed_out: all.timed_out.saturating_add(row.timed_out),
                backlog: all.backlog.saturating_add(row.backlog),
                bytes_acked: all.bytes_acked.saturating_add(row.bytes_acked),
                p50_us: None,
                p99_us: None,
                max_us: None,
                steal_pct: larger(all.steal_pct, row.steal_pct),
                device_flushes: larger(all.device_flushes, row.device_flushes),
                device_write_bytes: larger(all.device_write_bytes, row.device_write_bytes),
                broker_cpu_ms: larger(all.broker_cpu_ms, row.broker_cpu_ms),
            };
        }
    }
    for (second, percentiles) in by_second {
        let row = i64::try_from(*second).ok().and_then(|second| merged.get_mut(&second));
        if let Some(row) = row {
            (row.p50_us, row.p99_us) = (percentiles.p50, percentiles.p99);
            row.max_us = percentiles.max;
        }
    }
    Ok(merged.into_values().collect())
}
