//! `tidemill topic list`.

use std::process::ExitCode;

use crate::cli::bootstrap::{Bootstrap, explain};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Writes the names of all topics.
#[derive(clap::Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: &ListArgs) -> Result<ExitCode, Failure> {
    arguments.bootstrap.run(|client| async move {
        let cluster = client.describe(None).await.map_err(|error| explain(&error))?;
        let text: String = cluster.topics.keys().flat_map(|name| [name.as_str(), "\n"]).collect();
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    })
}
