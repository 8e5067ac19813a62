//! `merge DIR... --out DIR`: the runs of generators that were started together, as one run.
//!
//! Histograms are added up second by second and tag by tag, and percentiles are read from the sums:
//! none is ever averaged. What each generator counts is added, what each sees of the same machine
//! is not.

mod sum;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::compare::differing;
use crate::error::BenchError;
use crate::folder::log::{self, Interval, Log, TAGS};
use crate::folder::run::Percentiles;
use crate::folder::timeline::to_csv;
use crate::folder::{self, Folder, FolderError};
use crate::render;

/// What generators of one run may be told differently: where they are and what they are called.
const MAY_DIFFER: [&str; 6] = ["bootstrap", "cores", "label", "out", "seed", "start_at"];

/// Generators of one run.
const GENERATORS_MAX: usize = 64;

/// `merge`
#[derive(Args, Clone, Debug)]
pub(crate) struct MergeArgs {
    /// The run folders of generators that were started with the same --start-at
    #[arg(value_name = "DIR", required = true, num_args = 2..)]
    runs: Vec<PathBuf>,
    /// Where the merged run folder is written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Why runs are not merged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is nothing to merge, or too much.
    #[error("from 2 to {GENERATORS_MAX} run folders are merged")]
    Count,
    /// They did not run at the same time.
    #[error("the windows of {one} and {other} do not overlap")]
    Apart {
        /// A run.
        one: String,
        /// Another.
        other: String,
    },
    /// They were not asked the same, or did not measure the same.
    #[error("{one} and {other} differ: {}", settings.join(", "))]
    Differ {
        /// A run.
        one: String,
        /// Another.
        other: String,
        /// In what.
        settings: Vec<String>,
    },
}

/// A window in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start_ns: u64,
    end_ns: u64,
}

impl Span {
    fn of(folder: &Folder) -> Self {
        let (run, window) = (&folder.run, folder.run.window);
        let begun_ns = run.started_unix_ms.saturating_mul(1_000_000);
        let at = |ns: u64| begun_ns.saturating_add(ns);
        Self { start_ns: at(window.start_ns), end_ns: at(window.end_ns) }
    }

    fn overlap_ns(self, other: Self) -> u64 {
        self.end_ns.min(other.end_ns).saturating_sub(self.start_ns.max(other.start_ns))
    }
}

/// Whether these are generators of one run.
fn check(folders: &[Folder]) -> Result<(), Refusal> {
    let [first, others @ ..] = folders else { return Err(Refusal::Count) };
    if others.is_empty() || folders.len() > GENERATORS_MAX {
        return Err(Refusal::Count);
    }
    let place = |folder: &Folder| folder.path.display().to_string();
    for (at, other) in (1..).zip(others) {
        let mut settings = differing(&first.run, &other.run, &MAY_DIFFER);
        let (a, b) = (&first.run, &other.run);
        for (name, same) in [
            ("loop", a.loop_kind == b.loop_kind),
            ("latency_kind", a.latency_kind == b.latency_kind),
            ("system", a.system == b.system),
            ("durability", a.durability == b.durability),
        ] {
            settings.extend((!same).then(|| name.to_owned()));
        }
        if !settings.is_empty() {
            return Err(Refusal::Differ { one: place(first), other: place(other), settings });
        }
        for earlier in folders.iter().take(at) {
            if Span::of(earlier).overlap_ns(Span::of(other)) == 0 {
                return Err(Refusal::Apart { one: place(earlier), other: place(other) });
            }
        }
    }
    Ok(())
}

/// The seconds that each run's window begins after the first one's, the nearest.
fn shifts(folders: &[Folder]) -> Vec<u64> {
    let starts = folders.iter().map(|folder| Span::of(folder).start_ns);
    let first = starts.clone().min().unwrap_or(0);
    starts.map(|start| (start - first).saturating_add(500_000_000) / 1_000_000_000).collect()
}

