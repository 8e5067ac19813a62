//! The bench: what this machine can do, and what a broker makes of it.

#![forbid(unsafe_code)]
#![expect(clippy::cast_precision_loss, reason = "figures to be read, with three digits at most")]

mod broker;
mod cli;
mod client;
mod compact;
mod compare;
mod error;
mod fetch;
mod floor;
mod folder;
mod groups;
mod idle;
mod lab;
mod latency;
mod merge;
mod order;
mod pace;
mod pair;
mod percentile;
mod produce;
mod random;
mod render;
mod report;
mod request;
mod rivals;
mod spread;
mod stages;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::error::BenchError;

/// The exit code of a run that must not be believed.
const INVALID: u8 = 3;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ BenchError::Invalid(_)) => {
            eprintln!("tidemill-bench: {error}");
            ExitCode::from(INVALID)
        }
        Err(error) => {
            eprintln!("tidemill-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), BenchError> {
    match cli.command {
        Command::Run(args) => lab::run(&args),
        Command::Find(args) => lab::find(&args),
        Command::SelfTest(args) => lab::self_test(&args),
        Command::Floor(args) => floor::run(&args),
        Command::Produce(args) => produce::run(&args),
        Command::Fetch(args) => fetch::run(&args),
        Command::Pair(args) => pair::run(&args),
        Command::Compact(args) => compact::run(&args),
        Command::Idle(args) => idle::run(&args),
        Command::Groups(args) => groups::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Order(args) => order::run(&args),
        Command::Report(args) => render::run(&args),
        Command::Rivals(args) => rivals::run(&args),
        Command::ServeFloor(args) => floor::serve(&args),
    }
}
