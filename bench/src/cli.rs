//! The command line.

use core::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::compare::CompareArgs;
use crate::error::BenchError;
use crate::groups::arguments::GroupsArgs;
use crate::lab::{FindArgs, RunArgs, SelfTestArgs};
use crate::merge::MergeArgs;
use crate::order::OrderArgs;
use crate::pace::{Rate, Spacing};
use crate::render::ReportArgs;
use crate::rivals::RivalsArgs;

/// Measures what this machine can do, and what a broker makes of it.
#[derive(Debug, Parser)]
#[command(name = "tidemill-bench", version)]
pub(crate) struct Cli {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A workload against a broker, every record accounted for
    Run(RunArgs),
    /// The highest rate that keeps a latency
    Find(FindArgs),
    /// The generator against a stub of known delays
    SelfTest(SelfTestArgs),
    /// What the machine can do with no broker
    Floor(FloorArgs),
    /// How fast records are acknowledged
    Produce(ProduceArgs),
    /// How fast records are read
    Fetch(FetchArgs),
    /// Two measurements in turns, and their ratio
    Pair(PairArgs),
    /// What compaction costs those who produce meanwhile
    Compact(CompactArgs),
    /// What a broker with nothing to do costs
    Idle(IdleArgs),
    /// What many groups cost, and how soon they are back
    Groups(GroupsArgs),
    /// What differs between two series of runs beyond chance
    Compare(CompareArgs),
    /// One run out of those of generators that were started together
    Merge(MergeArgs),
    /// The random order of a series' runs
    Order(OrderArgs),
    /// A page with pictures of one or several runs
    Report(ReportArgs),
    /// The same loads against other systems, and the table
    Rivals(RivalsArgs),
    /// The floor's server, started by the other commands
    #[command(hide = true)]
    ServeFloor(ServeFloorArgs),
}

/// Where things run and what is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceArgs {
    /// A directory on the disk to be measured; what is made in it is removed
    #[arg(long, value_name = "DIR", default_value = "/tmp/tidemill-bench")]
    pub(crate) dir: PathBuf,
    /// The core of the server: the broker or the floor
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) core: usize,
    /// The core of the load
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) load_core: usize,
    /// Where to write the result as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Which broker.
#[derive(Args, Clone, Debug)]
pub(crate) struct BrokerArgs {
    /// A running broker
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "broker")]
    pub(crate) bootstrap: Option<SocketAddr>,
    /// The `tidemill` to start for the measurement, with one shard on --core
    #[arg(long, value_name = "PATH")]
    pub(crate) broker: Option<PathBuf>,
    /// A setting of the broker that is started
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "bootstrap")]
    pub(crate) settings: Vec<String>,
}

/// What is produced.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// Bytes of a record's value
    #[arg(long, value_name = "B", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) record_size: u32,
    /// Records in a request
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=1 << 16))]
    pub(crate) batch_records: u32,
    /// Connections, all from one thread
    #[arg(long, value_name = "N", default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=1 << 14))]
    pub(crate) connections: u32,
    /// Requests unanswered on a connection at most
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) inflight: u32,
    /// When the broker answers: `all` and `1` are the same on one machine
    #[arg(long, value_name = "A", default_value = "all", allow_hyphen_values = true)]
    pub(crate) acks: AcksArg,
    /// A setting of the topic, if it is created
    #[arg(long = "config", value_name = "KEY=VALUE")]
    pub(crate) configs: Vec<String>,
}

/// Kafka's acks; 0 has no answer, so there is nothing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
pub(crate) enum AcksArg {
    /// From the leader.
    #[serde(rename = "1")]
    #[value(name = "1")]
    Leader,
    /// From all replicas.
    #[serde(rename = "all", alias = "-1")]
    #[value(name = "all", alias = "-1")]
    All,
}

/// How long, and how often.
#[derive(Args, Clone, Debug)]
pub(crate) struct TimeArgs {
    /// Seconds before anything is counted
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub(crate) warmup: Duration,
    /// Seconds that count
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// Runs, for the spread
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeat: u32,
}

/// What the floor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FloorMode {
    /// Frames are answered, nothing else
    Echo,
    /// Records are written with a barrier, no network
    Append,
    /// Frames are written with a barrier and answered
    Durable,
    /// A file is sent
    Sendfile,
    /// The disk alone, front to back
    Disk,
    /// All of them
    All,
}

