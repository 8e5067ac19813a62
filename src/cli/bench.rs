//! `tidemill bench`: the latency lab, which is a program of its own beside this one.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use super::failure::Failure;

const PROGRAM: &str = "tidemill-bench";

/// Runs `tidemill-bench`, which lies beside this file, with the same arguments. `tidemill bench
/// --help` is that program's help.
#[derive(clap::Args, Debug)]
#[command(disable_help_flag = true)]
pub(super) struct BenchArgs {
    /// What to measure, and how: see `tidemill bench --help`
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Becomes the program.
pub(super) fn run(arguments: &BenchArgs) -> Result<ExitCode, Failure> {
    let own = std::env::current_exe();
    let own = own.map_err(|error| Failure::new(format_args!("find this program: {error}")))?;
    let program = own.with_file_name(PROGRAM);
    let error = runtime::replace_program(&program, &arguments.arguments);
    let failure = Failure::new(format_args!("run {}: {error}", program.display()));
    Err(match error.kind() {
        io::ErrorKind::NotFound => failure.hint(
            "it is built by `cargo build --release -p bench`; keep it in the same directory as \
             this program",
        ),
        _ => failure,
    })
}
