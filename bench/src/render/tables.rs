//! The figures of runs as tables.

use serde_json::{Map, Value};

use super::axis::micros;
use super::page::{Cell, Table};
use crate::folder::Folder;
use crate::folder::log::TAGS;
use crate::folder::run::{Durability, Percentiles, Run};
use crate::folder::stages::Stages;

const NONE: &str = "-";
/// Settings that are shown of an environment.
const FACTS_MAX: usize = 2_000;

/// The percentiles of one tag; nothing where the run has none.
fn of_tag(run: &Run, tag: &str) -> Option<Percentiles> {
    let all = &run.percentiles_us;
    match tag {
        "publish" => all.publish,
        "delay" => all.delay,
        "total" => all.total,
        "end_to_end" => all.end_to_end,
        "lateness" => all.lateness,
        _ => None,
    }
}

/// What each tag is the time of.
pub(super) fn meaning(tag: &str) -> &'static str {
    match tag {
        "publish" => "from the actual send to the acknowledgement",
        "delay" => "from when a record was due to its actual send",
        "total" => "from when a record was due to its acknowledgement",
        "end_to_end" => "from when a record was due to its being read",
        "lateness" => "the generator's own",
        _ => "",
    }
}

fn time(value: Option<f64>) -> Cell {
    value.map_or(NONE.into(), |value| micros(value).into())
}

/// Percentiles, a row for each tag.
pub(super) fn percentiles(run: &Run) -> Table {
    let columns = ["latency", "p50", "p90", "p99", "p99.9", "p99.99", "max", "what it is"];
    let mut table = Table::new(&columns);
    for tag in TAGS {
        let Some(percentiles) = of_tag(run, tag) else { continue };
        let times = percentiles.named().map(|(_, value)| time(value));
        table.row(
            [Cell::from(tag)]
                .into_iter()
                .chain(times)
                .chain([Cell::Words(meaning(tag).to_owned())]),
        );
    }
    table
}

/// A count with its thousands apart.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure with three digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => NONE.to_owned(),
        below if below < 10.0 => format!("{value:.2}"),
        below if below < 100.0 => format!("{value:.1}"),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        below if value > 0.0 && below < 1e15 => count(value.round() as u64),
        _ => format!("{value:.0}"),
    }
}

/// What the run cost for each record, as far as it is known.
struct Shares {
    acked_per_s: f64,
    flushes_per_1000: Option<f64>,
    bytes_per_byte: Option<f64>,
    cpu_s_per_million: Option<f64>,
    /// More was acknowledged with each flush than could wait for one.
    not_shown_durable: bool,
}

impl Shares {
    fn of(run: &Run) -> Self {
        let (acked, costs) = (run.counts.acked as f64, run.costs);
        let per = |cost: Option<f64>, of: f64| cost.filter(|_| of > 0.0).map(|cost| cost / of);
        let flushes = costs.device_flushes.map(|flushes| flushes as f64);
        let setting = |name: &str| run.workload.get(name).and_then(Value::as_f64);
        let waiting = setting("connections")
            .zip(setting("inflight"))
            .map(|(connections, inflight)| connections * inflight)
            .zip(setting("batch_records").or(Some(1.0)))
            .map(|(requests, records)| requests * records);
        let too_many =
            flushes.zip(waiting).is_some_and(|(flushes, waiting)| acked > flushes * waiting);
        Self {
            acked_per_s: acked / run.window.seconds(),
            flushes_per_1000: per(flushes, acked / 1e3),
            bytes_per_byte: per(
                costs.device_write_bytes.map(|bytes| bytes as f64),
                run.bytes_acked as f64,
            ),
            cpu_s_per_million: per(costs.broker_cpu_s, acked / 1e6),
            not_shown_durable: run.durability == Durability::Disk && too_many,
        }
    }

    fn durability(&self, run: &Run) -> String {
        let name = run.durability.name();
        if self.not_shown_durable { format!("{name}, not shown durable") } else { name.to_owned() }
    }
}

/// Counts and costs of one run.
pub(super) fn account(run: &Run) -> Table {
    let (counts, costs, shares) = (run.counts, run.costs, Shares::of(run));
    let mut table = Table::words();
    let mut row = |name: &str, text: String| table.row([name.into(), text.into()]);
    let of_intended = counts.acked as f64 * 100.0 / counts.intended.max(1) as f64;
    row("window", format!("{} s", figure(run.window.seconds())));
    row("records due", count(counts.intended));
    row("acknowledged", format!("{} ({of_intended:.2} %)", count(counts.acked)));
    row("acknowledged a second", figure(shares.acked_per_s));
    row("refused", count(counts.errors));
    row("timed out", count(counts.timed_out));
    row("still waiting at the end", count(counts.waiting));
    if let Some(readable) = counts.readable {
        row("readable afterwards", count(readable));
    }
    row("durability", shares.durability(run));
    if let Some(floor) = run.floor {
        let (p50, p99) = (micros(floor.p50_us), micros(floor.p99_us));
        row("floor before it", format!("{} /s, p50 {p50}, p99 {p99}", figure(floor.rate)));
    }
    for (name, value) in [
        ("device flushes for 1,000 acknowledged", shares.flushes_per_1000),
        ("bytes written for a byte acknowledged", shares.bytes_per_byte),
        ("broker's CPU seconds for a million", shares.cpu_s_per_million),
        ("broker's context switches", costs.context_switches.map(|count| count as f64)),
        ("broker runnable and not running, s", costs.run_delay_s),
        ("steal, %", costs.steal_pct),
        ("some task waiting for I/O, %", costs.psi_io_some_pct),
    ] {
        row(name, value.map_or("not known".to_owned(), figure));
    }
    table
}

