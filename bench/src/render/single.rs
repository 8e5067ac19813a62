//! The page of one run.

use std::path::Path;

use super::curves::{self, Curve};
use super::heat::{self, Map};
use super::page::Page;
use super::{save, tables};
use crate::error::BenchError;
use crate::folder::log::TAGS;
use crate::folder::run::{LatencyKind, Run};
use crate::folder::{self, Folder};

/// Writes the pictures and the distributions, and returns the page.
pub(super) fn page(folder: &Folder, out: &Path) -> Result<String, BenchError> {
    let run = &folder.run;
    let name = tables::name_of(folder);
    let mut page = Page::new();
    page.title(&name);
    let durability = run.durability.name();
    page.remark(&format!("{}, durability: {durability}, {}", tables::system(run), about(run)));
    verdict(&mut page, run);
    page.heading("Latency");
    page.remark(&latency_note(run));
    page.table(&tables::percentiles(run));
    let histograms = folder.histograms()?;
    folder::write_distributions(out, &histograms)?;
    let curves: Vec<Curve> =
        TAGS.iter().filter_map(|tag| Curve::of(*tag, histograms.get(*tag)?)).collect();
    let title = format!("Latency by percentile: {name}{}", stamp(run));
    if let Some(svg) = curves::draw(&title, &curves)? {
        page.figure(&svg);
        page.remark("A ring is the longest of all.");
        save(out, "percentiles.svg", &svg)?;
    }
    let title = format!("Latency over time (total): {name}{}", stamp(run));
    if let Some(svg) = heat::draw(&title, &Map::of(folder)?, &folder.timeline()?)? {
        page.heading("Over time");
        page.figure(&svg);
        save(out, "heatmap.svg", &svg)?;
    }
    stages(&mut page, folder)?;
    page.heading("Account and costs");
    page.table(&tables::account(run));
    page.heading("Workload");
    page.table(&tables::workload(&run.workload));
    environment(&mut page, folder)?;
    Ok(page.finish(&name))
}

/// When a workload was run and by what, in a line.
pub(super) fn about(run: &Run) -> String {
    let started = i64::try_from(run.started_unix_ms).ok();
    let started = started.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    let started = started.map_or("at no known time".to_owned(), |started| {
        started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    });
    let workload = run.workload.get("name").and_then(|name| name.as_str());
    let workload = workload.map_or(String::new(), |name| format!("workload {name}, "));
    format!("{workload}{started}, by {}", run.tool)
}

/// What a picture must say of its latencies wherever it is shown; nothing of those of an open loop.
pub(super) fn stamp(run: &Run) -> String {
    let kind = run.latency_kind;
    if kind == LatencyKind::FromDue { String::new() } else { format!(" ({})", kind.name()) }
}

/// What latencies are, and which are not told.
pub(super) fn latency_note(run: &Run) -> String {
    format!(
        "{} loop; latency: {}. A percentile is told only with ten samples beyond it.",
        if run.loop_kind.name() == "open" { "Open" } else { "Closed" },
        run.latency_kind.name(),
    )
}

fn verdict(page: &mut Page, run: &Run) {
    let verdict = &run.verdict;
    page.verdict(verdict.valid, if verdict.valid { "valid" } else { "invalid: not for tables" });
    if !verdict.reasons.is_empty() {
        page.list(verdict.reasons.iter().map(|reason| reason.text.as_str()));
    }
}

/// The broker's view beside the client's, where there is one.
pub(super) fn stages(page: &mut Page, folder: &Folder) -> Result<(), BenchError> {
    let Some(stages) = folder.stages()? else { return Ok(()) };
    if !stages.stages.is_empty() {
        page.heading("Where the time went");
        page.remark(
            "The broker's stages for the same time, below what the client saw. Percentiles of \
             stages do not add up: the slowest in one stage need not be the slowest in another.",
        );
        page.table(&tables::stages(&folder.run, &stages));
    }
    if !stages.slow.is_empty() {
        page.details(&format!("The {} slowest requests", stages.slow.len()), |page| {
            page.table(&tables::slowest(&stages));
        });
    }
    Ok(())
}

/// The machine and the configuration.
pub(super) fn environment(page: &mut Page, folder: &Folder) -> Result<(), BenchError> {
    let Some(environment) = folder.environment()? else { return Ok(()) };
    let facts = tables::facts(&environment);
    if !facts.is_empty() {
        page.heading("Environment");
        page.table(&facts);
    }
    Ok(())
}
