//! `tidemill tune probe`: what this machine does to a broker, before anyone installs one.
//!
//! It needs no broker. What needs a ring is left out where there is none, and said to be.

mod cores;
mod disk;
mod network;
pub(super) mod pace;
mod report;
mod tracer;

use std::process::ExitCode;
use std::time::Duration;

use tuning::probe::simulate;

use self::cores::CoreReport;
use self::pace::Pace;
use self::report::Report;
use super::place::{LoadArgs, PlaceArgs, seconds};
use crate::cli::failure::Failure;
use crate::cli::output;

/// The seed of the simulation, so that the same figures make the same prediction.
pub(super) const SEED: u64 = 1;

/// Measures this machine.
#[derive(clap::Args, Debug)]
pub(super) struct ProbeArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Seconds of each measurement
    #[arg(long, value_name = "N", default_value = "2", value_parser = seconds)]
    seconds: Duration,
    #[command(flatten)]
    load: LoadArgs,
    /// Write everything as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &ProbeArgs) -> Result<ExitCode, Failure> {
    let place = arguments.place.take()?;
    let seconds = arguments.seconds;
    let cores = place.cores.all.len();
    let estimate = seconds.as_secs_f64() * (2.0 * cores as f64 + 5.0) + 2.0;
    eprintln!("measuring {cores} cores, the disk and the loopback: about {estimate:.0} s");
    let mut reports = Vec::new();
    for core in &place.cores.all {
        place.check()?;
        reports.push(CoreReport::take(*core, seconds)?);
    }
    place.check()?;
    let tracer = tracer::trace(&place.cores.all, seconds);
    let ring = network::ring(place.cores.server, seconds / 4);
    let memory = runtime::floor::copy(place.cores.server, seconds / 4);
    let mut basis = Pace::new(&arguments.load);
    basis.measure(&place, seconds)?;
    let prediction =
        simulate(&basis.measured(), arguments.load.rate, arguments.load.connections, SEED);
    let report = Report {
        place: &place,
        cores: &reports,
        tracer: &tracer,
        ring: &ring,
        memory: &memory,
        pace: &basis,
        prediction: &prediction,
    };
    output::print(&if arguments.json { report.json() } else { report.text() })?;
    Ok(ExitCode::SUCCESS)
}
