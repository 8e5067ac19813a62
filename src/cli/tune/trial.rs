//! Runs of the real thing: this very binary as a broker, and the bench beside it as its load.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hdrhistogram::Histogram;
use runtime::floor::{Child, Ran};
use tuning::probe::histogram;

use super::place::{LoadArgs, Place, interrupted};
use crate::cli::failure::Failure;

/// The load's program, beside this one.
const BENCH: &str = "tidemill-bench";

/// The topic.
const TOPIC: &str = "tune";

/// Seconds of load before anything counts.
const WARM_UP: &str = "0.5";

/// Half of the usual journal: enough for a short run, and soon written.
const JOURNAL: [&str; 2] = ["--set", "journal.files=8"];

/// What makes the broker acknowledge after the write, without the barrier.
const RELAXED: [&str; 2] = ["--config", "flush.messages=9223372036854775807"];

/// How the real thing is run.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct TrialArgs {
    /// The load generator [default: the tidemill-bench beside this program]
    #[arg(long, value_name = "PATH")]
    bench: Option<PathBuf>,
    /// Acknowledge after the write alone, without the barrier
    #[arg(long)]
    pub(super) relaxed: bool,
}

/// A broker on a scratch directory, and who loads it.
pub(super) struct Trial<'a> {
    place: &'a Place,
    bench: PathBuf,
    load: &'a LoadArgs,
    relaxed: bool,
    address: String,
    child: Child,
}

impl TrialArgs {
    /// The load generator's program, if it is there.
    pub(super) fn bench(&self) -> Result<PathBuf, Failure> {
        let path = match &self.bench {
            Some(path) => path.clone(),
            None => own_program()?.with_file_name(BENCH),
        };
        let path = runtime::absolute_path(&path).map_err(Failure::new)?;
        let is_there = path.parent().is_some_and(|directory| {
            runtime::list_directory(directory).is_ok_and(|names| names.contains(&path))
        });
        if is_there {
            return Ok(path);
        }
        let missing = format_args!("there is no load generator at {}", path.display()).to_string();
        Err(Failure::new(missing).hint(
            "build it (cargo build --release --workspace --bins), or name one with --bench PATH",
        ))
    }

    /// Starts a broker on an empty directory.
    pub(super) fn start<'a>(
        &self,
        place: &'a Place,
        load: &'a LoadArgs,
    ) -> Result<Trial<'a>, Failure> {
        let bench = self.bench()?;
        let data = place.scratch.join("broker");
        let _ = runtime::remove_directory_all(&data);
        let core = place.cores.server;
        let mut arguments: Vec<String> =
            ["serve", "--shards", "1", "--http", "none", "--listen", "127.0.0.1:0"]
                .map(str::to_owned)
                .to_vec();
        arguments.extend(JOURNAL.map(str::to_owned));
        arguments.extend(["--cores".to_owned(), core.to_string()]);
        arguments.extend(["--data".to_owned(), data.display().to_string()]);
        let child = Child::start(own_program()?, &arguments, core, "ready in");
        let child = child.map_err(Failure::new)?;
        let mut lines = child.lines().iter();
        let address = lines.find_map(|line| line.trim().strip_prefix("kafka"));
        let address = address.map(|address| address.trim().to_owned());
        let address =
            address.ok_or_else(|| Failure::new("the broker does not say where it listens"))?;
        Ok(Trial { place, bench, load, relaxed: self.relaxed, address, child })
    }
}

