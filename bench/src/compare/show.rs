//! A comparison for people and for programs.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::figures::{Figure, Finding, PAIRS_MIN};
use super::{Comparison, LeftOut, Pair};
use crate::folder::Folder;
use crate::folder::run::Run;
use crate::report::{Cell, Table};

/// A comparison and where it comes from.
pub(super) struct Shown<'a> {
    pub(super) paths: [&'a Path; 2],
    pub(super) runs: [&'a [Folder]; 2],
    pub(super) comparison: Comparison,
}

const NONE: &str = "-";

impl Shown<'_> {
    /// Tables and sentences.
    pub(super) fn to_text(&self) -> String {
        let pairing = &self.comparison.pairing;
        let mut lines = Vec::new();
        for (side, (path, runs)) in ["A", "B"].iter().zip(self.paths.iter().zip(self.runs)) {
            lines.push(format!("{side}  {}  {}", path.display(), systems(runs)));
        }
        if let Some(run) = self.any_run() {
            let (kind, latency) = (run.loop_kind.name(), run.latency_kind.name());
            lines.push(format!("{kind} loop, latency {latency}; the unit is the run"));
        }
        lines.extend(self.notes().iter().map(|note| format!("note: {note}")));
        if !pairing.pairs.is_empty() {
            lines.extend([String::new(), self.pairs().to_text(), self.findings().to_text()]);
        }
        for LeftOut { name, why, repeat } in &pairing.left_out {
            let what = if *repeat { "to be repeated" } else { "left out" };
            lines.push(format!("{what}: {} ({why})", shown_name(name)));
        }
        lines.join("\n")
    }

    fn any_run(&self) -> Option<&Run> {
        self.runs.iter().find_map(|runs| runs.first()).map(|folder| &folder.run)
    }

    /// What a reader must know besides.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let [one, other] = self.runs.map(durabilities);
        if one != other || one.len() > 1 {
            let (one, other) = (one.join(", "), other.join(", "));
            notes.push(format!("not at equal durability: A {one}, B {other}"));
        }
        let (pairs, without) =
            (&self.comparison.pairing.pairs, self.comparison.pairing.without_floor);
        if without > 0 {
            notes.push(format!("{without} pairs have no floor: the machine may have changed"));
        }
        if pairs.len() < PAIRS_MIN {
            let few = pairs.len();
            notes.push(format!("{few} pairs, {PAIRS_MIN} are needed: nothing is said to be real"));
        }
        notes
    }

    fn pairs(&self) -> Table {
        let columns = [
            "pair",
            "A p50 us",
            "B p50 us",
            "B/A",
            "A p99 us",
            "B p99 us",
            "B/A",
            "A p99.9 us",
            "B p99.9 us",
            "B/A",
            "A acked/s",
            "B acked/s",
            "B/A",
        ];
        let mut table = Table::new("Pairs.", &columns);
        for (at, pair) in self.comparison.pairing.pairs.iter().enumerate() {
            let mut cells = vec![Cell::text(shown_name(&pair.name))];
            for finding in &self.comparison.findings {
                let digits = usize::from(finding.figure != Figure::Rate);
                let of = |run| number(finding.figure.of(run), digits);
                cells.extend(pair.runs.iter().map(of));
                cells.push(number(finding.ratios.get(at).copied().flatten(), 3));
            }
            table.row(cells);
        }
        table
    }

    fn findings(&self) -> Table {
        let columns = ["figure", "pairs", "median B/A (least..most)", "finding"];
        let mut table = Table::new("Ratios within pairs, B divided by A.", &columns);
        for finding in &self.comparison.findings {
            table.row(vec![
                Cell::text(finding.figure.name()),
                Cell::count(finding.ratios.iter().flatten().count() as u64),
                finding.spread.map_or(Cell::text(NONE), |spread| Cell::spread(spread, 3)),
                Cell::text(finding.difference.name()),
            ]);
        }
        table
    }

    /// The same for programs.
    pub(super) fn to_json(&self) -> Value {
        let sides = self.paths.iter().zip(self.runs).map(|(path, runs)| {
            json!({
                "path": path.display().to_string(),
                "system": systems(runs),
                "durability": durabilities(runs),
                "runs": runs.len(),
            })
        });
        let pairing = &self.comparison.pairing;
        let pairs = pairing.pairs.iter().enumerate().map(|(at, pair)| self.pair_to_json(at, pair));
        let left_out = pairing
            .left_out
            .iter()
            .map(|out| json!({ "pair": out.name, "why": out.why, "repeat": out.repeat }));
        json!({
            "sides": sides.collect::<Vec<_>>(),
            "loop": self.any_run().map(|run| run.loop_kind.name()),
            "latency_kind": self.any_run().map(|run| run.latency_kind.name()),
            "notes": self.notes(),
            "pairs": pairs.collect::<Vec<_>>(),
            "left_out": left_out.collect::<Vec<_>>(),
            "findings": self.comparison.findings.iter().map(finding_to_json).collect::<Vec<_>>(),
        })
    }

    fn pair_to_json(&self, at: usize, pair: &Pair) -> Value {
        let figures = self.comparison.findings.iter().map(|finding| {
            let [a, b] = pair.runs.each_ref().map(|run| finding.figure.of(run));
            let ratio = finding.ratios.get(at).copied().flatten();
            (finding.figure.name().to_owned(), json!({ "a": a, "b": b, "ratio": ratio }))
        });
        json!({ "pair": pair.name, "figures": figures.collect::<Map<_, _>>() })
    }
}

fn finding_to_json(finding: &Finding) -> Value {
    let spread = finding.spread;
    json!({
        "figure": finding.figure.name(),
        "pairs": finding.ratios.iter().flatten().count(),
        "median": spread.map(|spread| spread.median),
        "min": spread.map(|spread| spread.min),
        "max": spread.map(|spread| spread.max),
        "real": finding.difference.is_real(),
        "finding": finding.difference.name(),
    })
}

fn number(value: Option<f64>, digits: usize) -> Cell {
    value.map_or(Cell::text(NONE), |value| Cell::number(value, digits))
}

fn shown_name(name: &str) -> &str {
    if name.is_empty() { NONE } else { name }
}

/// What was measured, each once.
fn systems(runs: &[Folder]) -> String {
    let named = runs.iter().map(|folder| {
        let system = &folder.run.system;
        format!("{} {}", system.name, system.version).trim().to_owned()
    });
    unique(named).join(", ")
}

fn durabilities(runs: &[Folder]) -> Vec<String> {
    unique(runs.iter().map(|folder| folder.run.durability.name().to_owned()))
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}
