//! One data directory with everything that lives in it, through many crashes.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::churn::Churn;
use super::log::{Kind, Log};
use super::producer::{Producer, Round, Weight};
use super::reader::{self, Scope};
use crate::support::broker::{Broker, Screen, Setup, Site};
use crate::support::connection::Connection;
use crate::support::metrics::Metrics;
use crate::support::produce::{Partition, code};
use crate::support::random::Random;
use crate::support::topics::Blueprint;

const PRODUCERS: u32 = 4;

/// How a process comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// SIGKILL under load.
    Load,
    /// SIGKILL while it starts on an empty directory.
    FirstStart,
    /// SIGKILL while it starts and recovers.
    Start,
    /// SIGTERM under load, and SIGKILL while it drains.
    Drain,
    /// SIGTERM under load, and it was done before it could be killed.
    Stop,
}

/// What happened in all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) endings: BTreeMap<Ending, u64>,
    pub(crate) acknowledged: u64,
    pub(crate) read: u64,
    pub(crate) changes: u64,
    pub(crate) slowest_start: Duration,
    /// Sums of what the brokers counted, as far as they were asked before their end.
    pub(crate) counted: BTreeMap<&'static str, u64>,
    /// Lines of the brokers' warnings, without their times.
    pub(crate) warnings: BTreeMap<String, u64>,
}

/// Counters that say that a round did what it is for.
const COUNTED: [&str; 7] = [
    "tidemill_journal_commits_total",
    "tidemill_journal_written_bytes_total",
    "tidemill_flush_passes_total",
    "tidemill_flushed_bytes_total",
    "tidemill_checkpoint_writes_total",
    "tidemill_deleted_segments_total",
    "tidemill_duplicate_batches_total",
];

/// A data directory and all who use it.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) setup: Setup,
    relaxed: bool,
    logs: Vec<Log>,
    producers: Vec<Producer>,
    churn: Churn,
    random: Random,
}

/// The topics that are produced to all the time. `relaxed`: none of them waits for a barrier, so
/// that what is acknowledged is often not written yet.
fn blueprints(relaxed: bool) -> [(Blueprint, Kind); 5] {
    let small = ("segment.bytes", "2097152");
    let retained = ("retention.bytes", "6291456");
    let never = "1000000000";
    let strict = ("flush.messages", if relaxed { never } else { "1" });
    let seldom = ("flush.messages", if relaxed { never } else { "1000" });
    [
        (Blueprint::new("strict", 3, &[strict]), Kind::Kept),
        (Blueprint::new("relaxed", 3, &[seldom]), Kind::Kept),
        (Blueprint::new("rolling", 2, &[small, seldom]), Kind::Kept),
        (Blueprint::new("retained", 1, &[small, strict, retained]), Kind::Shrinks),
        (Blueprint::new("cut", 1, &[small, strict]), Kind::Shrinks),
    ]
}

impl World {
    /// An empty directory; nothing runs. `relaxed`: no topic waits for a barrier.
    pub(crate) fn new(setup: Setup, relaxed: bool, mut random: Random) -> Self {
        let mut logs = Vec::new();
        for (blueprint, kind) in blueprints(relaxed) {
            for index in 0..blueprint.partitions {
                let number = u32::try_from(logs.len()).expect("few logs");
                logs.push(Log::new(number, Partition::new(&blueprint.name, index), kind));
            }
        }
        let producers =
            (0..PRODUCERS).map(|number| Producer::new(number, &logs, random.fork())).collect();
        let churn = Churn::new(Partition::new("cut", 0), random.fork());
        Self { site: Site::new(), setup, relaxed, logs, producers, churn, random }
    }

    /// The first start that is let be: makes the topics.
    pub(crate) fn found(&mut self, tally: &mut Tally) -> Result<Broker, String> {
        let (broker, _) = self.start(tally)?;
        let failed = |error: std::io::Error| error.to_string();
        let mut connection = Connection::open(self.site.kafka()).map_err(failed)?;
        for (blueprint, _) in blueprints(self.relaxed) {
            let error = connection.create_topic(&blueprint).map_err(failed)?;
            if error != code::NONE {
                return Err(format!("creating {blueprint:?}: error {error}"));
            }
        }
        Ok(broker)
    }

    fn start(&mut self, tally: &mut Tally) -> Result<(Broker, Screen), String> {
        let mut broker = self.site.spawn(&self.setup);
        let screen = broker.wait_ready()?;
        tally.slowest_start = tally.slowest_start.max(screen.took);
        if screen.text.contains("OFFLINE") {
            let errors = broker.errors();
            return Err(format!("partitions are offline:\n{}\n{errors}", screen.text));
        }
        Ok((broker, screen))
    }

