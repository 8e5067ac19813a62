//! The table: a row for each system, level and load, with the spread over its runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::outcome::{Outcome, PERCENTILES};
use super::plan::{Entrant, Level, Task};
use crate::spread::Spread;

/// What stands in a cell of which nothing is known.
const NOTHING: &str = "-";

/// A system, level and load, with all of its runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// The rate that was asked for; `None` if there was none to be had.
    pub(crate) asked: Option<f64>,
    pub(crate) runs: Vec<Outcome>,
    /// Steps that ended with an error, and the error.
    pub(crate) failures: Vec<String>,
}

/// Everything that the table says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// The version of each system.
    pub(crate) versions: BTreeMap<String, String>,
    /// What makes the level, in the system's words.
    pub(crate) settings: BTreeMap<Entrant, String>,
    /// The highest rates that were found, one a block.
    pub(crate) found: BTreeMap<Entrant, Vec<f64>>,
    pub(crate) rows: BTreeMap<(Entrant, Task), Row>,
    /// Systems that can not be had here, and why.
    pub(crate) missing: BTreeMap<String, String>,
    /// Records that may be unacknowledged at once: connections x inflight x batch.
    pub(crate) outstanding: u64,
    /// What was run, in words.
    pub(crate) about: String,
    pub(crate) has_verdict: bool,
}

impl Row {
    fn valid(&self) -> impl Iterator<Item = &Outcome> {
        self.runs.iter().filter(|run| run.verdict.valid)
    }

    fn spread(&self, of: impl Fn(&Outcome) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.valid().filter_map(of))
    }

    /// Acknowledgements between two flushes of the device; `None` if flushes are not known.
    fn acks_per_flush(&self) -> Option<f64> {
        let counted = || self.valid().filter_map(|run| Some((run.acked, run.flushes?)));
        let (acked, flushes) =
            counted().fold((0, 0), |(acked, flushes), run| (acked + run.0, flushes + run.1));
        (acked > 0).then(|| acked as f64 / (flushes as f64).max(f64::MIN_POSITIVE))
    }
}

/// Whether a row at `disk` has more acknowledgements for a flush than can have waited for it.
pub(crate) fn is_not_shown_durable(level: Level, row: &Row, outstanding: u64) -> bool {
    let more = row.acks_per_flush().is_some_and(|acks| acks > outstanding as f64);
    level == Level::Disk && more
}

/// CPU seconds of the broker for a million acknowledged records.
fn cpu_per_million(run: &Outcome) -> Option<f64> {
    (run.acked > 0).then_some(run.cpu_s? / run.acked as f64 * 1e6)
}

fn flushes_per_thousand(run: &Outcome) -> Option<f64> {
    (run.acked > 0).then_some(run.flushes? as f64 / run.acked as f64 * 1e3)
}

fn bytes_per_byte(run: &Outcome) -> Option<f64> {
    (run.bytes_acked > 0).then_some(run.write_bytes? as f64 / run.bytes_acked as f64)
}

fn cell(spread: Option<Spread>, digits: usize) -> String {
    spread.map_or(NOTHING.to_owned(), |spread| format!("{spread:.digits$}"))
}

impl Results {
    /// As it stands in a document.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.about);
        if !self.has_verdict {
            text.push_str("**No verdict**: fewer than 6 blocks, so no difference is shown.\n\n");
        }
        text.push_str(
            "Figures are medians of the valid runs (least..most). Highest rate: with p99 under \
             10 ms. Latency in us, from when each record was due.\n\n",
        );
        let head = [
            "system",
            "level",
            "load",
            "highest rate/s",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "CPU s per 1 M records",
            "flushes per 1,000 acks",
            "bytes written per record byte",
            "valid runs",
            "note",
        ];
        line(&mut text, &head.map(str::to_owned));
        line(&mut text, &head.map(|_| "---".to_owned()));
        for ((entrant, task), row) in &self.rows {
            line(&mut text, &self.cells(entrant, *task, row));
        }
        for (system, why) in &self.missing {
            let mut cells = head.map(|_| NOTHING.to_owned());
            cells[0].clone_from(system);
            cells[12] = format!("not obtainable here: {why}");
            line(&mut text, &cells);
        }
        text.push('\n');
        for (system, version) in &self.versions {
            let of = self.settings.iter().filter(|(entrant, _)| &entrant.system == system);
            let settings = of.map(|(entrant, said)| format!("{}: {said}", entrant.level.name()));
            let settings: Vec<_> = settings.collect();
            let _ = writeln!(text, "- {system}: {version}; {}", settings.join("; "));
        }
        text
    }

    fn cells(&self, entrant: &Entrant, task: Task, row: &Row) -> [String; 13] {
        let load = match (task, row.asked) {
            (Task::Find, _) => "search".to_owned(),
            (Task::Common, Some(rate)) => format!("common, {rate:.0}/s"),
            (Task::Own, Some(rate)) => format!("70 % of its own, {rate:.0}/s"),
            (_, None) => "none to be had".to_owned(),
        };
        let found = self.found.get(entrant).into_iter().flatten().copied();
        let percentile = |number: usize| cell(row.spread(|run| run.percentiles_us[number]), 0);
        [
            entrant.system.clone(),
            entrant.level.name().to_owned(),
            load,
            cell(Spread::of(found), 0),
            percentile(0),
            percentile(1),
            percentile(2),
            percentile(3),
            cell(row.spread(cpu_per_million), 1),
            cell(row.spread(flushes_per_thousand), 1),
            cell(row.spread(bytes_per_byte), 2),
            format!("{} of {}", row.valid().count(), row.runs.len() + row.failures.len()),
            self.note(entrant, row),
        ]
    }

    fn note(&self, entrant: &Entrant, row: &Row) -> String {
        let mut notes = Vec::new();
        if is_not_shown_durable(entrant.level, row, self.outstanding) {
            notes.push("not shown durable".to_owned());
        }
        let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
        for reason in row.runs.iter().flat_map(|run| &run.verdict.reasons) {
            *reasons.entry(&reason.id).or_default() += 1;
        }
        notes.extend(reasons.iter().map(|(reason, times)| format!("{times} x {reason}")));
        notes.extend(row.failures.first().map(|failure| format!("failed: {failure}")));
        notes.join("; ").replace('|', "/").replace('\n', " ")
    }

    /// Every figure of every run.
    pub(crate) fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|((entrant, task), row)| {
            json!({
                "system": entrant.system,
                "version": self.versions.get(&entrant.system),
                "level": entrant.level.name(),
                "settings": self.settings.get(entrant),
                "load": task.name(),
                "rate": row.asked,
                "highest_rates": self.found.get(entrant),
                "not_shown_durable":
                    is_not_shown_durable(entrant.level, row, self.outstanding),
                "runs": row.runs,
                "failures": row.failures,
            })
        });
        json!({
            "format": 1,
            "about": self.about,
            "has_verdict": self.has_verdict,
            "percentiles": PERCENTILES,
            "outstanding_records_max": self.outstanding,
            "rows": rows.collect::<Vec<_>>(),
            "not_obtainable": self.missing,
        })
    }
}

