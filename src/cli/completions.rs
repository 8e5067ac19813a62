//! `tidemill completions`: what a shell needs to complete these commands.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::failure::Failure;
use super::output::Output;

/// Writes a completion script.
#[derive(clap::Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(super) fn run(arguments: &CompletionsArgs) -> Result<ExitCode, Failure> {
    // Not straight to standard output: a closed pipe would panic.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "tidemill", &mut script);
    let mut output = Output::new();
    output.write(&script)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}
