//! `tidemill config`: what topics, brokers and groups are configured to, written and changed.

mod entity;
mod get;
mod set;
mod table;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

/// What to do with configurations.
#[derive(clap::Args, Debug)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Write configurations: value, where it comes from, and what is built in
    Get(get::GetArgs),
    /// Change configurations while the broker runs
    Set(set::SetArgs),
}

/// Runs the command.
pub(super) fn run(arguments: ConfigArgs) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::Get(arguments) => get::run(arguments),
        Action::Set(arguments) => set::run(arguments),
    }
}
