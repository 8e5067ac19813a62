//! The broker that is measured: one that runs already, or one started for the measurement.

use core::net::SocketAddr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::floor::Child;
use runtime::{DirectoryLock, Instant};

use crate::cli::BrokerArgs;
use crate::error::{BenchError, io_error};

/// A broker. One that was started here ends, and its data goes, when this is ended.
pub(crate) struct Broker {
    address: SocketAddr,
    started: Option<Started>,
}

struct Started {
    child: Child,
    data: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    core: usize,
}

impl Broker {
    /// The one that the arguments name; a new one gets `core` and an empty directory in
    /// `directory`.
    pub(crate) fn of(args: &BrokerArgs, directory: &Path, core: usize) -> Result<Self, BenchError> {
        match (&args.bootstrap, &args.broker) {
            (Some(address), _) => Ok(Self { address: *address, started: None }),
            (None, Some(program)) => Self::start(program, &args.settings, directory, core),
            (None, None) => Err(BenchError::Arguments("give --bootstrap or --broker")),
        }
    }

    /// Starts `program` with one shard, all of its threads pinned to `core`, on an empty data
    /// directory in `directory`; returns when it is ready. It serves no HTTP.
    pub(crate) fn start(
        program: &Path,
        settings: &[String],
        directory: &Path,
        core: usize,
    ) -> Result<Self, BenchError> {
        Self::start_with_http(program, settings, directory, (core, "none"))
    }

    /// As `start`, with HTTP at an address.
    pub(crate) fn start_with_http(
        program: &Path,
        settings: &[String],
        directory: &Path,
        (core, http): (usize, &str),
    ) -> Result<Self, BenchError> {
        let data = directory.join("broker");
        create(directory)?;
        remove(&data)?;
        let mut arguments: Vec<String> =
            ["serve", "--shards", "1", "--http", http].map(str::to_owned).to_vec();
        arguments.extend(["--listen".to_owned(), "127.0.0.1:0".to_owned()]);
        arguments.extend(["--cores".to_owned(), core.to_string()]);
        arguments.extend(["--data".to_owned(), data.display().to_string()]);
        arguments.extend(settings.iter().flat_map(|one| ["--set".to_owned(), one.clone()]));
        let child = Child::start(program.to_owned(), &arguments, core, "ready in")?;
        let address = address_of(&child)?;
        let program = program.to_owned();
        Ok(Self { address, started: Some(Started { child, data, program, arguments, core }) })
    }

    /// Kills the one that was started here, and starts it again on its data, at another address.
    /// Returns when it is ready: how long that took from the start of the process.
    pub(crate) fn restart(&mut self) -> Result<Duration, BenchError> {
        let started = self.started.take();
        let started = started.ok_or(BenchError::Arguments("the broker was not started here"))?;
        let Started { child, data, program, arguments, core } = started;
        drop(child);
        let start = Instant::now();
        let child = Child::start(program.clone(), &arguments, core, "ready in")?;
        let took = start.until(Instant::now());
        self.address = address_of(&child)?;
        self.started = Some(Started { child, data, program, arguments, core });
        Ok(took)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves HTTP, if it was started here and does.
    pub(crate) fn http(&self) -> Option<SocketAddr> {
        http(self.started.as_ref()?.child.lines())
    }

    /// Its process, if it was started here.
    pub(crate) fn process(&self) -> Option<u32> {
        self.started.as_ref().map(|started| started.child.id())
    }

    /// Its data directory, if it was started here.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.started.as_ref().map(|started| started.data.as_path())
    }

    /// Its name and version, if it was started here and says so.
    pub(crate) fn system(&self) -> Option<(String, String)> {
        let lines = self.started.as_ref()?.child.lines();
        let (name, rest) = lines.iter().find_map(|line| line.trim().split_once(' '))?;
        let version = rest.split_whitespace().next()?;
        Some((name.to_owned(), version.trim_end_matches(',').to_owned()))
    }

    /// What it says of its barrier and of itself.
    pub(crate) fn says(&self) -> String {
        let lines = self.started.iter().flat_map(|started| started.child.lines());
        let disk = lines.filter_map(|line| line.trim().strip_prefix("disk"));
        disk.map(str::trim).next().unwrap_or("not asked").to_owned()
    }

    /// Ends it and removes its data, if it was started here.
    pub(crate) fn end(self) -> Result<(), BenchError> {
        let Some(Started { child, data, .. }) = self.started else { return Ok(()) };
        child.stop()?;
        remove(&data)
    }
}

/// Creates a directory with all above it.
pub(crate) fn create(directory: &Path) -> Result<(), BenchError> {
    runtime::create_directory_all(directory).map_err(io_error("create the directory"))
}

/// How long a claim waits: one that was given up holds the lock for a moment when it is let go.
const CLAIM_PATIENCE: Duration = Duration::from_secs(1);

/// Creates a directory and takes it for one measurement: a second one in it would remove the data
/// of the first, and share its disk.
pub(crate) fn claim(directory: &Path) -> Result<DirectoryLock, BenchError> {
    create(directory)?;
    DirectoryLock::acquire(&directory.join("lock"), CLAIM_PATIENCE).map_err(|error| {
        match error.kind() {
            io::ErrorKind::WouldBlock => {
                BenchError::Arguments("another measurement is running in --dir")
            }
            _ => BenchError::Io { action: "lock the directory", source: error },
        }
    })
}

/// Removes a directory with all in it, if it is there.
fn remove(directory: &Path) -> Result<(), BenchError> {
    match runtime::remove_directory_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(io_error("remove the broker's data")),
    }
}

fn address_of(child: &Child) -> Result<SocketAddr, BenchError> {
    address(child.lines()).ok_or(BenchError::Nothing("the broker does not say where it listens"))
}

/// Where the broker says that it serves HTTP.
fn http(lines: &[String]) -> Option<SocketAddr> {
    let mut places = lines.iter().filter_map(|line| line.trim().strip_prefix("http "));
    let place = places.find_map(|rest| rest.trim().strip_prefix("http://"));
    place?.split_whitespace().next()?.parse().ok()
}

/// Where the broker says that Kafka clients are to connect.
fn address(lines: &[String]) -> Option<SocketAddr> {
    lines.iter().find_map(|line| line.trim().strip_prefix("kafka")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_for_one_measurement_at_a_time() {
        let directory = std::env::temp_dir().join(format!("bench-claim-{}", std::process::id()));
        let claimed = claim(&directory).unwrap();
        assert!(matches!(claim(&directory), Err(BenchError::Arguments(_))));
        drop(claimed);
        assert!(claim(&directory).is_ok());
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn the_broker_s_address_is_found_in_what_it_says() {
        let lines = ["tidemill 0.1.0", "  disk      write-through", "  kafka     127.0.0.1:44139"];
        let lines = lines.map(str::to_owned);
        assert_eq!(address(&lines), Some("127.0.0.1:44139".parse().unwrap()));
        assert_eq!(address(&lines[..2]), None);
        assert_eq!(http(&lines), None);
        assert_eq!(
            http(&["  http      http://[::1]:9  /healthz".to_owned()]),
            Some("[::1]:9".parse().unwrap())
        );
    }
}
