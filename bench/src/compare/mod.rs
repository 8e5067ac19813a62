//! `compare A B`: what differs between two systems, or two versions of one, beyond chance.
//!
//! The unit is the run, never the sample: two runs of a block are compared with each other, and a
//! difference is real only if at least six pairs all say the same. By chance alone they do so once
//! in 32 times.

mod figures;
mod pairs;
mod show;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::Args;

use self::figures::{Figure, Finding};
use self::pairs::{LeftOut, Pair, Pairing};
use crate::error::BenchError;
use crate::folder::{self, Folder};
use crate::report;

pub(crate) use self::pairs::{Refusal, differing};

/// `compare`
#[derive(Args, Clone, Debug)]
pub(crate) struct CompareArgs {
    /// A run folder, or a series of them
    #[arg(value_name = "A")]
    one: PathBuf,
    /// What is divided by it
    #[arg(value_name = "B")]
    other: PathBuf,
    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

/// Everything that can be said of two series.
#[derive(Debug)]
pub(crate) struct Comparison {
    pairing: Pairing,
    findings: Vec<Finding>,
}

impl Comparison {
    /// Of two series, or of two runs.
    pub(crate) fn of(one: &[Folder], other: &[Folder]) -> Result<Self, Refusal> {
        let pairing = Pairing::of(one, other)?;
        let findings = Figure::ALL.map(|figure| Finding::of(figure, &pairing.pairs));
        Ok(Self { pairing, findings: findings.into() })
    }
}

/// `tidemill-bench compare`
pub(crate) fn run(args: &CompareArgs) -> Result<(), BenchError> {
    let (one, other) = (folder::runs(&args.one)?, folder::runs(&args.other)?);
    let comparison = Comparison::of(&one, &other)?;
    let shown = show::Shown { paths: [&args.one, &args.other], runs: [&one, &other], comparison };
    report::show(&if args.json { format!("{:#}", shown.to_json()) } else { shown.to_text() })
}
