//! `tidemill topic delete`.

use std::process::ExitCode;

use net::client::Admin;

use super::alter::explain_missing;
use crate::cli::bootstrap::Bootstrap;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Deletes a topic and all that is in it.
#[derive(clap::Args, Debug)]
pub(super) struct DeleteArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: DeleteArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let deleted = Admin::new(client.clone()).delete_topic(&arguments.name).await;
        if let Err(error) = deleted {
            return Err(explain_missing(&client, &arguments.name, error).await);
        }
        output::print(&format!("deleted {}\n", arguments.name))?;
        Ok(ExitCode::SUCCESS)
    })
}
