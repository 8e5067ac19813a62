//! `tidemill group list`.

use std::process::ExitCode;

use net::client::{GroupListing, Groups};
use serde::Serialize;

use crate::cli::bootstrap::{Bootstrap, explain};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::table::Table;

/// Kafka's words for the states of classic and of KIP-848 groups.
const STATES: [&str; 7] = [
    "Empty",
    "Stable",
    "PreparingRebalance",
    "CompletingRebalance",
    "Assigning",
    "Reconciling",
    "Dead",
];
const TYPES: [&str; 2] = ["classic", "consumer"];

/// Writes the names of all groups, with their states.
#[derive(clap::Args, Debug)]
pub(super) struct ListArgs {
    /// Only groups in this state; may be repeated
    #[arg(long = "state", value_name = "STATE", value_parser = STATES, ignore_case = true)]
    states: Vec<String>,
    /// Only groups of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = TYPES, ignore_case = true)]
    types: Vec<String>,
    /// Write each group as a JSON object on a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Serialize)]
struct JsonListing<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    group_type: &'a str,
    state: &'a str,
    protocol_type: &'a str,
}

/// Runs the command.
pub(super) fn run(arguments: ListArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let mut groups = Groups::new(client).list().await.map_err(|error| explain(&error))?;
        // Here and not by the broker: an older one has no such filters.
        groups.retain(|group| {
            is_among(&arguments.states, &group.state)
                && is_among(&arguments.types, &group.group_type)
        });
        output::print(&if arguments.json { json(&groups) } else { text(&groups) })?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Whether a word is wanted; no words stand for all.
fn is_among(wanted: &[String], word: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(word))
}

fn text(groups: &[GroupListing]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["GROUP", "TYPE", "STATE", "PROTOCOL"]);
    for GroupListing { name, protocol_type, state, group_type } in groups {
        table.push([name.clone(), group_type.clone(), state.clone(), protocol_type.clone()]);
    }
    table.to_string()
}

fn json(groups: &[GroupListing]) -> String {
    let lines = groups.iter().map(|GroupListing { name, protocol_type, state, group_type }| {
        let listing = JsonListing { name, group_type, state, protocol_type };
        serde_json::to_string(&listing).expect("plain values can be written as JSON") + "\n"
    });
    lines.collect()
}