/// `floor`
#[derive(Args, Clone, Debug)]
pub(crate) struct FloorArgs {
    /// Which floor
    #[arg(value_enum, default_value = "all")]
    pub(crate) mode: FloorMode,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Connections
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) connections: u32,
    /// Bytes of a record
    #[arg(long, default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(12..=1 << 20))]
    pub(crate) record_size: u32,
    /// Seconds of a run
    #[arg(long, default_value = "3", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Runs, for the spread
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeat: u32,
    /// MiB of the file that is sent, and of the disk's
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=65536))]
    pub(crate) mib: u32,
}

/// `produce`
#[derive(Args, Clone, Debug)]
pub(crate) struct ProduceArgs {
    #[command(flatten)]
    pub(crate) broker: BrokerArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) time: TimeArgs,
    /// The topic; created if it does not exist
    #[arg(long, default_value = "bench")]
    pub(crate) topic: String,
    /// Its partitions, which requests take in turns
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) partitions: u32,
    /// Records a second (open loop), or `max` (closed loop)
    #[arg(long, default_value = "max")]
    pub(crate) rate: Rate,
    /// How far apart records are in an open loop
    #[arg(long, value_enum, default_value = "poisson")]
    pub(crate) arrivals: Spacing,
    /// Which of the possible arrivals
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the broker serves HTTP: how long its stages took is asked there
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "broker")]
    pub(crate) http: Option<SocketAddr>,
    /// Where to write the result and every run's whole distribution
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Where fetching starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    /// At the first record there is.
    Beginning,
}

/// `fetch`
#[derive(Args, Clone, Debug)]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    pub(crate) broker: BrokerArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The topic; with --fill it is created
    #[arg(long, default_value = "bench")]
    pub(crate) topic: String,
    /// Where to start
    #[arg(long, value_enum, default_value = "beginning")]
    pub(crate) from: From,
    /// Connections, each of which reads a partition of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) connections: u32,
    /// Fetches unanswered on a connection: the next one depends on the answer
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1))]
    pub(crate) inflight: u32,
    /// Bytes asked for in one fetch
    #[arg(long, default_value_t = 1 << 20,
        value_parser = clap::value_parser!(u32).range(4096..=1 << 28))]
    pub(crate) bytes_per_fetch: u32,
    /// MiB to fetch in all, from the beginning
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) mib: u32,
    /// MiB to produce first, in batches of 1 MiB
    #[arg(long, value_name = "MIB", default_value_t = 0)]
    pub(crate) fill: u32,
    /// Fetches a second (open loop), or `max` (closed loop)
    #[arg(long, default_value = "max")]
    pub(crate) rate: Rate,
    /// Read once before, so that memory has what it can hold
    #[arg(long, conflicts_with = "cold")]
    pub(crate) hot: bool,
    /// Drop the segments' pages first; needs --data, or --broker
    #[arg(long, required_unless_present = "hot")]
    pub(crate) cold: bool,
    /// The data directory of a running broker
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Runs, for the spread
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeat: u32,
}

/// A broker that is started for the measurement.
#[derive(Args, Clone, Debug)]
pub(crate) struct OwnBrokerArgs {
    /// The `tidemill` to start
    #[arg(long, value_name = "PATH")]
    pub(crate) broker: PathBuf,
    /// A setting of the broker
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
}

/// What a broker is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Against {
    /// The floor's durable server, asked the same.
    Floor,
    /// The disk alone, written front to back.
    Disk,
}

/// `pair`
#[derive(Args, Clone, Debug)]
#[group(id = "pairing", required = true, multiple = false, args = ["against", "partitions"])]
pub(crate) struct PairArgs {
    #[command(flatten)]
    pub(crate) own: OwnBrokerArgs,
    /// What the broker is compared with
    #[arg(long, value_enum)]
    pub(crate) against: Option<Against>,
    /// Two numbers of partitions to compare
    #[arg(long, value_name = "A,B", value_parser = two_counts)]
    pub(crate) partitions: Option<(u32, u32)>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    /// Seconds before anything is counted, in each run
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) warmup: Duration,
    /// Seconds that count, of each run
    #[arg(long, default_value = "3", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// MiB written to each of the broker's topics before anything is measured: its journal is as
    /// long by default
    #[arg(long, value_name = "MIB", default_value_t = 1200)]
    pub(crate) lap_mib: u32,
    /// Pairs
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) pairs: u32,
}

