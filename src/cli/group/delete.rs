//! `tidemill group delete`.

use std::process::ExitCode;

use net::client::Groups;

use super::explain::explain_for_group;
use super::report;
use crate::cli::bootstrap::Bootstrap;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::table::printable;

/// Deletes groups without members, and their offsets.
#[derive(clap::Args, Debug)]
pub(super) struct DeleteArgs {
    /// Their names
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command: one group that can not go does not keep the others.
pub(super) fn run(arguments: DeleteArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let groups = Groups::new(client.clone());
        let (mut output, mut failures) = (Output::new(), Vec::new());
        for group in &arguments.groups {
            match groups.delete(group).await {
                Ok(()) => output.write(format!("deleted {}\n", printable(group)).as_bytes())?,
                Err(error) => failures.push(explain_for_group(&client, group, error).await),
            }
        }
        output.flush()?;
        Ok(report(&failures))
    })
}