impl Trial<'_> {
    /// Loads the broker for so long; how long each record took from when it was due.
    pub(super) fn run(&self, duration: Duration, seed: u64) -> Result<Histogram<u64>, Failure> {
        let Self { place, load, .. } = self;
        let out = place.scratch.join("out");
        let _ = runtime::remove_directory_all(&out);
        let mut arguments: Vec<String> = vec!["produce".to_owned()];
        let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        add("--bootstrap", self.address.clone());
        add("--topic", TOPIC.to_owned());
        add("--dir", place.scratch.join("bench").display().to_string());
        add("--core", place.cores.server.to_string());
        add("--load-core", place.cores.load.to_string());
        add("--rate", load.rate.to_string());
        add("--connections", load.connections.to_string());
        add("--record-size", load.record_size.to_string());
        add("--seed", seed.to_string());
        add("--warmup", WARM_UP.to_owned());
        add("--duration", duration.as_secs_f64().to_string());
        add("--repeat", "1".to_owned());
        add("--out", out.display().to_string());
        if self.relaxed {
            arguments.extend(RELAXED.map(str::to_owned));
        }
        let ran =
            runtime::floor::run(self.bench.clone(), arguments, place.cores.load, &place.watch);
        match ran.map_err(Failure::new)? {
            Ran::Ended(status) if status.success() => {}
            Ran::Ended(status) => {
                let bench = self.bench.display();
                return Err(Failure::new(format_args!("{bench} failed ({status})")));
            }
            Ran::Interrupted(name) => return Err(interrupted(name)),
        }
        latencies(&out.join("latency-0.csv"))
    }

    /// Ends the broker, and removes its data.
    pub(super) fn end(self) -> Result<(), Failure> {
        let data = self.place.scratch.join("broker");
        self.child.stop().map_err(Failure::new)?;
        // What is left goes with the scratch directory.
        let _ = runtime::remove_directory_all(&data);
        Ok(())
    }
}

/// This program. Where `/proc` is that of another process namespace, only its name is known.
fn own_program() -> Result<PathBuf, Failure> {
    if let Ok(path) = std::env::current_exe() {
        return Ok(path);
    }
    let name = std::env::args_os().next().map(PathBuf::from);
    let name = name.filter(|name| name.components().count() > 1);
    let name = name.ok_or_else(|| {
        Failure::new("/proc does not say which program this is").hint("start it by its whole path")
    })?;
    runtime::absolute_path(&name).map_err(Failure::new)
}

/// Reads the distribution that the bench wrote.
fn latencies(file: &Path) -> Result<Histogram<u64>, Failure> {
    let text = runtime::read_small_file(file)
        .map_err(|error| Failure::new(format_args!("{}: {error}", file.display())))?;
    parse(&text).ok_or_else(|| {
        Failure::new(format_args!("{} is no distribution of latencies", file.display()))
    })
}

/// Lines of a quantile, nanoseconds at it and how many are at most that. Between two lines those
/// in question are spread evenly, at no more than a thousand places.
fn parse(text: &str) -> Option<Histogram<u64>> {
    let mut times = histogram();
    let (mut below_ns, mut below) = (None, 0);
    for line in text.lines().skip(1) {
        let mut words = line.split(',').skip(1);
        let nanos: u64 = words.next()?.parse().ok()?;
        let count: u64 = words.next()?.parse().ok()?;
        let more = count.checked_sub(below)?;
        let from = below_ns.unwrap_or(nanos);
        let places = more.min(1000);
        for place in 1..=places {
            let share = more * place / places - more * (place - 1) / places;
            let at = from + nanos.checked_sub(from)? * place / places;
            times.saturating_record_n(at.max(1), share);
        }
        (below_ns, below) = (Some(nanos), count);
    }
    (!times.is_empty()).then_some(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_is_read_back() {
        let text =
            "quantile,nanoseconds,count\n0,1000,1\n0.5,2000,51\n1,3000,10051\n1,3000,10051\n";
        let times = parse(text).unwrap();
        assert_eq!((times.len(), times.min(), times.max()), (10_051, 1000, 3001));
        let middle = times.value_at_quantile(0.5);
        assert!((2470..2530).contains(&middle), "{middle}");
        for bad in ["", "quantile\n", "q\n0,x,1\n", "q\n0,5,2\n1,6,1\n", "q\n0,5,2\n1,4,3\n"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_missing_load_generator_is_said_to_be() {
        let args = TrialArgs { bench: Some("/not/there".into()), relaxed: false };
        let failure = args.bench().unwrap_err().to_string();
        assert!(failure.contains("no load generator at /not/there"), "{failure}");
        assert!(failure.contains("--bench"), "{failure}");
    }
}
