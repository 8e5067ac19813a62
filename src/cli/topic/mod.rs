//! `tidemill topic`: topics, created, listed, described, changed and deleted.

pub(super) mod alter;
mod create;
mod delete;
mod describe;
mod list;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

/// What to do with topics.
#[derive(clap::Args, Debug)]
pub(super) struct TopicArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Create a topic
    Create(create::CreateArgs),
    /// Write the names of all topics
    List(list::ListArgs),
    /// Write partitions and configurations of a topic, or of all
    Describe(describe::DescribeArgs),
    /// Add partitions to a topic, or change its configurations
    Alter(alter::AlterArgs),
    /// Delete a topic and all that is in it
    Delete(delete::DeleteArgs),
}

/// Runs the command.
pub(super) fn run(arguments: TopicArgs) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::Create(arguments) => create::run(arguments),
        Action::List(arguments) => list::run(&arguments),
        Action::Describe(arguments) => describe::run(arguments),
        Action::Alter(arguments) => alter::run(arguments),
        Action::Delete(arguments) => delete::run(arguments),
    }
}
