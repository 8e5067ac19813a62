//! The settings of a workload as they are given: on the command line, in a file, or not at all.
//!
//! A file is TOML with the flags' names, `_` for `-`. The command line comes before the file, and
//! the file before what is built in.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::arrivals::Spacing;
use super::profile::Pace;
use super::sizes::{Keys, Sizes};
use super::workload::{ClientKind, WarmUp, Workload};
use crate::cli::{AcksArg, seconds};
use crate::error::BenchError;
use crate::report::read;

/// A Poisson load that any machine bears.
const RATE: f64 = 10_000.0;
/// How long a warm-up may take that waits for the median to hold still.
const WARM_UP_SECONDS_MAX: u32 = 60;
/// The most records waiting in a request.
const BATCH_RECORDS_MAX: u32 = 1 << 16;

/// Every setting of a workload.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadFlags {
    /// What the workload is called in its results
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Through which client
    #[arg(long, value_enum)]
    pub(crate) client: Option<ClientKind>,
    /// The topic; created if it does not exist
    #[arg(long, value_name = "T")]
    pub(crate) topic: Option<String>,
    /// Its partitions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) partitions: Option<u32>,
    /// Producers, each with a connection of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 14))]
    pub(crate) connections: Option<u32>,
    /// Requests unanswered on a connection at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) inflight: Option<u32>,
    /// Bytes of a value: a number, FROM..TO, or BYTES:WEIGHT,...
    #[arg(long, value_name = "B")]
    pub(crate) record_size: Option<Sizes>,
    /// Keys: `none`, how many, or `zipf:HOW_MANY`
    #[arg(long, value_name = "KEYS")]
    pub(crate) keys: Option<Keys>,
    /// Records in a request at most
    #[arg(long, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(BATCH_RECORDS_MAX)))]
    pub(crate) batch_records: Option<u32>,
    /// Microseconds that a request which is not full waits for more records
    #[arg(long, value_name = "US", value_parser = clap::value_parser!(u64).range(0..=60_000_000))]
    pub(crate) linger_us: Option<u64>,
    /// Records a second (open loop), `max` (closed loop), or RATE:SECONDS,RATE:SECONDS,...
    #[arg(long, value_name = "R")]
    pub(crate) rate: Option<Pace>,
    /// Seconds of a tide's period: ten times the rate for its last tenth
    #[arg(long, value_name = "S")]
    pub(crate) tide: Option<f64>,
    /// How far apart records are in an open loop
    #[arg(long, value_enum)]
    pub(crate) arrivals: Option<Spacing>,
    /// Batches arrive whole: latency is per batch
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    pub(crate) whole_batches: Option<bool>,
    /// Which of the possible arrivals
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// When the broker answers
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub(crate) acks: Option<AcksArg>,
    /// Seconds before anything is counted; without it, until the median holds still
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub(crate) warmup: Option<u32>,
    /// The most seconds of a warm-up that is not given
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(5..=3600))]
    pub(crate) warmup_max: Option<u32>,
    /// Seconds that count
    #[arg(long, value_name = "S")]
    pub(crate) duration: Option<f64>,
    /// Seconds after which a record that was due has timed out
    #[arg(long, value_name = "S")]
    pub(crate) timeout: Option<f64>,
    /// Seconds that answers are waited for after the last record was due
    #[arg(long, value_name = "S")]
    pub(crate) drain: Option<f64>,
    /// Consumers in each group
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1 << 12))]
    pub(crate) consumers: Option<u32>,
    /// Groups of consumers, each of which reads everything
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) groups: Option<u32>,
    /// Records that are there before anything starts; consumers begin with them
    #[arg(long, value_name = "N")]
    pub(crate) backlog: Option<u64>,
    /// The cores of the generator, with commas between them
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) cores: Option<Vec<usize>>,
    /// A setting of the topic, if it is created
    #[arg(long = "config", value_name = "KEY=VALUE")]
    pub(crate) config: Option<Vec<String>>,
}

impl WorkloadFlags {
    /// Fills what is not given from `file`.
    pub(crate) fn or(self, file: Self) -> Self {
        macro_rules! first {
            ($($field:ident),*) => { Self { $($field: self.$field.or(file.$field)),* } };
        }
        first!(
            name,
            client,
            topic,
            partitions,
            connections,
            inflight,
            record_size,
            keys,
            batch_records,
            linger_us,
            rate,
            tide,
            arrivals,
            whole_batches,
            seed,
            acks,
            warmup,
            warmup_max,
            duration,
            timeout,
            drain,
            consumers,
            groups,
            backlog,
            cores,
            config
        )
    }

    /// Reads a workload file; its name is that of the workload if it says none.
    pub(crate) fn read(file: &Path) -> Result<Self, BenchError> {
        let text = read(file)?;
        let mut flags: Self = toml::from_str(&text)
            .map_err(|error| BenchError::File { file: file.to_owned(), what: error.to_string() })?;
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        flags.name = flags.name.or(stem);
        Ok(flags)
    }