fn line(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::run::{Reason, Verdict};

    fn outcome(acked: u64, flushes: u64, valid: bool) -> Outcome {
        let reason = Reason { id: "backlog_grows".to_owned(), text: "It grows.".to_owned() };
        Outcome {
            verdict: Verdict { valid, reasons: if valid { Vec::new() } else { vec![reason] } },
            acked,
            bytes_acked: acked * 1000,
            percentiles_us: [Some(100.0), Some(200.0), Some(300.0), None],
            cpu_s: Some(1.0),
            flushes: Some(flushes),
            write_bytes: Some(acked * 1500),
            ..Outcome::default()
        }
    }

    fn row(runs: Vec<Outcome>) -> Row {
        Row { asked: Some(700.0), runs, failures: Vec::new() }
    }

    #[test]
    fn more_acks_a_flush_than_can_wait_is_marked_at_disk_only() {
        let good = row(vec![outcome(1000, 10, true)]);
        let bad = row(vec![outcome(1000, 9, true)]);
        let none = row(vec![outcome(1000, 0, true)]);
        assert!(!is_not_shown_durable(Level::Disk, &good, 100));
        assert!(is_not_shown_durable(Level::Disk, &bad, 100));
        assert!(is_not_shown_durable(Level::Disk, &none, 100));
        assert!(!is_not_shown_durable(Level::Os, &none, 100));
        let unknown = row(vec![Outcome { flushes: None, ..outcome(1000, 0, true) }]);
        assert!(!is_not_shown_durable(Level::Disk, &unknown, 100));
        assert!(!is_not_shown_durable(Level::Disk, &Row::default(), 100));
    }

    #[test]
    fn invalid_runs_are_counted_and_nothing_else() {
        let entrant = Entrant { system: "a".to_owned(), level: Level::Disk };
        let runs = vec![outcome(1000, 500, true), outcome(9000, 0, false)];
        let failures = vec!["it | broke\nhere".to_owned()];
        let results = Results {
            versions: BTreeMap::from([("a".to_owned(), "A 1".to_owned())]),
            settings: BTreeMap::from([(entrant.clone(), "sync".to_owned())]),
            found: BTreeMap::from([(entrant.clone(), vec![1000.0, 1100.0, 900.0])]),
            rows: BTreeMap::from([((entrant, Task::Own), Row { failures, ..row(runs) })]),
            missing: BTreeMap::from([("z".to_owned(), "nowhere".to_owned())]),
            outstanding: 100,
            about: "About.".to_owned(),
            has_verdict: false,
        };
        let text = results.to_markdown();
        let expected = "| a | disk | 70 % of its own, 700/s | 1000 (900..1100) | 100 (100..100) | \
                        200 (200..200) | 300 (300..300) | - | 1000.0 (1000.0..1000.0) | \
                        500.0 (500.0..500.0) | 1.50 (1.50..1.50) | 1 of 3 | \
                        1 x backlog_grows; failed: it / broke here |";
        assert!(text.lines().any(|line| line == expected), "{text}");
        assert!(text.contains("**No verdict**") && text.contains("- a: A 1; disk: sync"));
        assert!(text.contains("not obtainable here: nowhere"));
        assert_eq!(results.to_json()["rows"][0]["runs"][1]["verdict"]["valid"], false);
    }
}
