//! The command line: one subcommand a file, each `run(args) -> Result<ExitCode, Failure>`.
//!
//! Exit codes: 0 done, 1 the command failed, 2 it was asked for something that makes no sense;
//! `tune check` has two more.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to a person")]

mod bench;
mod bootstrap;
mod completions;
mod config;
mod consume;
mod failure;
mod format;
mod group;
mod lines;
mod log;
mod output;
mod pair;
mod produce;
mod progress;
mod serve;
mod slow;
mod stop;
mod table;
mod time;
mod topic;
mod tune;

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
    /// Create, list, describe, change and delete topics
    Topic(topic::TopicArgs),
    /// Write and change what topics, brokers and groups are configured to
    Config(config::ConfigArgs),
    /// Look at consumer groups and their lag, reset their offsets, delete them
    Group(group::GroupArgs),
    /// Show the slowest requests of the last minutes, and where their time went
    Slow(slow::SlowArgs),
    /// Find out whether this machine is fit for low latency, and how to make it so
    Tune(tune::TuneArgs),
    /// Measure this machine, and any Kafka broker on it: runs the `tidemill-bench` beside this file
    Bench(bench::BenchArgs),
    /// Write lines of standard input to a topic
    Produce(produce::ProduceArgs),
    /// Write a topic's records to standard output
    Consume(consume::ConsumeArgs),
    /// Write a shell's completion script to standard output
    Completions(completions::CompletionsArgs),
}

/// Parses the command line and runs what it asks for.
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Log(arguments) => log::run(arguments),
        Command::Topic(arguments) => topic::run(arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Group(arguments) => group::run(arguments),
        Command::Slow(arguments) => slow::run(arguments),
        Command::Tune(arguments) => tune::run(arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Produce(arguments) => produce::run(arguments),
        Command::Consume(arguments) => consume::run(arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        failure.exit_code()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
