//! `tidemill config get`.

use std::process::ExitCode;

use net::client::Admin;

use super::entity::{Entity, explain_config};
use super::table;
use crate::cli::bootstrap::Bootstrap;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::config::nearest;

/// Writes configurations: value, where it comes from, and what is built in.
#[derive(clap::Args, Debug)]
pub(super) struct GetArgs {
    #[command(flatten)]
    entity: Entity,
    /// Which configurations [default: all; of all brokers, what was set]
    names: Vec<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: GetArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let GetArgs { entity, names, .. } = arguments;
        let resource = entity.resource(&client).await?;
        let entries = match Admin::new(client.clone()).describe_configs(resource).await {
            Ok(entries) => entries,
            Err(error) => return Err(explain_config(&client, resource, error).await),
        };
        let missing = |name: &&String| entries.iter().all(|entry| entry.name != **name);
        if let Some(name) = names.iter().find(missing) {
            let failure = Failure::new(format_args!("{resource} has no configuration '{name}'"));
            let near = nearest(name, entries.iter().map(|entry| entry.name.as_str()));
            return Err(match near {
                Some(near) => failure.hint(format_args!("did you mean '{near}'?")),
                None => failure,
            });
        }
        let wanted = entries.iter().filter(|entry| names.is_empty() || names.contains(&entry.name));
        output::print(&table::text(wanted))?;
        Ok(ExitCode::SUCCESS)
    })
}
