//! `tidemill tune`: the doctor. What the machine will do to latencies, and what to do about it.
//!
//! It changes nothing, and needs neither a broker nor a ring.

mod check;
mod report;
mod script;
mod snapshot;
mod source;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

/// What to ask the doctor.
#[derive(clap::Args, Debug)]
pub(super) struct TuneArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Say what of this machine, or of one in a snapshot, is not as a broker wants it
    Check(check::CheckArgs),
    /// Write what the checks look at as a file, to be judged elsewhere
    Snapshot(snapshot::SnapshotArgs),
    /// Write a shell script that would set what fails, and could undo it; changes nothing
    Script(script::ScriptArgs),
}

/// Runs the command.
pub(super) fn run(arguments: TuneArgs) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::Check(arguments) => check::run(&arguments),
        Action::Snapshot(arguments) => snapshot::run(&arguments),
        Action::Script(arguments) => script::run(&arguments),
    }
}
