//! `tidemill group describe`.

use std::process::ExitCode;

use net::client::Groups;

use super::explain::explain_for_group;
use super::lag::Progress;
use super::{report, shown};
use crate::cli::bootstrap::{Bootstrap, explain};
use crate::cli::failure::Failure;
use crate::cli::output::Output;

/// Writes how far groups have read, how far they lag behind, and who reads what.
#[derive(clap::Args, Debug)]
pub(super) struct DescribeArgs {
    /// Their names [default: all groups]
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// Write the members too, also those that read nothing
    #[arg(long)]
    members: bool,
    /// Write each group as a JSON object on a line, with its members
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command: one group that there is not does not hide the others.
pub(super) fn run(arguments: DescribeArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let mut names = arguments.groups;
        if names.is_empty() {
            let all = Groups::new(client.clone()).list().await;
            let all = all.map_err(|error| explain(&error))?;
            names.extend(all.into_iter().map(|group| group.name));
        }
        let (mut output, mut failures) = (Output::new(), Vec::new());
        let mut separator = "";
        for name in &names {
            let progress = match Progress::ask(&client, name).await {
                Ok(progress) => progress,
                Err(error) => {
                    failures.push(explain_for_group(&client, name, error).await);
                    continue;
                }
            };
            if arguments.json {
                output.write(shown::json(&progress).as_bytes())?;
                continue;
            }
            output.write(separator.as_bytes())?;
            output.write(shown::text(&progress, arguments.members).as_bytes())?;
            separator = "\n";
        }
        output.flush()?;
        Ok(report(&failures))
    })
}
