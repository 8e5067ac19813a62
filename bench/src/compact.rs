//! What compaction costs those who produce meanwhile, and whether what it leaves is right.
//!
//! A topic is filled; producers of another one, at half the floor's rate, are measured in turns
//! while its compaction is held back and while it goes, until it is done; then the topic is read
//! back, record by record.

mod content;
mod files;
mod topic;

use std::path::{Path, PathBuf};
use std::time::Duration;

use net::kafka::api::produce::Acks;
use net::kafka::config::ResourceType;
use record::Offset;
use runtime::Instant;
use runtime::floor::LoadEnd;

use self::content::Content;
use self::topic::{Checked, Topic};
use crate::broker::{Broker, claim};
use crate::cli::CompactArgs;
use crate::client::make_topic;
use crate::error::BenchError;
use crate::floor::{FloorServer, spread};
use crate::pace::{Rate, Spacing};
use crate::produce::{Load, Run, latency_kind};
use crate::report::{Cell, Report, Table};
use crate::request::{Ingredients, Template};

/// The topic that is compacted, and the one that the producers write to.
const TABLE: &str = "table";
const LOAD: &str = "load";
/// What is kept of the load, so that minutes of it do not fill the disk.
const LOAD_KEPT: &str = "retention.bytes=1073741824";
/// The setting that lets compaction begin, and its values before and then.
const RATIO: &str = "min.cleanable.dirty.ratio";
const NEVER: &str = "1.0";
const AT_ONCE: &str = "0.0";
/// The setting that holds compaction back, and the value that does.
const LIMIT: &str = "log.cleaner.io.max.bytes.per.second";
const HELD: &str = "1";
/// Compaction that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(30);

/// The producers' latencies at 0.5, 0.99 and 0.999, in microseconds.
type Micros = [f64; 3];

/// Turns of the producers: compaction held back, and at work.
#[derive(Default)]
struct Measured {
    turns: Vec<(Micros, Micros)>,
    lost: u64,
}

/// One compaction.
struct Round {
    measured: Measured,
    seconds: f64,
    checked: Checked,
}

/// What is the same in every round.
struct Bench<'a> {
    args: &'a CompactArgs,
    broker: &'a Broker,
    table: Topic,
    template: Template,
    rate: Rate,
}

/// `tidemill-bench compact`
pub(crate) fn run(args: &CompactArgs) -> Result<(), BenchError> {
    let place = &args.place;
    let _claim = claim(&place.dir)?;
    let mut report =
        Report::begin(&place.dir, "flush.messages=1 (the default), acks=-1".to_owned());
    let template = template(args)?;
    let rate = match args.rate {
        Some(rate) => rate,
        None => Rate::PerSecond((floor_rate(args, &template)? / 2.0).round()),
    };
    let mut settings = ["log.cleaner.backoff.ms=200", "log.retention.check.interval.ms=5000"]
        .map(str::to_owned)
        .to_vec();
    settings.extend(args.own.settings.iter().cloned());
    let broker = Broker::start(&args.own.broker, &settings, &place.dir, place.core)?;
    let (address, value_bytes) = (broker.address(), args.record_size as usize);
    let segment = format!("segment.bytes={}", u64::from(args.segment_mib) << 20);
    make_topic(address, LOAD, 1, &[segment.clone(), LOAD_KEPT.to_owned()])?;
    let compacted = ["cleanup.policy=compact".to_owned(), format!("{RATIO}={NEVER}"), segment];
    let relaxed = [&compacted[..], &["flush.messages=1000000".to_owned()]].concat();
    make_topic(address, TABLE, 1, &relaxed)?;
    let content = Content { keys: args.keys.into(), value_bytes };
    let table = Topic { address, name: TABLE, content };
    let bench = Bench { args, broker: &broker, table, template, rate };
    report.setting("compacted", format!("{} MiB, {} keys", args.mib, args.keys));
    report.setting("barrier of the broker", broker.says());
    report.setting(
        "load",
        format!("open loop, {rate}, {} connections, one record a request", args.connections),
    );
    report.setting("latency", latency_kind(rate));
    let (mut rounds, mut end, mut directory) = (Vec::new(), Offset::ZERO, None);
    for number in 1..=args.rounds {
        end = bench.table.fill(end, u64::from(args.mib) << 20)?;
        // The largest before there is any load: later that may be the load's.
        let known = directory.take().map_or_else(|| bench.directory(), Ok)?;
        let round = bench.round(end, &known)?;
        directory = Some(known);
        eprintln!("round {number}: compacted in {:.1} s, {:?}", round.seconds, round.checked);
        rounds.push(round);
    }
    broker.end()?;
    report.table(latencies(&rounds))?;
    report.table(results(args, &rounds))?;
    report.end(place.json.as_deref())
}

