//! `tidemill config set`.

use std::process::ExitCode;

use net::client::{Admin, ConfigChange};

use super::entity::{Entity, explain_config};
use crate::cli::bootstrap::Bootstrap;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::pair::Pair;

/// Changes configurations while the broker runs: all that are named, or none.
#[derive(clap::Args, Debug)]
#[command(group(
    clap::ArgGroup::new("change").required(true).multiple(true).args(["configs", "deleted"])
))]
pub(super) struct SetArgs {
    #[command(flatten)]
    entity: Entity,
    /// What to set
    #[arg(value_name = "NAME=VALUE")]
    configs: Vec<Pair>,
    /// Set a configuration back to what stands behind it; may be repeated
    #[arg(long = "delete", value_name = "NAME")]
    deleted: Vec<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: SetArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let SetArgs { entity, configs, deleted, .. } = arguments;
        let resource = entity.resource(&client).await?;
        let set = configs.into_iter().map(|Pair { name, value }| ConfigChange::Set { name, value });
        let deleted = deleted.into_iter().map(|name| ConfigChange::Delete { name });
        let changes: Vec<_> = set.chain(deleted).collect();
        if let Err(error) = Admin::new(client.clone()).alter_configs(resource, &changes).await {
            return Err(explain_config(&client, resource, error).await);
        }
        output::print(&format!("changed {resource}\n"))?;
        Ok(ExitCode::SUCCESS)
    })
}
