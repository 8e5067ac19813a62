//! How fast records are acknowledged, at a fixed rate or at the most.

use core::net::SocketAddr;
use std::time::Duration;

use net::kafka::api::produce::Acks;
use runtime::floor::{Drive, LoadConfig, LoadEnd, LoadReport, load};

use crate::broker::{Broker, claim};
use crate::cli::{AcksArg, ProduceArgs, RecordArgs};
use crate::client::{Made, make_topic};
use crate::error::{BenchError, io_error};
use crate::latency::{Latencies, QUANTILES};
use crate::pace::{Plan, Rate, Spacing};
use crate::report::{Cell, Report, Table, write};
use crate::request::{Ingredients, Template};
use crate::spread::Spread;
use crate::stages::StageView;

/// One load to be run.
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) template: &'a Template,
    pub(crate) connections: usize,
    pub(crate) in_flight: usize,
    pub(crate) rate: Rate,
    pub(crate) spacing: Spacing,
    pub(crate) seed: u64,
    pub(crate) warm_up: Duration,
    pub(crate) end: LoadEnd,
    pub(crate) core: usize,
}

/// What came of it.
pub(crate) struct Run {
    pub(crate) latencies: Latencies,
    pub(crate) report: LoadReport,
    /// Records acknowledged a second.
    pub(crate) records_per_second: f64,
}

impl Load<'_> {
    /// Runs it on this thread. An error if something was answered with an error and nothing well.
    pub(crate) fn run(&self) -> Result<Run, BenchError> {
        let template = self.template;
        let mut config = LoadConfig::new(self.address, self.connections, template.request.clone());
        config.in_flight = self.in_flight;
        config.rotation = Some(template.rotation);
        config.zero = Some(template.error_code.clone());
        config.warm_up = self.warm_up;
        config.end = self.end;
        config.core = Some(self.core);
        let mut latencies = Latencies::new()?;
        let report = match self.rate {
            Rate::Max => load(&config, Drive::Closed, &mut latencies),
            Rate::PerSecond(rate) => {
                let mut plan = Plan::new(rate, self.spacing, self.connections, self.seed);
                let records = template.records as usize;
                load(&config, Drive::Open { arrivals: &mut plan, records }, &mut latencies)
            }
        };
        let report = report.map_err(io_error("run the load"))?;
        if report.made != report.received + report.unanswered && report.unanswered == 0 {
            return Err(BenchError::Nothing("requests are not accounted for"));
        }
        let counted = match self.rate {
            Rate::Max => latencies.answered() * u64::from(template.records),
            Rate::PerSecond(_) => latencies.answered(),
        };
        let seconds = report.elapsed_ns.max(1) as f64 / 1e9;
        Ok(Run { latencies, records_per_second: counted as f64 / seconds, report })
    }
}

/// Kafka's number for the argument.
pub(crate) fn acks(acks: AcksArg) -> Acks {
    match acks {
        AcksArg::Leader => Acks::LEADER,
        AcksArg::All => Acks::ALL,
    }
}

/// What an acknowledgement means, in the words of the settings.
pub(crate) fn durability(records: &RecordArgs) -> String {
    let flush = records.configs.iter().find(|config| config.starts_with("flush.messages="));
    let flush = flush.map_or("flush.messages=1 (the default)", String::as_str);
    format!("{flush}, acks={}", acks(records.acks).0)
}

/// The request that the arguments ask for.
pub(crate) fn template(
    records: &RecordArgs,
    topic: &str,
    partitions: u32,
) -> Result<Template, BenchError> {
    Template::new(&Ingredients {
        topic,
        partitions,
        records: records.batch_records,
        record_bytes: records.record_size,
        acks: acks(records.acks),
        key: None,
    })
}

/// What latencies are of, as nobody must mistake one for the other.
pub(crate) fn latency_kind(rate: Rate) -> &'static str {
    match rate {
        Rate::Max => "service time, omits coordinated delay",
        Rate::PerSecond(_) => {
            "from when each record was due, late and unanswered ones at their age"
        }
    }
}