/// `compact`
#[derive(Args, Clone, Debug)]
pub(crate) struct CompactArgs {
    #[command(flatten)]
    pub(crate) own: OwnBrokerArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// MiB of the topic that is compacted
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) mib: u32,
    /// Its keys
    #[arg(long, default_value_t = 25_000,
        value_parser = clap::value_parser!(u32).range(1..=1 << 28))]
    pub(crate) keys: u32,
    /// MiB of a segment
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2047))]
    pub(crate) segment_mib: u32,
    /// Bytes of a value
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(8..=1 << 20))]
    pub(crate) record_size: u32,
    /// Connections of the producers
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1 << 14))]
    pub(crate) connections: u32,
    /// Their records a second; half of what the floor answers if it is not given
    #[arg(long)]
    pub(crate) rate: Option<Rate>,
    /// Seconds before anything is counted, in each run
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub(crate) warmup: Duration,
    /// Seconds that count, of each run
    #[arg(long, default_value = "4", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// How often it is filled, compacted and checked
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
}

/// `idle`
#[derive(Args, Clone, Debug)]
pub(crate) struct IdleArgs {
    #[command(flatten)]
    pub(crate) own: OwnBrokerArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Seconds to look at it
    #[arg(long, default_value = "5", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Looks, for the spread
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeat: u32,
}

/// `serve-floor`
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeFloorArgs {
    /// Where its journal is; none makes it echo.
    #[arg(long)]
    pub(crate) journal: Option<PathBuf>,
    /// Its core.
    #[arg(long)]
    pub(crate) core: usize,
    /// Sleeps when there is nothing to do, and does not look around before.
    #[arg(long)]
    pub(crate) sleep: bool,
}

/// `key=value` in two.
pub(crate) fn key_value(text: &str) -> Result<(&str, &str), BenchError> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.ok_or(BenchError::Arguments("a setting is written key=value"))
}

pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds")?;
    if (0.0..=86_400.0).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err("at most a day")
}

fn two_counts(text: &str) -> Result<(u32, u32), &'static str> {
    let count = |text: &str| text.parse().ok().filter(|count| (1..=1 << 20).contains(count));
    let pair = text.split_once(',').and_then(|(one, other)| count(one).zip(count(other)));
    pair.ok_or("two counts from 1 to 1048576, such as 1,10000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parses(line: &str) -> bool {
        Cli::try_parse_from(format!("tidemill-bench {line}").split(' ')).is_ok()
    }

    #[test]
    fn what_goes_together_is_taken() {
        for good in [
            "floor",
            "floor durable --connections 1 --record-size 100 --seconds 0.5",
            "produce --bootstrap 127.0.0.1:9092 --rate 20000 --arrivals uniform --acks 1",
            "produce --broker t --acks -1 --config flush.messages=1 --set a=b",
            "fetch --broker t --cold --fill 2048",
            "fetch --bootstrap 127.0.0.1:9092 --hot --rate 100",
            "pair --broker t --against floor",
            "pair --broker t --partitions 1,10000",
            "compact --broker t --mib 10240 --keys 1000000 --rate 20000",
            "idle --broker t",
            "compare a b --json",
            "merge a b c --out d",
            "order --blocks 7 --seed 9 kafka tidemill",
            "report a b --out c",
            "groups --broker t --groups 5000 --members 10 --protocol consumer --interval 5",
        ] {
            assert!(parses(good), "{good}");
        }
    }

    #[test]
    fn what_can_not_be_measured_is_refused() {
        for bad in [
            "",
            "produce --bootstrap 127.0.0.1:9092 --acks 0",
            "produce --bootstrap 127.0.0.1:9092 --broker t",
            "produce --bootstrap 127.0.0.1:9092 --set a=b",
            "produce --broker t --rate 0",
            "produce --broker t --connections 0",
            "produce --broker t --duration -1",
            "fetch --broker t",
            "fetch --broker t --hot --cold",
            "fetch --broker t --hot --inflight 2",
            "pair --broker t",
            "pair --broker t --against floor --partitions 1,2",
            "pair --broker t --partitions 1",
            "pair --broker t --partitions 1,0",
            "pair --against floor",
            "compare a",
            "merge a --out b",
            "merge a b",
            "order --blocks 0 a",
            "report",
            "groups",
            "groups --broker t --groups 0",
            "groups --broker t --protocol share",
        ] {
            assert!(!parses(bad), "{bad}");
        }
    }

    #[test]
    fn settings_are_cut_at_the_first_equals_sign() {
        assert_eq!(key_value("a=b=c").unwrap(), ("a", "b=c"));
        assert_eq!(key_value("a=").unwrap(), ("a", ""));
        assert!(key_value("a").is_err() && key_value("=b").is_err());
    }
}
