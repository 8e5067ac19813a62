//! `tidemill topic alter`.

use std::process::ExitCode;

use net::client::{Admin, Client, ClientError, ConfigChange, ConfigResource};
use net::kafka::error_code::ErrorCode;

use crate::cli::bootstrap::{Bootstrap, explain, explain_for};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::pair::Pair;

/// Adds partitions to a topic, or changes its configurations.
#[derive(clap::Args, Debug)]
#[command(group(
    clap::ArgGroup::new("change").required(true).multiple(true)
        .args(["partitions", "configs", "deleted"])
))]
pub(super) struct AlterArgs {
    /// Its name
    name: String,
    /// How many partitions it is to have, more than it has now
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Set a configuration; may be repeated
    #[arg(long = "config", value_name = "NAME=VALUE")]
    configs: Vec<Pair>,
    /// Set a configuration back to its default; may be repeated
    #[arg(long = "delete-config", value_name = "NAME")]
    deleted: Vec<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: AlterArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let (admin, name) = (Admin::new(client.clone()), arguments.name);
        let set = arguments.configs.into_iter();
        let set = set.map(|Pair { name, value }| ConfigChange::Set { name, value });
        let deleted = arguments.deleted.into_iter().map(|name| ConfigChange::Delete { name });
        let changes: Vec<_> = set.chain(deleted).collect();
        // Configurations first: they are all changed or none, and can be set back.
        if !changes.is_empty()
            && let Err(error) = admin.alter_configs(ConfigResource::Topic(&name), &changes).await
        {
            return Err(explain_missing(&client, &name, error).await);
        }
        if let Some(partitions) = arguments.partitions
            && let Err(error) = admin.create_partitions(&name, partitions).await
        {
            return Err(explain_missing(&client, &name, error).await);
        }
        output::print(&format!("altered {name}\n"))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Why a change of a topic was refused; if there is none of that name, which was probably meant.
pub(in crate::cli) async fn explain_missing(
    client: &Client,
    name: &str,
    error: ClientError,
) -> Failure {
    if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) {
        let topic = name.to_owned();
        return explain_for(client, ClientError::UnknownTopic { topic }).await;
    }
    explain(&error)
}