    /// Kills a process `delay` after it was spawned.
    pub(crate) fn kill_at_start(
        &mut self,
        delay: Duration,
        ending: Ending,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut broker = self.site.spawn(&self.setup);
        if let Some(status) = broker.wait_end(delay) {
            return Err(format!("ended with {status} at start:\n{}", broker.errors()));
        }
        broker.kill();
        *tally.endings.entry(ending).or_default() += 1;
        note_errors(&broker, tally)
    }

    /// Load, and the end of the process `delay` after its begin.
    pub(crate) fn load(
        &mut self,
        mut broker: Broker,
        delay: Duration,
        drain: Option<Duration>,
        weight: Weight,
        tally: &mut Tally,
    ) -> Result<Ending, String> {
        let start = Barrier::new(self.producers.len() + 3);
        let ending = AtomicBool::new(false);
        let round = Round { address: broker.kafka(), start: &start, ending: &ending, weight };
        let is_observed = self.random.one_in(3);
        let (logs, producers) = (&mut self.logs, &mut self.producers);
        let (churn, random) = (&mut self.churn, &mut self.random);
        let ended = thread::scope(|scope| {
            let mut hands = Vec::new();
            for producer in producers {
                hands.push(scope.spawn(move || producer.run(round)));
            }
            hands.push(scope.spawn(move || reader::follow(logs, random, round)));
            hands.push(scope.spawn(move || churn.run(round)));
            start.wait();
            let early = broker.wait_end(delay);
            if is_observed && early.is_none() {
                observe(&broker, tally);
            }
            ending.store(true, Ordering::SeqCst);
            let ended = match early {
                Some(status) => Err(format!("ended by itself with {status}")),
                None => Ok(end(&mut broker, drain)),
            };
            let results: Vec<_> = hands.into_iter().map(thread::ScopedJoinHandle::join).collect();
            for result in results {
                match result {
                    Ok(result) => result?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            ended
        });
        let ended = ended.map_err(|error| format!("{error}\nstderr:\n{}", broker.errors()))?;
        *tally.endings.entry(ended).or_default() += 1;
        note_errors(&broker, tally)?;
        Ok(ended)
    }

    /// Starts again, and checks everything that must be so.
    pub(crate) fn recover(&mut self, scope: Scope, tally: &mut Tally) -> Result<Broker, String> {
        let (broker, screen) = self.start(tally)?;
        let verified = self.verify(scope, tally);
        let (text, errors) = (&screen.text, broker.errors());
        verified.map_err(|error| format!("{error}\nstart:\n{text}\nstderr:\n{errors}"))?;
        Ok(broker)
    }

    fn verify(&mut self, scope: Scope, tally: &mut Tally) -> Result<(), String> {
        let mut connection = Connection::open(self.site.kafka()).map_err(|e| e.to_string())?;
        for log in &mut self.logs {
            let ends = self.producers.iter().map(|one| one.acknowledged_end(log.number));
            let end = ends.max().unwrap_or(0);
            if log.partition.topic == "cut" {
                log.start = log.start.max(self.churn.cut_to);
            }
            tally.read += reader::reread(&mut connection, log, end, scope)?;
        }
        for producer in &mut self.producers {
            producer.verify(&self.logs)?;
        }
        self.churn.verify(&mut connection)
    }

    /// Adds what was done here to the tally.
    pub(crate) fn close(&self, tally: &mut Tally) {
        tally.acknowledged += self.producers.iter().map(|producer| producer.total).sum::<u64>();
        tally.changes += self.churn.changes;
    }
}

fn end(broker: &mut Broker, drain: Option<Duration>) -> Ending {
    let Some(drain) = drain else {
        broker.kill();
        return Ending::Load;
    };
    broker.terminate();
    if broker.wait_end(drain).is_some() || broker.kill().success() {
        return Ending::Stop;
    }
    Ending::Drain
}

fn observe(broker: &Broker, tally: &mut Tally) {
    let metrics = Metrics::scrape(broker.http());
    for name in COUNTED {
        *tally.counted.entry(name).or_default() += metrics.sum(name, "");
    }
}

/// Nothing that a kill does to a broker is an error to it.
fn note_errors(broker: &Broker, tally: &mut Tally) -> Result<(), String> {
    let errors = broker.errors();
    for line in errors.lines() {
        if line.contains("ERROR") || line.contains("panicked") {
            return Err(format!("the broker complains:\n{errors}"));
        }
        if let Some((_, warning)) = line.split_once(" WARN ") {
            *tally.warnings.entry(warning.to_owned()).or_default() += 1;
        }
    }
    Ok(())
}
