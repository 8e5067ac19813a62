//! `tidemill tune snapshot`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::source::Aim;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Writes what the checks look at as JSON.
#[derive(clap::Args, Debug)]
pub(super) struct SnapshotArgs {
    #[command(flatten)]
    aim: Aim,
    /// Where `proc`, `sys` and `etc` are
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Write to a file, over what is there [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(arguments: &SnapshotArgs) -> Result<ExitCode, Failure> {
    let snapshot = arguments.aim.capture(&arguments.root)?;
    match &arguments.output {
        Some(file) => snapshot
            .save(file)
            .map_err(|error| Failure::new(format_args!("{}: {error}", file.display())))?,
        None => output::print(&snapshot.to_json())?,
    }
    Ok(ExitCode::SUCCESS)
}
