//! The command line: one subcommand a file.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to a person")]

mod log;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A message broker: one durable log per core, behind unmodified Kafka clients.
#[derive(Parser, Debug)]
#[command(name = "tidemill", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the broker
    Serve(serve::ServeArgs),
    /// Look at what is on the disk, without a running broker
    Log(log::LogArgs),
}

/// Parses the command line and runs what it asks for.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Log(arguments) => log::run(arguments),
    }
}
