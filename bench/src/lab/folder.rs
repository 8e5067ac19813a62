//! A run as its folder keeps it: [`crate::folder`] has the files, of which reports and comparisons
//! are made.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::costs::Sample;
use super::ledger::{Account, Tag};
use super::recorder::histogram;
use super::summary::{Summary, first_row};
use super::workload::Workload;
use crate::error::BenchError;
use crate::folder::run::{
    Costs, Counts, Durability, FORMAT, Floor, LoopKind, Run, System, Verdict, WarmUp, Window,
};
use crate::folder::timeline::{self, Row};
use crate::folder::{self, FolderError, log};
use crate::percentile::{max_us, percentile_us};
use crate::stages::Stages;

/// Everything about a run.
pub(crate) struct RunRecord<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) started_unix_ms: u64,
    /// Its number in a series.
    pub(crate) block: Option<u32>,
    pub(crate) label: Option<&'a str>,
    /// The target.
    pub(crate) system: System,
    pub(crate) durability: Durability,
    pub(crate) account: &'a Account,
    pub(crate) summary: &'a Summary,
    /// Acknowledged records of the window that can be read.
    pub(crate) readable: Option<u64>,
    pub(crate) floor: Option<Floor>,
    pub(crate) costs: Costs,
    /// A sample of the machine at the end of each row.
    pub(crate) samples: &'a [Sample],
    pub(crate) verdict: &'a Verdict,
    /// Facts about the machine.
    pub(crate) machine: Vec<(String, String)>,
    /// The target's configuration.
    pub(crate) configuration: Vec<(String, String)>,
    /// Whether the target's journal has been written once from end to end; `None`: not known.
    pub(crate) lapped: Option<bool>,
    /// Where the broker's time went, if it can be asked.
    pub(crate) stages: Option<&'a Stages>,
}

impl RunRecord<'_> {
    /// Writes all files to `directory`, which is made.
    pub(crate) fn write(&self, directory: &Path) -> Result<(), BenchError> {
        folder::write_json(&directory.join(folder::RUN), &self.run())?;
        folder::write_json(&directory.join(folder::ENVIRONMENT), &self.environment())?;
        folder::write(&directory.join(folder::LOG), &self.log()?)?;
        let timeline = timeline::to_csv(&self.timeline()?);
        folder::write(&directory.join(folder::TIMELINE), timeline.as_bytes())?;
        folder::write_distributions(directory, &self.summary.by_name())?;
        if let Some(stages) = self.stages {
            folder::write_json(&directory.join(folder::STAGES), &stages.to_json())?;
        }
        Ok(())
    }

    fn run(&self) -> Run {
        let (account, counts) = (self.account, self.account.counts);
        let closed = self.workload.is_closed();
        Run {
            format: FORMAT,
            tool: concat!("tidemill-bench ", env!("CARGO_PKG_VERSION")).to_owned(),
            started_unix_ms: self.started_unix_ms,
            block: self.block,
            label: self.label.map(str::to_owned),
            workload: self.workload.to_json(),
            loop_kind: if closed { LoopKind::Closed } else { LoopKind::Open },
            latency_kind: self.workload.latency_kind(),
            durability: self.durability,
            system: self.system.clone(),
            window: Window { start_ns: account.window.start, end_ns: account.window.end },
            warm_up: WarmUp { p50_stable: account.settled, journal_lapped: self.lapped },
            counts: Counts {
                intended: counts.intended,
                sent: counts.sent,
                acked: counts.acked,
                errors: counts.errors,
                timed_out: counts.timed_out,
                waiting: counts.waiting,
                readable: self.readable,
                read: counts.read,
            },
            bytes_acked: counts.bytes_acked,
            percentiles_us: self.summary.percentiles(),
            floor: self.floor,
            costs: self.costs,
            verdict: self.verdict.clone(),
        }
    }

    fn environment(&self) -> Value {
        let named = |pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.clone().into()));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        json!({
            "machine": named(&self.machine),
            "system": self.system,
            "durability": self.durability,
            "configuration": named(&self.configuration),
        })
    }

    /// The rows from the window's start on; what was due in the window and ended after it included.
    fn log(&self) -> Result<Vec<u8>, BenchError> {
        let start = Duration::from_millis(self.started_unix_ms)
            + Duration::from_nanos(self.account.window.start);
        let rows = &self.account.rows[first_row(self.account)..];
        // One histogram at a time: a run of minutes has hundreds.
        let all = (0..).zip(rows).flat_map(|(second, row)| Tag::ALL.map(|tag| (second, row, tag)));
        let told = all.filter(|(_, row, tag)| row.intervals[*tag as usize].count() > 0);
        let intervals = told.map(|(second, row, tag)| {
            let mut interval = histogram().map_err(|_| FolderError::Histogram)?;
            row.intervals[tag as usize].add_to(&mut interval);
            Ok((tag.name(), second, interval))
        });
        Ok(log::write(start, intervals)?)
    }

    fn timeline(&self) -> Result<Vec<Row>, BenchError> {
        let first = i64::try_from(first_row(self.account)).unwrap_or(0);
        let mut samples = self.samples.iter();
        let rows = (0_i64..).zip(&self.account.rows).map(|(number, seen)| {
            let mut total = histogram()?;
            seen.intervals[Tag::Total as usize].add_to(&mut total);
            let mut row = Row {
                second: number - first,
                intended: seen.counts.intended,
                sent: seen.counts.sent,
                acked: seen.counts.acked,
                errors: seen.counts.errors,
                timed_out: seen.counts.timed_out,
                backlog: seen.backlog,
                bytes_acked: seen.counts.bytes_acked,
                p50_us: percentile_us(&total, 0.5),
                p99_us: percentile_us(&total, 0.99),
                max_us: max_us(&total),
                ..Row::default()
            };
            if let Some(sample) = samples.next() {
                sample.enter(&mut row);
            }
            Ok(row)
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests;
