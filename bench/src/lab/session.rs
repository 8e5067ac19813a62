//! One target and the runs against it: started or found, made ready, loaded, judged, written down.

use core::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::{DirectoryLock, Instant, RuntimeConfig, block_on, wall_millis};

use super::arguments::{FloorKind, Lap, RecordArgs, TargetArgs};
use super::costs::Meter;
use super::folder::RunRecord;
use super::kafka::KafkaTarget;
use super::ledger::{Account, Counts, Ledger, Tag};
use super::sizes::Sizes;
use super::summary::Summary;
use super::target::{Job, Target};
use super::verdict::{Evidence, judge};
use super::watch::Watch;
use super::workload::{ClientKind, Workload};
use crate::broker::{Broker, claim};
use crate::cli::{BrokerArgs, key_value};
use crate::error::BenchError;
use crate::floor::{FloorServer, frames};
use crate::folder::run::{Durability, Floor, System, Verdict};
use crate::report::{Environment, sysctls};
use crate::stages::{StageView, Stages};

/// How long a floor is measured.
const FLOOR_TIME: Duration = Duration::from_secs(3);
/// The largest frame of a floor: what it says is about the barrier, not about bandwidth.
const FLOOR_BYTES_MAX: u32 = 1 << 20;
/// Connections of a floor at most.
const FLOOR_CONNECTIONS_MAX: u32 = 4096;

/// A target, and what is known of it.
pub(crate) struct Session {
    broker: Broker,
    target: Box<dyn Target>,
    process: Option<u32>,
    /// Where it tells of its stages.
    http: Option<SocketAddr>,
    directory: PathBuf,
    durability: Option<Durability>,
    lap: bool,
    /// Bytes acknowledged in all runs.
    written: u64,
    _claim: DirectoryLock,
}

/// What a run gave.
pub(crate) struct Ran {
    pub(crate) account: Account,
    pub(crate) summary: Summary,
    pub(crate) verdict: Verdict,
    /// Where the broker's time went, warm-up included, if it can be asked.
    pub(crate) stages: Option<Stages>,
}

/// Which run it is.
pub(crate) struct Place<'a> {
    pub(crate) folder: Option<&'a Path>,
    pub(crate) block: Option<u32>,
    pub(crate) start_at: Option<i64>,
}

impl Session {
    /// Starts the broker, or finds it.
    pub(crate) fn open(args: &TargetArgs, client: ClientKind) -> Result<Self, BenchError> {
        let claimed = claim(&args.dir)?;
        let bootstrap = args.bootstrap.as_deref().map(address_of).transpose()?;
        let broker = broker(args, bootstrap)?;
        let named = args.system.as_deref().map(key_value).transpose()?;
        let named = named.map(|(name, version)| (name.to_owned(), version.to_owned()));
        let target = target(client, broker.address(), named.or_else(|| broker.system()))?;
        let lap = match args.lap {
            Lap::Auto => broker.process().is_some(),
            Lap::Always => true,
            Lap::None => false,
        };
        Ok(Self {
            process: broker.process().or(args.broker_pid),
            http: args.http.or_else(|| broker.http()),
            directory: args.dir.clone(),
            durability: args.durability,
            target,
            broker,
            lap,
            written: 0,
            _claim: claimed,
        })
    }

    /// Where the target listens.
    pub(crate) fn address(&self) -> String {
        self.broker.address().to_string()
    }

    /// Ends the broker, if it was started here.
    pub(crate) fn close(self) -> Result<(), BenchError> {
        self.broker.end()
    }

    /// Runs a workload once.
    pub(crate) fn run(
        &mut self,
        workload: &Workload,
        args: &RecordArgs,
        broker_core: usize,
        place: &Place<'_>,
    ) -> Result<Ran, BenchError> {
        let floor = self.floor(workload, args, broker_core)?;
        let environment = Environment::read(&self.directory);
        self.target.prepare(workload)?;
        let lapped = self.lap(workload)?;
        wait_until(place.start_at)?;
        let meter = Meter::new(Some(&self.directory), self.process);
        let mut watch = Watch::new(meter, !args.quiet);
        let started_unix_ms = wall_millis();
        let ledger = Ledger::new(workload, Instant::now().nanos(), &mut watch);
        let mut job = Job::new(workload, ledger);
        let view = self.http.map(StageView::begin).transpose()?;
        self.target.run(&mut job)?;
        let stages = view.map(StageView::end).transpose()?;
        let account = job.ledger.close(Instant::now().nanos());
        self.written += account.all.bytes_acked;
        let (costs, samples) = watch.end();
        let readable_in_all = self.target.readable(workload)?;
        let summary = Summary::of(&account)?;
        let evidence = Evidence {
            readable_in_all,
            consumed: consumed(workload, &account.all),
            ..summary.evidence(&account, workload.is_closed())?
        };
        let verdict = judge(&evidence);
        let mut machine: Vec<(String, String)> = environment
            .facts()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        machine.extend(sysctls());
        if let Some(folder) = place.folder {
            let (name, version) = self.target.system();
            let record = RunRecord {
                workload,
                started_unix_ms: u64::try_from(started_unix_ms).unwrap_or(0),
                block: place.block,
                label: args.label.as_deref(),
                system: System { name, version },
                durability: self.durability.unwrap_or(self.target.durability()),
                account: &account,
                summary: &summary,
                readable: readable_in_all.map(|all| readable_of(&account, all)),
                floor,
                costs,
                samples: &samples,
                verdict: &verdict,
                machine,
                configuration: self.target.configuration(),
                lapped,
                stages: stages.as_ref(),
            };
            record.write(folder)?;
        }
        Ok(Ran { account, summary, verdict, stages })
    }