    /// The workload, for the target at `bootstrap`.
    pub(crate) fn resolve(self, bootstrap: String) -> Result<Workload, BenchError> {
        let workload = Workload {
            name: self.name.unwrap_or("custom".to_owned()),
            bootstrap,
            client: self.client.unwrap_or(ClientKind::Kafka),
            topic: self.topic.unwrap_or("bench".to_owned()),
            partitions: self.partitions.unwrap_or(1),
            connections: self.connections.unwrap_or(1),
            inflight: self.inflight.unwrap_or(5),
            record_size: self.record_size.unwrap_or(Sizes::Fixed(1024)),
            keys: self.keys.unwrap_or(Keys::None),
            batch_records: self.batch_records.unwrap_or(64),
            linger: Duration::from_micros(self.linger_us.unwrap_or(0)),
            pace: self.rate.unwrap_or_else(|| Pace::constant(RATE)),
            tide: self.tide.map(time).transpose()?,
            arrivals: self.arrivals.unwrap_or(Spacing::Poisson),
            whole_batches: self.whole_batches.unwrap_or(false),
            seed: self.seed.unwrap_or(1),
            acks: self.acks.unwrap_or(AcksArg::All),
            warm_up: match (self.warmup, self.warmup_max) {
                (Some(seconds), _) => WarmUp::Fixed(seconds),
                (None, most) => {
                    WarmUp::Settled { seconds_max: most.unwrap_or(WARM_UP_SECONDS_MAX) }
                }
            },
            duration: time(self.duration.unwrap_or(60.0))?,
            timeout: time(self.timeout.unwrap_or(30.0))?,
            drain: time(self.drain.unwrap_or(10.0))?,
            consumers: self.consumers.unwrap_or(0),
            groups: self.groups.unwrap_or(1),
            backlog: self.backlog.unwrap_or(0),
            cores: self.cores.unwrap_or_default(),
            configs: self.config.unwrap_or_default(),
        };
        check(&workload)?;
        Ok(workload)
    }
}

fn time(text: f64) -> Result<Duration, BenchError> {
    seconds(&text.to_string()).map_err(BenchError::Arguments)
}

fn check(workload: &Workload) -> Result<(), BenchError> {
    let closed = workload.is_closed();
    let largest = u64::from(workload.record_size.max()) * u64::from(workload.batch_records);
    let rule = |good: bool, what| if good { Ok(()) } else { Err(BenchError::Arguments(what)) };
    rule(workload.duration >= Duration::from_secs(1), "a run of a second at least")?;
    rule(largest <= 1 << 29, "a request of more than 512 MiB")?;
    rule(!closed || workload.tide.is_none(), "a tide needs a rate")?;
    rule(!closed || !workload.whole_batches, "a batch that arrives whole needs a rate")?;
    rule(workload.tide.is_none_or(|period| period >= Duration::from_millis(100)), "so short a tide")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_comes_before_the_file() {
        let file = "rate = 500\nconnections = 4\nrecord_size = \"1..9\"\nkeys = 7\nwarmup = 2\n\
                    arrivals = \"uniform\"\nwhole_batches = true\nacks = \"1\"\nduration = 1.5";
        let file: WorkloadFlags = toml::from_str(file).unwrap();
        let flags = WorkloadFlags { connections: Some(9), ..WorkloadFlags::default() };
        let workload = flags.or(file).resolve("h:1".to_owned()).unwrap();
        assert_eq!((workload.connections, workload.seed), (9, 1));
        assert_eq!(workload.pace, Pace::constant(500.0));
        assert_eq!(workload.record_size, Sizes::Uniform(1, 9));
        assert_eq!((workload.keys, workload.acks), (Keys::Uniform(7), AcksArg::Leader));
        assert_eq!(workload.warm_up, WarmUp::Fixed(2));
        assert_eq!(workload.duration, Duration::from_millis(1500));
        assert_eq!(workload.latency_kind().name(), "per batch");
        assert!(toml::from_str::<WorkloadFlags>("rates = 1").is_err());
    }

    #[test]
    fn every_workload_file_is_one() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads");
        let mut count = 0;
        for entry in std::fs::read_dir(directory).unwrap() {
            let file = entry.unwrap().path();
            let workload = WorkloadFlags::read(&file).unwrap().resolve(String::new()).unwrap();
            assert_eq!(
                Some(workload.name.as_ref()),
                file.file_stem().and_then(|stem| stem.to_str())
            );
            count += 1;
        }
        assert!(count >= 10, "{count}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |text: &str| {
            let flags: WorkloadFlags = toml::from_str(text).unwrap();
            flags.resolve(String::new()).is_err()
        };
        assert!(!refused(""));
        for text in [
            "rate = \"max\"\ntide = 10",
            "rate = \"max\"\nwhole_batches = true",
            "duration = 0.5",
            "record_size = 16777216\nbatch_records = 64",
            "tide = 0.001",
        ] {
            assert!(refused(text), "{text}");
        }
    }
}