/// What the logs add up to.
#[derive(Default)]
struct Sums {
    /// The histogram of each tag over the whole window.
    by_tag: BTreeMap<String, Histogram<u64>>,
    /// What is told of `total` in each second.
    by_second: BTreeMap<u64, Percentiles>,
}

/// Adds the logs up by second and tag, one interval after another: a run of hours has more of them
/// than memory holds decoded. Returns the merged log.
fn add_up(folders: &[Folder], start: Duration, sums: &mut Sums) -> Result<Vec<u8>, FolderError> {
    let logs = folders.iter().map(Folder::log).collect::<Result<Vec<_>, _>>()?;
    let mut lines: BTreeMap<(u64, &str), Vec<(&Folder, Interval<'_>)>> = BTreeMap::new();
    for ((folder, log), shift) in folders.iter().zip(&logs).zip(shifts(folders)) {
        let log = Log::parse(log).map_err(|error| folder.in_log(error))?;
        let known = log.intervals.into_iter().filter(|interval| TAGS.contains(&interval.tag));
        for interval in known {
            let second = interval.second().saturating_add(shift);
            lines.entry((second, interval.tag)).or_default().push((folder, interval));
        }
    }
    let merged = lines.into_iter().map(|((second, tag), lines)| {
        let histogram = merge(&lines)?;
        if tag == "total" {
            sums.by_second.insert(second, Percentiles::of(&histogram));
        }
        let all = sums.by_tag.entry(tag.to_owned());
        let all = all.or_insert_with(|| folder::histogram_of(&histogram));
        folder::add(all, &histogram).ok_or(FolderError::Histogram)?;
        Ok((tag, second, histogram))
    });
    log::write(start, merged)
}

fn merge(lines: &[(&Folder, Interval<'_>)]) -> Result<Histogram<u64>, FolderError> {
    let mut merged: Option<Histogram<u64>> = None;
    for (folder, interval) in lines {
        let histogram = interval.histogram().map_err(|error| folder.in_log(error))?;
        let all = merged.get_or_insert_with(|| folder::histogram_of(&histogram));
        folder::add(all, &histogram).ok_or(FolderError::Histogram)?;
    }
    merged.ok_or(FolderError::Histogram)
}

/// `tidemill-bench merge`
pub(crate) fn run(args: &MergeArgs) -> Result<(), BenchError> {
    let folders = args.runs.iter().map(|path| Folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    merge_into(&args.out, &folders)?;
    render::report(std::slice::from_ref(&args.out), &args.out)?;
    Ok(())
}

/// Writes the merged run folder.
fn merge_into(out: &Path, folders: &[Folder]) -> Result<(), BenchError> {
    check(folders)?;
    let span = sum::span(folders);
    let mut sums = Sums::default();
    let log = add_up(folders, Duration::from_nanos(span.start_ns), &mut sums)?;
    let run = sum::run(folders, &sums.by_tag);
    let rows = sum::rows(folders, &shifts(folders), &sums.by_second)?;
    let environments = folders.iter().map(|folder| {
        let environment = folder.environment()?;
        let path = folder.path.display().to_string();
        Ok(json!({ "folder": path, "environment": environment }))
    });
    let environments = environments.collect::<Result<Vec<_>, FolderError>>()?;
    folder::write_json(&out.join(folder::RUN), &run)?;
    folder::write_json(&out.join(folder::ENVIRONMENT), &json!({ "generators": environments }))?;
    folder::write(&out.join(folder::LOG), &log)?;
    folder::write(&out.join(folder::TIMELINE), to_csv(&rows).as_bytes())?;
    folder::write_distributions(out, &sums.by_tag)?;
    for folder in folders {
        // The broker answers one of them with what it saw of all.
        if let Some(stages) = folder.stages()? {
            folder::write_json(&out.join(folder::STAGES), &stages)?;
            break;
        }
    }
    Ok(())
}