/// `tidemill-bench produce`
pub(crate) fn run(args: &ProduceArgs) -> Result<(), BenchError> {
    let place = &args.place;
    let _claim = claim(&place.dir)?;
    let template = template(&args.records, &args.topic, args.partitions)?;
    let mut report = Report::begin(&place.dir, durability(&args.records));
    let broker = Broker::of(&args.broker, &place.dir, place.core)?;
    let made = make_topic(broker.address(), &args.topic, args.partitions, &args.records.configs)?;
    report.setting("barrier of the broker", broker.says());
    report.setting(
        "topic",
        match made {
            Made::Now(millis) => {
                format!("{} partitions, created in {millis:.1} ms", args.partitions)
            }
            Made::Before => format!("{} partitions, there before: its settings", args.partitions),
        },
    );
    report.setting("load", load_in_words(&args.records, args.rate));
    report.setting("latency", latency_kind(args.rate));
    let mut runs = Vec::new();
    let view = args.http.map(StageView::begin).transpose()?;
    for repeat in 0..args.time.repeat {
        let load = Load {
            address: broker.address(),
            template: &template,
            connections: args.records.connections as usize,
            in_flight: args.records.inflight as usize,
            rate: args.rate,
            spacing: args.arrivals,
            seed: args.seed + u64::from(repeat),
            warm_up: args.time.warmup,
            end: LoadEnd::After(args.time.duration),
            core: place.load_core,
        };
        let run = load.run()?;
        if let Some(out) = &args.out {
            let file = out.join(format!("latency-{repeat}.csv"));
            write(&file, &run.latencies.to_csv())?;
        }
        runs.push(run);
    }
    report.table(table(&runs, &template, args.rate))?;
    if let Some(view) = view {
        let stages = view.end()?;
        report.table(stages.table("Stages of the broker during all runs, warm-ups included."))?;
        if let Some(out) = &args.out {
            write(&out.join("stages.json"), &format!("{:#}\n", stages.to_json()))?;
        }
    }
    broker.end()?;
    let in_out = args.out.as_ref().map(|out| out.join("report.json"));
    report.end(place.json.as_deref().or(in_out.as_deref()))
}

fn load_in_words(records: &RecordArgs, rate: Rate) -> String {
    format!(
        "{} records, {} connections x {} in flight, {} records of {} B a request",
        match rate {
            Rate::Max => "closed loop, max".to_owned(),
            Rate::PerSecond(rate) => format!("open loop, {rate}/s"),
        },
        records.connections,
        records.inflight,
        records.batch_records,
        records.record_size,
    )
}

fn table(runs: &[Run], template: &Template, rate: Rate) -> Table {
    let mut columns = vec!["run", "records/s", "MB/s sent"];
    columns.extend(QUANTILES.map(|(name, _)| name));
    columns.extend(["sent late p99 us", "refused", "unanswered", "answers a turn"]);
    let about = format!("Produce; latency: {}.", latency_kind(rate));
    let mut table = Table::new(about, &columns);
    let bytes_of = template.request.len() as f64 / f64::from(template.records);
    for (number, run) in (1..).zip(runs) {
        let megabytes = run.records_per_second * bytes_of / 1e6;
        let mut cells = vec![Cell::count(number), Cell::number(run.records_per_second, 0)];
        cells.push(Cell::number(megabytes, 1));
        cells.extend(QUANTILES.map(|(_, at)| Cell::number(run.latencies.micros_at(at), 0)));
        cells.push(Cell::number(run.latencies.delay_micros_at(0.99), 0));
        cells.push(Cell::count(run.latencies.refused()));
        cells.push(Cell::count(run.latencies.unanswered()));
        let turns = run.report.turns.max(1) as f64;
        cells.push(Cell::number(run.report.received as f64 / turns, 1));
        table.row(cells);
    }
    let spread = |figure: &dyn Fn(&Run) -> f64, digits| {
        let spread = Spread::of(runs.iter().map(figure));
        spread.map_or(Cell::text("-"), |spread| Cell::spread(spread, digits))
    };
    let mut cells = vec![Cell::text("median"), spread(&|run| run.records_per_second, 0)];
    cells.push(spread(&|run| run.records_per_second * bytes_of / 1e6, 1));
    cells.extend(QUANTILES.map(|(_, at)| spread(&|run| run.latencies.micros_at(at), 0)));
    cells.push(spread(&|run| run.latencies.delay_micros_at(0.99), 0));
    cells.push(Cell::count(runs.iter().map(|run| run.latencies.refused()).sum()));
    cells.push(Cell::count(runs.iter().map(|run| run.latencies.unanswered()).sum()));
    cells.push(Cell::text(""));
    table.row(cells);
    table
}
