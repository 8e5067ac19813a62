//! The arguments of `run` and `find`.

use core::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::flags::WorkloadFlags;
use crate::folder::run::Durability;

/// Which floor is measured before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FloorKind {
    /// Frames are written with a barrier and answered.
    Durable,
    /// Frames are answered, nothing else.
    Echo,
    /// None is.
    None,
}

/// Whether the broker's journal is written once from end to end before anything is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lap {
    /// If the broker is started here, and says how long its journal is.
    Auto,
    /// If it says how long its journal is.
    Always,
    /// Not.
    None,
}

/// Whom to ask, and what to note about it.
#[derive(Args, Clone, Debug)]
pub(crate) struct TargetArgs {
    /// A running broker
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "broker")]
    pub(crate) bootstrap: Option<String>,
    /// The `tidemill` to start for the measurement, with one shard on --broker-core
    #[arg(long, value_name = "PATH")]
    pub(crate) broker: Option<PathBuf>,
    /// Where a running Tidemill serves HTTP, to be asked where its time went
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "broker")]
    pub(crate) http: Option<SocketAddr>,
    /// A setting of the broker that is started
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "bootstrap")]
    pub(crate) settings: Vec<String>,
    /// The core of the broker that is started, and of the floor
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) broker_core: usize,
    /// The process of a running broker, to count what it costs
    #[arg(long, value_name = "PID", conflicts_with = "broker")]
    pub(crate) broker_pid: Option<u32>,
    /// A directory on the disk to be counted; a broker that is started has its data there
    #[arg(long, value_name = "DIR", default_value = "/tmp/tidemill-bench")]
    pub(crate) dir: PathBuf,
    /// What the target is, if it does not say so itself: NAME=VERSION
    #[arg(long, value_name = "NAME=VERSION")]
    pub(crate) system: Option<String>,
    /// What an acknowledgement means, if the topic's settings do not say so
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) durability: Option<Durability>,
    /// Whether the journal is written once from end to end first
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) lap: Lap,
}

/// What is kept of runs.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// Where the run's folder is made; with --blocks, a folder in it for each run
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A note kept with the run
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
    /// The floor that is measured before each run
    #[arg(long, value_enum, default_value = "durable")]
    pub(crate) floor: FloorKind,
    /// Where the durable floor has its journal; --dir if it is not given
    #[arg(long, value_name = "DIR")]
    pub(crate) floor_dir: Option<PathBuf>,
    /// No line that is written again and again, even on a terminal
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// `run`
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// A workload file; the flags below come before what it says
    #[arg(value_name = "WORKLOAD.toml")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) workload: WorkloadFlags,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
    /// Runs, one after another
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=999))]
    pub(crate) blocks: Option<u32>,
    /// When the load begins, in milliseconds since 1970: several generators begin together
    #[arg(long, value_name = "UNIX_MS")]
    pub(crate) start_at: Option<i64>,
}

/// `find`
#[derive(Args, Clone, Debug)]
pub(crate) struct FindArgs {
    /// What p99 may be: 500us, 1ms, 2s
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) p99: Duration,
    /// Where the search begins, in records a second
    #[arg(long, value_name = "R", default_value_t = 1000.0)]
    pub(crate) from: f64,
    /// The highest rate that is tried
    #[arg(long, value_name = "R", default_value_t = 10_000_000.0)]
    pub(crate) to: f64,
    /// How near the answer is to be, in percent
    #[arg(long, value_name = "PCT", default_value_t = 5.0)]
    pub(crate) within: f64,
    /// The most runs
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs_max: u32,
    /// How often a rate that fails is tried again before it counts as too high
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(0..=5))]
    pub(crate) retries: u32,
    /// What is run at each rate
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// A time with its unit.
fn time(text: &str) -> Result<Duration, &'static str> {
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let parsed = units.iter().find_map(|(unit, seconds)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * seconds)
    });
    match parsed {
        Some(seconds) if (1e-6..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a time such as 500us, 1ms or 2s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(time("500us"), Ok(Duration::from_micros(500)));
        assert_eq!(time("1.5ms"), Ok(Duration::from_micros(1500)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        for bad in ["", "1", "ms", "-1ms", "1h", "2days"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
