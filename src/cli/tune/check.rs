//! `tidemill tune check`.

use std::process::ExitCode;

use tuning::{Finding, Severity, Verdict, examine};

use super::report::Report;
use super::source::Source;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Exit codes of their own: 1 and 2 say that the command failed, or was asked for nonsense.
const ADVISED_FAILS: u8 = 3;
const REQUIRED_FAILS: u8 = 4;

const EXIT_CODES: &str = "Exit codes: 0 nothing fails, 3 something advised fails, \
    4 something required fails, 1 the command failed, 2 it was not understood";

/// Says what of a machine is not as a broker wants it.
#[derive(clap::Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    source: Source,
    /// Show what passes and what does not apply, too
    #[arg(long)]
    all: bool,
    /// Write everything as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &CheckArgs) -> Result<ExitCode, Failure> {
    let snapshot = arguments.source.read()?;
    let profile = arguments.source.profile();
    let findings = examine(&snapshot, profile);
    let report = Report::new(profile, snapshot.container(), &findings);
    output::print(&if arguments.json { report.json() } else { report.text(arguments.all) })?;
    Ok(ExitCode::from(exit_code(&findings)))
}

fn exit_code(findings: &[Finding]) -> u8 {
    let failing = findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    match failing.map(|finding| finding.check.severity).max() {
        None => 0,
        Some(Severity::Advised) => ADVISED_FAILS,
        Some(Severity::Required) => REQUIRED_FAILS,
    }
}
