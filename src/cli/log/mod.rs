//! `tidemill log`: what is on the disk, read without a running broker.
//!
//! Every structure is read with storage's own readers and checked; what does not check is printed
//! with its file and byte. See docs/FORMAT.md for what the bytes mean.

mod checkpoint;
mod dump;
mod journal;
mod printer;
mod segments;
mod summary;
mod topics;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::dump::{Dump, DumpError};
use self::printer::Printer;
use super::failure::Failure;

/// Looks at what is on the disk.
#[derive(Args, Debug)]
pub(super) struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Subcommand, Debug)]
enum LogCommand {
    /// Check a data directory and print what is in it; exits with 1 if something is damaged
    Dump(DumpArgs),
}

#[derive(Args, Debug)]
struct DumpArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", env = "TIDEMILL_DATA_DIR", default_value = "./tidemill-data")]
    data: PathBuf,
    /// One JSON object a line
    #[arg(long, global = true)]
    json: bool,
    /// Read although a broker may be writing: ends may look torn
    #[arg(long, global = true)]
    no_lock: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Layout, shards, superblocks, checkpoints, and every partition as recovery would see it
    Summary,
    /// Journal files and their commits
    Journal(journal::JournalArgs),
    /// Segments, their batches and their indexes
    Segments(segments::SegmentsArgs),
    /// Checkpoints, record by record
    Checkpoint,
}

/// Runs the command: 0 if all is sound, 1 if something is not, 2 if it could not be looked at.
pub(super) fn run(arguments: LogArgs) -> Result<ExitCode, Failure> {
    let LogCommand::Dump(arguments) = arguments.command;
    let config = runtime::RuntimeConfig::default();
    let done = runtime::block_on(config, |runtime| async move {
        let dump = Dump::open(runtime, arguments.data, arguments.no_lock).await?;
        let mut printer = Printer::new(arguments.json);
        match arguments.what {
            What::Summary => summary::print(&dump, &mut printer).await?,
            What::Journal(which) => journal::print(&dump, &which, &mut printer).await?,
            What::Segments(which) => segments::print(&dump, &which, &mut printer).await?,
            What::Checkpoint => checkpoint::print(&dump, &mut printer).await?,
        }
        Ok::<_, DumpError>(printer.finish())
    });
    match done.map_err(DumpError::from).and_then(|done| done) {
        Ok(0) => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::FAILURE),
        Err(error) => Err(Failure::usage(error)),
    }
}
