//! Where a measurement runs: cores, a directory of its own on the disk in question, and signals
//! that end it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::DirectoryLock;
use runtime::affinity::available_cores;
use runtime::signal::Watch;
use tuning::CpuList;

use super::source::cores;
use crate::cli::failure::Failure;

/// What is made in the directory, and removed again.
const SCRATCH: &str = "tidemill-tune-scratch";

/// Where to measure.
#[derive(clap::Args, Debug)]
pub(super) struct PlaceArgs {
    /// The cores to measure, such as 2-5; the first one is the broker's [default: all there are]
    #[arg(long, value_name = "LIST", value_parser = cores)]
    cores: Option<String>,
    /// A directory on the disk to be measured; what is made in it is removed [default: .]
    #[arg(long, value_name = "DIR", env = "TIDEMILL_DATA_DIR")]
    data: Option<PathBuf>,
}

/// The records that are asked about.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct LoadArgs {
    /// Records a second
    #[arg(long, value_name = "R", default_value = "2000", value_parser = rate)]
    pub(super) rate: f64,
    /// Connections that they come on, one record a request
    #[arg(long, value_name = "N", default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) connections: u32,
    /// Bytes of a record's value
    #[arg(long, value_name = "B", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(super) record_size: u32,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "a number of records a second")?;
    (1.0..=1e7).contains(&rate).then_some(rate).ok_or("a rate is from 1 to 10,000,000 a second")
}

/// A number of seconds, of one measurement.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds")?;
    let is_sound = (0.1..=600.0).contains(&seconds);
    is_sound.then(|| Duration::from_secs_f64(seconds)).ok_or("from 0.1 to 600 seconds")
}

/// Cores for the broker and for the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cores {
    /// All that are asked about, ascending; at least one.
    pub(super) all: Vec<usize>,
    /// The broker's.
    pub(super) server: usize,
    /// The load's.
    pub(super) load: usize,
}

impl Cores {
    /// Those that were named, of those that there are.
    fn choose(named: Option<&str>, available: &[usize]) -> Result<Self, Failure> {
        let named = named.and_then(CpuList::parse);
        let all: Vec<usize> = match &named {
            Some(list) => list.iter().filter_map(|core| usize::try_from(core).ok()).collect(),
            None => available.to_vec(),
        };
        if let Some(core) = all.iter().find(|core| !available.contains(core)) {
            let hint = format!("it may run on {available:?}");
            return Err(
                Failure::new(format_args!("this process may not run on core {core}")).hint(hint)
            );
        }
        let server = *all.first().ok_or_else(|| Failure::usage("no core was named"))?;
        // A core that is not asked about is not in the broker's way.
        let others = available.iter().filter(|core| **core != server);
        let load = others.clone().find(|core| !all.contains(core)).or(others.clone().next());
        Ok(Self { load: load.copied().unwrap_or(server), all, server })
    }

    /// What is wrong with them, if something is.
    pub(super) fn remark(&self) -> Option<&'static str> {
        (self.load == self.server)
            .then_some("there is one core only: the load takes part of what the broker has")
    }
}

/// A place that is taken: its scratch directory goes when this is dropped.
pub(super) struct Place {
    pub(super) cores: Cores,
    /// The directory that was named, from the root.
    pub(super) data: PathBuf,
    /// Empty, and ours.
    pub(super) scratch: PathBuf,
    pub(super) watch: Watch,
    lock_path: PathBuf,
    _lock: DirectoryLock,
}

impl PlaceArgs {
    /// The directory, from the root.
    pub(super) fn data(&self) -> Result<PathBuf, Failure> {
        let data = self.data.as_deref().unwrap_or(Path::new("."));
        runtime::absolute_path(data)
            .map_err(|error| Failure::usage(format_args!("{}: {error}", data.display())))
    }

    /// Takes the place: one measurement at a time.
    pub(super) fn take(&self) -> Result<Place, Failure> {
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::new(format_args!("{}: {error}", path.display()))
        };
        let watch = Watch::begin().map_err(Failure::new)?;
        let available = available_cores().map_err(Failure::new)?;
        let cores = Cores::choose(self.cores.as_deref(), &available)?;
        let data = self.data()?;
        runtime::list_directory(&data).map_err(|error| {
            failed(&data, &error).hint("--data names a directory that is there and can be written")
        })?;
        let lock_path = data.join(format!("{SCRATCH}.lock"));
        let lock = DirectoryLock::acquire(&lock_path, Duration::ZERO).map_err(|error| {
            if error.kind() == std::io::ErrorKind::WouldBlock {
                return Failure::new("another measurement is running in this directory");
            }
            failed(&lock_path, &error).hint("--data names a directory that you may write to")
        })?;
        let scratch = data.join(SCRATCH);
        // What a measurement left that was killed.
        let _ = runtime::remove_directory_all(&scratch);
        runtime::create_directory_all(&scratch).map_err(|error| failed(&scratch, &error))?;
        Ok(Place { cores, data, scratch, watch, lock_path, _lock: lock })
    }
}

impl Place {
    /// An error if a signal asked to end.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.watch.pending() {
            Some(name) => Err(interrupted(name)),
            None => Ok(()),
        }
    }
}

/// Ended by a signal.
pub(super) fn interrupted(name: &str) -> Failure {
    Failure::new(format_args!("ended by {name}"))
}

impl Drop for Place {
    fn drop(&mut self) {
        // What can not be removed now is removed by the next measurement here.
        let _ = runtime::remove_directory_all(&self.scratch);
        let _ = runtime::remove_small_file_durably(&self.lock_path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_has_a_core_of_its_own_if_there_is_one() {
        let choose = |named, available: &[usize]| {
            let cores = Cores::choose(named, available).unwrap();
            (cores.all.clone(), cores.server, cores.load, cores.remark().is_some())
        };
        assert_eq!(choose(None, &[0, 1]), (vec![0, 1], 0, 1, false));
        assert_eq!(choose(Some("1"), &[0, 1]), (vec![1], 1, 0, false));
        assert_eq!(choose(Some("0-1"), &[0, 1, 2]), (vec![0, 1], 0, 2, false));
        assert_eq!(choose(None, &[3]), (vec![3], 3, 3, true));
        assert!(Cores::choose(Some("2"), &[0, 1]).is_err());
    }

    #[test]
    fn rates_and_seconds_are_read() {
        assert_eq!(rate("2500.5"), Ok(2500.5));
        assert!(rate("0").is_err() && rate("x").is_err() && rate("NaN").is_err());
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("0").is_err() && seconds("inf").is_err());
    }
}