impl Bench<'_> {
    fn round(&self, end: Offset, directory: &Path) -> Result<Round, BenchError> {
        let mut measured = Measured::default();
        self.hold(true)?;
        self.table.set(RATIO, AT_ONCE)?;
        eprintln!("compaction begins");
        let (start, mut going_ns) = (Instant::now(), 0);
        let compacted = loop {
            let held = measured.enter("held", &self.produce()?);
            self.hold(false)?;
            let turn = Instant::now();
            let going = measured.enter("going", &self.produce()?);
            let compacted = files::compacted_to(directory)?;
            going_ns += Instant::now().nanos_since(turn);
            // A turn that outlasted compaction counts only if there is no other.
            if compacted.is_none() || measured.turns.is_empty() {
                measured.turns.push((held, going));
            }
            if let Some(compacted) = compacted {
                break compacted;
            }
            self.hold(true)?;
            if Instant::now().nanos_since(start) > PATIENCE.as_nanos().try_into().unwrap_or(0) {
                return Err(BenchError::Nothing("compaction does not end"));
            }
        };
        let seconds = going_ns as f64 / 1e9;
        eprintln!("compaction has ended");
        self.table.set(RATIO, NEVER)?;
        Ok(Round { measured, seconds, checked: self.table.check(compacted, end)? })
    }

    /// Holds compaction back, or lets it go on.
    fn hold(&self, held: bool) -> Result<(), BenchError> {
        let brokers = (ResourceType::BROKER, "");
        topic::set(self.broker.address(), brokers, (LIMIT, held.then_some(HELD)))
    }

    fn produce(&self) -> Result<Run, BenchError> {
        load(self.args, self.broker.address(), &self.template, self.rate)
    }

    fn directory(&self) -> Result<PathBuf, BenchError> {
        let data = self.broker.data().ok_or(BenchError::Nothing("no data directory"))?;
        files::largest_partition(data)
    }
}

impl Measured {
    /// Counts what was lost, and tells how it went.
    fn enter(&mut self, what: &str, run: &Run) -> Micros {
        self.lost += run.latencies.refused() + run.latencies.unanswered();
        let micros = [0.5, 0.99, 0.999].map(|at| run.latencies.micros_at(at));
        let [p50, p99, p999] = micros;
        let late = run.latencies.delay_micros_at(0.99);
        eprintln!("{what}: p50 {p50:.0}, p99 {p99:.0}, p99.9 {p999:.0} us; sent late {late:.0} us");
        micros
    }

    /// The quotients of each turn, going to held, at 0.99.
    fn ratios(&self) -> impl Iterator<Item = f64> {
        self.turns.iter().map(|([_, held, _], [_, going, _])| going / held)
    }
}

fn template(args: &CompactArgs) -> Result<Template, BenchError> {
    Template::new(&Ingredients {
        topic: LOAD,
        partitions: 1,
        records: 1,
        record_bytes: args.record_size,
        acks: Acks::ALL,
        key: Some(b"key"),
    })
}

/// Records a second that the floor's durable server answers in a closed loop.
fn floor_rate(args: &CompactArgs, template: &Template) -> Result<f64, BenchError> {
    let server = FloorServer::start(Some(&args.place.dir.join("floor")), args.place.core)?;
    let run = load(args, server.address(), template, Rate::Max)?;
    server.end()?;
    Ok(run.records_per_second)
}

fn load(
    args: &CompactArgs,
    address: core::net::SocketAddr,
    template: &Template,
    rate: Rate,
) -> Result<Run, BenchError> {
    Load {
        address,
        template,
        connections: args.connections as usize,
        in_flight: if rate == Rate::Max { 1 } else { 64 },
        rate,
        spacing: Spacing::Poisson,
        seed: 1,
        warm_up: args.warmup,
        end: LoadEnd::After(args.duration),
        core: args.place.load_core,
    }
    .run()
}

fn latencies(rounds: &[Round]) -> Table {
    let columns = ["compaction", "runs", "p50 us", "p99 us", "p99.9 us"];
    let mut table = Table::new("Producers: medians over all runs (least..most).", &columns);
    let turns = || rounds.iter().flat_map(|round| round.measured.turns.iter());
    let held: Vec<Micros> = turns().map(|(held, _)| *held).collect();
    let going: Vec<Micros> = turns().map(|(_, going)| *going).collect();
    for (name, runs) in [("held back", held), ("going", going)] {
        let mut cells = vec![Cell::text(name), Cell::count(runs.len() as u64)];
        cells.extend(
            [0, 1, 2]
                .map(|at: usize| spread(runs.iter().filter_map(|run| run.get(at).copied()), 0)),
        );
        table.row(cells);
    }
    table
}

fn results(args: &CompactArgs, rounds: &[Round]) -> Table {
    let columns = ["round", "p99 ratio", "seconds", "MiB/s", "keys", "records behind", "lost"];
    let about = "Compaction: p99 while it goes to p99 just before, while it is held back, median \
                 of all turns (least..most); the time that it went; what was read back, record \
                 by record.";
    let mut table = Table::new(about, &columns);
    for (number, round) in (1..).zip(rounds) {
        table.row(vec![
            Cell::count(number),
            spread(round.measured.ratios(), 3),
            Cell::number(round.seconds, 1),
            Cell::number(f64::from(args.mib) / round.seconds, 0),
            Cell::count(round.checked.compacted),
            Cell::count(round.checked.behind),
            Cell::count(round.measured.lost),
        ]);
    }
    table
}
