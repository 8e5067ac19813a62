//! `tidemill tune script`.

use std::process::ExitCode;

use tuning::{examine, script};

use super::source::Source;
use crate::cli::failure::Failure;
use crate::cli::output;

const USE: &str = "Write it to a file, read it, then: sh FILE apply, and sh FILE undo. What it \
    overwrites it keeps below /run/tidemill-tune. With TIDEMILL_ROOT=DIR it works on the files \
    below DIR";

/// Writes a shell script that would set what fails.
#[derive(clap::Args, Debug)]
#[command(after_help = USE)]
pub(super) struct ScriptArgs {
    #[command(flatten)]
    source: Source,
}

/// Runs the command.
pub(super) fn run(arguments: &ScriptArgs) -> Result<ExitCode, Failure> {
    let snapshot = arguments.source.read()?;
    output::print(&script(&examine(&snapshot, arguments.source.profile())))?;
    Ok(ExitCode::SUCCESS)
}