    /// Has the broker write its journal once from end to end, if that is wanted and can be known.
    /// Returns whether it has been.
    fn lap(&mut self, workload: &Workload) -> Result<Option<bool>, BenchError> {
        let Some(journal) = self.target.journal_bytes() else { return Ok(None) };
        if self.lap && self.written < journal {
            self.target.fill(workload, journal - self.written)?;
            self.written = journal;
            // What was written to lap is not the run's.
            self.target.prepare(&Workload { backlog: 0, ..workload.clone() })?;
        }
        Ok(Some(self.written >= journal))
    }

    /// What the machine can do with as many connections and records as large, for 3 seconds.
    fn floor(
        &self,
        workload: &Workload,
        args: &RecordArgs,
        core: usize,
    ) -> Result<Option<Floor>, BenchError> {
        let journal = args.floor_dir.clone().unwrap_or_else(|| self.directory.join("floor"));
        let journal = match args.floor {
            FloorKind::None => return Ok(None),
            FloorKind::Echo => None,
            FloorKind::Durable => Some(journal.as_path()),
        };
        let server = FloorServer::start(journal, core)?;
        let bytes = match workload.record_size {
            Sizes::Fixed(bytes) => bytes,
            Sizes::Uniform(from, to) => u32::midpoint(from, to),
            Sizes::Weighted(_) => workload.record_size.max(),
        };
        let connections = workload.connections.min(FLOOR_CONNECTIONS_MAX);
        let bytes = bytes.clamp(12, FLOOR_BYTES_MAX);
        let (rate, latencies) =
            frames(server.address(), connections, bytes, FLOOR_TIME, workload.core())?;
        server.end()?;
        let (p50_us, p99_us) = (latencies.micros_at(0.5), latencies.micros_at(0.99));
        Ok(Some(Floor { rate, p50_us, p99_us }))
    }
}

/// The broker that runs already, or a new one.
fn broker(args: &TargetArgs, bootstrap: Option<SocketAddr>) -> Result<Broker, BenchError> {
    if let (None, Some(program)) = (bootstrap, &args.broker) {
        let at = (args.broker_core, "127.0.0.1:0");
        return Broker::start_with_http(program, &args.settings, &args.dir, at);
    }
    let found = BrokerArgs { bootstrap, broker: None, settings: Vec::new() };
    Broker::of(&found, &args.dir, args.broker_core)
}

/// The target that a client asks.
fn target(
    client: ClientKind,
    address: SocketAddr,
    system: Option<(String, String)>,
) -> Result<Box<dyn Target>, BenchError> {
    #[cfg(feature = "rivals")]
    let named = system.clone();
    let kafka = KafkaTarget::new(address, system);
    match client {
        ClientKind::Kafka => Ok(Box::new(kafka)),
        #[cfg(feature = "librdkafka")]
        ClientKind::Librdkafka => {
            Ok(Box::new(super::librdkafka::LibrdkafkaTarget::new(address, kafka)))
        }
        #[cfg(not(feature = "librdkafka"))]
        ClientKind::Librdkafka => {
            Err(BenchError::Arguments("build with --features librdkafka for that client"))
        }
        #[cfg(feature = "rivals")]
        ClientKind::Nats | ClientKind::Amqp | ClientKind::Rocketmq => {
            super::foreign::target(client, named)
        }
        #[cfg(not(feature = "rivals"))]
        ClientKind::Nats | ClientKind::Amqp | ClientKind::Rocketmq => {
            Err(BenchError::Arguments("build with --features rivals for that client"))
        }
    }
}

/// What consumers should have had and had, if there are any.
fn consumed(workload: &Workload, all: &Counts) -> Option<(u64, u64)> {
    let groups = u64::from(workload.groups);
    (workload.consumers > 0).then_some((all.acked * groups, all.read))
}

/// How many of the window's acknowledged records can be read, given how many can of all: what is
/// missing is held against the window.
fn readable_of(account: &Account, readable_in_all: u64) -> u64 {
    let missing = account.all.acked.saturating_sub(readable_in_all);
    account.counts.acked.saturating_sub(missing)
}

/// The first address of `host:port`.
fn address_of(text: &str) -> Result<SocketAddr, BenchError> {
    let wrong = BenchError::Arguments("an address is written HOST:PORT");
    let Some((host, port)) = text.rsplit_once(':') else { return Err(wrong) };
    let Ok(port) = port.parse() else { return Err(wrong) };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let found =
        block_on(
            RuntimeConfig::default(),
            move |_| async move { runtime::resolve(&host, port).await },
        )?;
    let found = found.map_err(crate::error::io_error("look up the address"))?;
    found.first().copied().ok_or(BenchError::Nothing("the host has no address"))
}

/// Waits for a moment of the wall clock.
fn wait_until(unix_ms: Option<i64>) -> Result<(), BenchError> {
    let Some(left) = unix_ms.map(|at| at - wall_millis()).filter(|left| *left > 0) else {
        return Ok(());
    };
    let time = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    Ok(block_on(RuntimeConfig::default(), move |runtime| async move {
        runtime.sleep(time).await;
    })?)
}

impl Ran {
    /// Records acknowledged a second, within the window.
    pub(crate) fn rate(&self) -> f64 {
        let window = &self.account.window;
        let seconds = (window.end - window.start).max(1) as f64 / 1e9;
        self.account.counts.acked as f64 / seconds
    }

    /// The latency at 0.99, if there are samples enough.
    pub(crate) fn p99_ns(&self) -> Option<u64> {
        self.summary.at(Tag::Total, 0.99)
    }
}
