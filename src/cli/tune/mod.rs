//! `tidemill tune`: the doctor. What the machine will do to latencies, and what to do about it.
//!
//! `check`, `snapshot` and `script` change nothing, and need neither a broker nor a ring. `probe`
//! measures, `verify` runs a broker too; `effect` changes a setting for as long as it is measured.

#![expect(clippy::cast_precision_loss, reason = "figures to be read, with three digits at most")]

mod check;
mod effect;
mod place;
mod probe;
mod report;
mod script;
mod snapshot;
mod source;
mod trial;
mod verify;

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
    /// Measure cores, disk and loopback, and foretell what clients will see
    Probe(probe::ProbeArgs),
    /// Hold that against a short run of a broker on a scratch directory
    Verify(verify::VerifyArgs),
    /// Measure what a setting is worth, and put it back
    Effect(effect::EffectArgs),
}

/// Runs the command.
pub(super) fn run(arguments: TuneArgs) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::Check(arguments) => check::run(&arguments),
        Action::Snapshot(arguments) => snapshot::run(&arguments),
        Action::Script(arguments) => script::run(&arguments),
        Action::Probe(arguments) => probe::run(&arguments),
        Action::Verify(arguments) => verify::run(&arguments),
        Action::Effect(arguments) => effect::run(&arguments),
    }
}
