//! `tidemill topic create`.

use std::process::ExitCode;

use net::client::{Admin, NewTopic};

use crate::cli::bootstrap::{Bootstrap, explain};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::pair::Pair;

/// Creates a topic.
#[derive(clap::Args, Debug)]
pub(super) struct CreateArgs {
    /// Its name
    name: String,
    /// How many partitions [default: the broker's num.partitions]
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// How many replicas [default: the broker's default.replication.factor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
    replication_factor: Option<i16>,
    /// A configuration that is not the default, such as retention.ms=3600000; may be repeated
    #[arg(long = "config", value_name = "NAME=VALUE")]
    configs: Vec<Pair>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: CreateArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let configs = arguments.configs.into_iter().map(|pair| (pair.name, pair.value));
        let configs: Vec<_> = configs.collect();
        let topic = NewTopic {
            name: &arguments.name,
            partitions: arguments.partitions.unwrap_or(-1),
            replication_factor: arguments.replication_factor.unwrap_or(-1),
            configs: &configs,
        };
        Admin::new(client).create_topic(&topic).await.map_err(|error| explain(&error))?;
        output::print(&format!("created {}\n", arguments.name))?;
        Ok(ExitCode::SUCCESS)
    })
}
