//! The page of a series, or of several runs and series side by side.

use std::collections::BTreeSet;
use std::path::Path;

use super::curves::{self, Curve};
use super::heat::{self, Map};
use super::page::Page;
use super::{Group, save, single, tables};
use crate::error::BenchError;
use crate::folder::Folder;

/// Runs with a map of their own on the page.
const MAPS_MAX: usize = 24;

/// A run and how it is called on this page.
struct Named<'a> {
    name: String,
    /// What its curve is called: all runs of a group and system are one.
    line: String,
    folder: &'a Folder,
}

/// Writes the pictures, and returns the page.
pub(super) fn page(groups: &[Group], out: &Path) -> Result<String, BenchError> {
    let all = named(groups);
    let (valid, invalid): (Vec<_>, Vec<_>) =
        all.iter().partition(|named| named.folder.run.verdict.valid);
    let title = groups.iter().map(|group| last_part(&group.name)).collect::<Vec<_>>().join(", ");
    let mut page = Page::new();
    page.title(&title);
    if let Some(first) = all.first() {
        page.remark(&single::about(&first.folder.run));
        page.remark(&single::latency_note(&first.folder.run));
    }
    for warning in mixed(&all) {
        page.verdict(false, warning);
    }
    page.verdict(invalid.is_empty(), &format!("{} of {} runs are valid", valid.len(), all.len()));
    page.list(
        invalid.iter().map(|named| reasons(named)).collect::<Vec<_>>().iter().map(String::as_str),
    );
    page.heading("Runs");
    page.remark(
        "The unit is the run: percentiles are each run's own, of total, and never averaged.",
    );
    let runs: Vec<_> = valid.iter().map(|named| (named.name.clone(), &named.folder.run)).collect();
    page.table(&tables::latencies(&runs));
    page.table(&tables::costs(&runs));
    let mut curves = Vec::new();
    for named in &valid {
        let histograms = named.folder.histograms()?;
        let total = histograms.get("total");
        curves.extend(total.and_then(|total| Curve::of(named.line.clone(), total)));
    }
    let heading = format!("Latency by percentile (total): {title}{}", stamp(&valid));
    if let Some(svg) = curves::draw(&heading, &curves)? {
        page.heading("Latency");
        page.figure(&svg);
        page.remark("A line is a run; a ring is its longest.");
        save(out, "percentiles.svg", &svg)?;
    }
    maps(&mut page, &valid, out)?;
    if let Some(first) = valid.first().or(invalid.first()) {
        page.heading("Workload");
        page.table(&tables::workload(&first.folder.run.workload));
        single::environment(&mut page, first.folder)?;
    }
    Ok(page.finish(&title))
}

/// The stamps of all runs, each once.
fn stamp(runs: &[&Named<'_>]) -> String {
    let stamps: BTreeSet<String> =
        runs.iter().map(|named| single::stamp(&named.folder.run)).collect();
    stamps.into_iter().collect()
}

fn maps(page: &mut Page, valid: &[&Named<'_>], out: &Path) -> Result<(), BenchError> {
    page.heading("Over time");
    for (number, named) in (1..).zip(valid.iter().take(MAPS_MAX)) {
        let stamp = single::stamp(&named.folder.run);
        let title = format!("Latency over time (total): {}{stamp}", named.name);
        let map = Map::of(named.folder)?;
        let Some(svg) = heat::draw(&title, &map, &named.folder.timeline()?)? else { continue };
        save(out, &format!("heatmap-{number:03}.svg"), &svg)?;
        page.details(&named.name, |page| page.figure(&svg));
    }
    if valid.len() > MAPS_MAX {
        page.remark(&format!("{} more runs have no map here.", valid.len() - MAPS_MAX));
    }
    Ok(())
}

fn named(groups: &[Group]) -> Vec<Named<'_>> {
    let alone = groups.len() == 1;
    let runs = groups.iter().flat_map(|group| {
        let group_name = last_part(&group.name);
        group.folders.iter().map(move |folder| {
            let system = tables::system(&folder.run);
            let own = tables::name_of(folder);
            let (name, line) = if alone {
                (own, system)
            } else if folder.name.is_empty() {
                (group_name.to_owned(), format!("{group_name}: {system}"))
            } else {
                (format!("{group_name} {own}"), format!("{group_name}: {system}"))
            };
            Named { name, line, folder }
        })
    });
    runs.collect()
}

/// The last part of a path; all of it if there is none.
fn last_part(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    name.unwrap_or(path)
}

fn reasons(named: &Named<'_>) -> String {
    format!("{} is invalid: {}", named.name, named.folder.run.verdict.why())
}

/// What makes runs on one page hard to hold against each other.
fn mixed(all: &[Named<'_>]) -> Vec<&'static str> {
    let differs = |of: &dyn Fn(&Folder) -> &'static str| {
        all.windows(2).any(|two| matches!(two, [a, b] if of(a.folder) != of(b.folder)))
    };
    let mut warnings = Vec::new();
    if differs(&|folder| folder.run.latency_kind.name()) {
        warnings
            .push("these runs do not measure the same: open and closed loops, or whole batches");
    }
    if differs(&|folder| folder.run.durability.name()) {
        warnings.push("these runs are not at equal durability");
    }
    warnings
}
