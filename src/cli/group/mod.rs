//! `tidemill group`: consumer groups, listed, described with their lag, reset and deleted.

mod changes;
mod delete;
mod delete_offsets;
mod describe;
mod explain;
mod lag;
mod list;
mod reset;
mod selection;
mod shown;
mod target;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

/// What to do with groups.
#[derive(clap::Args, Debug)]
pub(super) struct GroupArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Write the names of all groups, with their states
    List(list::ListArgs),
    /// Write how far groups have read, how far they lag behind, and who reads what
    Describe(describe::DescribeArgs),
    /// Set the offsets at which a group without members goes on
    ResetOffsets(reset::ResetArgs),
    /// Delete groups without members, and their offsets
    Delete(delete::DeleteArgs),
    /// Delete a group's offsets of topics that it does not read any more
    DeleteOffsets(delete_offsets::DeleteOffsetsArgs),
}

/// Runs the command.
pub(super) fn run(arguments: GroupArgs) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::List(arguments) => list::run(arguments),
        Action::Describe(arguments) => describe::run(arguments),
        Action::ResetOffsets(arguments) => reset::run(arguments),
        Action::Delete(arguments) => delete::run(arguments),
        Action::DeleteOffsets(arguments) => delete_offsets::run(arguments),
    }
}

/// What is left to do for failures that did not keep a command from the groups behind them.
fn report(failures: &[Failure]) -> ExitCode {
    for failure in failures {
        eprintln!("{failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