/// The name of what was measured.
pub(super) fn system(run: &Run) -> String {
    format!("{} {}", run.system.name, run.system.version).trim().to_owned()
}

/// The latencies of several runs, a row for each.
pub(super) fn latencies(runs: &[(String, &Run)]) -> Table {
    let columns =
        ["run", "system", "acked/s", "of due", "p50", "p90", "p99", "p99.9", "p99.99", "max"];
    let mut table = Table::new(&columns);
    for (name, run) in runs {
        let of_due = run.counts.acked as f64 * 100.0 / run.counts.intended.max(1) as f64;
        let cells = [
            Cell::from(name.as_str()),
            Cell::Words(system(run)),
            figure(Shares::of(run).acked_per_s).into(),
            format!("{of_due:.2} %").into(),
        ];
        let total = run.percentiles_us.total.unwrap_or_default();
        table.row(cells.into_iter().chain(total.named().map(|(_, value)| time(value))));
    }
    table
}

/// What several runs cost, a row for each.
pub(super) fn costs(runs: &[(String, &Run)]) -> Table {
    let columns = [
        "run",
        "durability",
        "flushes / 1,000 acked",
        "bytes written / byte",
        "CPU s / million",
        "steal, %",
        "floor/s",
        "floor p50",
    ];
    let mut table = Table::new(&columns);
    for (name, run) in runs {
        let shares = Shares::of(run);
        let known = |value: Option<f64>| value.map_or(NONE.into(), |value| figure(value).into());
        table.row([
            Cell::from(name.as_str()),
            Cell::Words(shares.durability(run)),
            known(shares.flushes_per_1000),
            known(shares.bytes_per_byte),
            known(shares.cpu_s_per_million),
            known(run.costs.steal_pct),
            known(run.floor.map(|floor| floor.rate)),
            time(run.floor.map(|floor| floor.p50_us)),
        ]);
    }
    table
}

/// The client's view above the broker's, so that one sees where the time went.
pub(super) fn stages(run: &Run, stages: &Stages) -> Table {
    let mut rows: Vec<(String, u64, [Option<f64>; 4])> = Vec::new();
    for tag in ["delay", "publish", "total", "end_to_end"] {
        if let Some(seen) = of_tag(run, tag) {
            let times = [seen.p50, seen.p99, seen.p999, seen.max];
            rows.push((format!("client: {tag}"), run.counts.acked, times));
        }
    }
    for stage in &stages.stages {
        let times = [stage.p50_us, stage.p99_us, stage.p999_us, stage.max_us];
        rows.push((format!("broker: {}", stage.name), stage.count, times));
    }
    let longest = rows.iter().filter_map(|(_, _, [_, p99, ..])| *p99).fold(0.0, f64::max);
    let mut table = Table::new(&["where", "count", "p50", "p99", "p99.9", "max", "p99"]);
    for (name, seen, times) in rows {
        let [_, p99, ..] = times;
        let share = p99.filter(|_| longest > 0.0).map_or(0.0, |p99| p99 / longest);
        let cells = [Cell::from(name), count(seen).into()].into_iter();
        table.row(cells.chain(times.map(time)).chain([Cell::Bar(share)]));
    }
    table
}

/// The slowest requests that the broker remembers.
pub(super) fn slowest(stages: &Stages) -> Table {
    let columns =
        ["request", "client", "topic", "records", "bytes", "total", "where, the longest first"];
    let mut table = Table::new(&columns);
    for slow in &stages.slow {
        let word = |text: &Option<String>| Cell::Words(text.as_deref().unwrap_or(NONE).to_owned());
        let number = |value: Option<u64>| value.map_or(NONE.into(), |value| count(value).into());
        let mut parts: Vec<(&String, u64)> =
            slow.stages_ns.iter().map(|(name, nanos)| (name, *nanos)).collect();
        parts.sort_by_key(|(_, nanos)| core::cmp::Reverse(*nanos));
        let parts = parts.iter().take(4);
        let parts = parts.map(|(name, nanos)| format!("{name} {}", micros(*nanos as f64 / 1e3)));
        table.row([
            word(&slow.api),
            word(&slow.client_id),
            word(&slow.topic),
            number(slow.records),
            number(slow.bytes),
            micros(slow.total_ns as f64 / 1e3).into(),
            Cell::Words(parts.collect::<Vec<_>>().join(", ")),
        ]);
    }
    table
}

/// Settings by name; what is inside of another is named after it.
pub(super) fn facts(value: &Value) -> Table {
    let mut table = Table::words();
    let mut open = vec![(String::new(), value)];
    let mut shown = 0;
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(inside) if !inside.is_empty() => {
                // The last one in is the first one out.
                open.extend(
                    inside.iter().rev().map(|(inner, value)| (joined(&name, inner), value)),
                );
            }
            Value::Null => {}
            _ if shown == FACTS_MAX => break,
            value => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                table.row([name.into(), text.into()]);
                shown += 1;
            }
        }
    }
    table
}

fn joined(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}: {inner}") }
}

/// The settings of a workload.
pub(super) fn workload(workload: &Map<String, Value>) -> Table {
    facts(&Value::Object(workload.clone()))
}

/// A run's name for people: its label, its place in a series, or what was measured.
pub(super) fn name_of(folder: &Folder) -> String {
    match (&folder.run.label, folder.name.as_str()) {
        (Some(label), "") => label.clone(),
        (Some(label), name) => format!("{name} {label}"),
        (None, "") => folder.run.system.name.clone(),
        (None, name) => name.to_owned(),
    }
}
