//! How fast records are read from the beginning, hot or cold, and what `sendfile` makes of as many
//! bytes in the same run.

mod cache;
mod pass;

use std::time::Duration;

use runtime::floor::LoadEnd;

use crate::broker::{Broker, claim};
use crate::cli::{AcksArg, FetchArgs, From, RecordArgs};
use crate::client::make_topic;
use crate::error::BenchError;
use crate::floor::{sendfile_rate, spread};
use crate::latency::QUANTILES;
use crate::pace::{Rate, Spacing};
use crate::produce::{Load, latency_kind, template};
use crate::report::{Cell, Report, Table};

use pass::{Pass, Passed};

/// Bytes of a record of the records that are produced first, and how many make a batch: 1 MiB with
/// what the batch adds.
const FILL_RECORD_BYTES: u32 = 1024;
const FILL_RECORDS: u32 = 1000;

/// `tidemill-bench fetch`
pub(crate) fn run(args: &FetchArgs) -> Result<(), BenchError> {
    let From::Beginning = args.from;
    let place = &args.place;
    let _claim = claim(&place.dir)?;
    let mut report = Report::begin(&place.dir, "reading: none".to_owned());
    let broker = Broker::of(&args.broker, &place.dir, place.core)?;
    let data = args.data.as_deref().or(broker.data()).map(ToOwned::to_owned);
    if args.cold && data.is_none() {
        return Err(BenchError::Arguments("--cold needs --data or --broker"));
    }
    if args.fill > 0 {
        fill(args, &broker)?;
    }
    report.setting("filled", format!("{} MiB in batches of {FILL_RECORDS} records", args.fill));
    report.setting(
        "load",
        format!(
            "{}, {} connections x {} in flight, {} bytes a fetch",
            args.rate, args.connections, args.inflight, args.bytes_per_fetch,
        ),
    );
    report.setting("latency", latency_kind(args.rate));
    let pass = Pass {
        address: broker.address(),
        topic: args.topic.clone(),
        connections: args.connections,
        bytes_per_fetch: args.bytes_per_fetch,
        bytes_max: u64::from(args.mib) << 20,
        rate: args.rate,
        core: place.load_core,
    };
    if args.hot {
        pass.run(0)?;
    }
    let mut runs = Vec::new();
    for seed in 0..args.repeat {
        if let Some(data) = data.as_deref().filter(|_| args.cold) {
            cache::drop_segments(data)?;
        }
        let passed = pass.run(seed.into())?;
        let bytes = passed.bytes;
        let sent = sendfile_rate(&place.dir, bytes, args.cold, place.core, place.load_core)?;
        runs.push((passed, sent));
    }
    report.table(table(args, &runs))?;
    broker.end()?;
    report.end(place.json.as_deref())
}

/// Produces what is to be read, with the barriers left to the broker's own time.
fn fill(args: &FetchArgs, broker: &Broker) -> Result<(), BenchError> {
    let records = RecordArgs {
        record_size: FILL_RECORD_BYTES,
        batch_records: FILL_RECORDS,
        connections: args.connections,
        inflight: 2,
        acks: AcksArg::All,
        configs: vec!["flush.messages=1000000".to_owned()],
    };
    let template = template(&records, &args.topic, args.connections)?;
    make_topic(broker.address(), &args.topic, args.connections, &records.configs)?;
    let batches = (u64::from(args.fill) << 20).div_ceil(template.request.len() as u64);
    let run = Load {
        address: broker.address(),
        template: &template,
        connections: args.connections as usize,
        in_flight: 2,
        rate: Rate::Max,
        spacing: Spacing::Uniform,
        seed: 0,
        warm_up: Duration::ZERO,
        end: LoadEnd::Answers(batches),
        core: args.place.load_core,
    }
    .run()?;
    match run.latencies.refused() {
        0 => Ok(()),
        _ => Err(BenchError::Nothing("what was to be read first was refused")),
    }
}

fn table(args: &FetchArgs, runs: &[(Passed, f64)]) -> Table {
    let heat = if args.cold {
        "cold: the pages of the segments were dropped before (what the broker's own memory holds \
         stays)"
    } else {
        "hot: all was read once before"
    };
    let about =
        format!("Fetch, {heat}; beside sendfile of as many bytes. {}.", latency_kind(args.rate));
    let mut columns = vec!["run", "MB", "records", "fetches", "MB/s", "sendfile MB/s", "ratio"];
    columns.extend(QUANTILES.map(|(name, _)| name));
    let mut table = Table::new(about, &columns);
    for (number, (passed, sent)) in (1..).zip(runs) {
        let rate = passed.bytes_per_second();
        let mut cells = vec![
            Cell::count(number),
            Cell::number(passed.bytes as f64 / 1e6, 0),
            Cell::count(passed.records),
            Cell::count(passed.latencies.answered()),
            Cell::number(rate / 1e6, 0),
            Cell::number(sent / 1e6, 0),
            Cell::number(rate / sent, 3),
        ];
        cells.extend(QUANTILES.map(|(_, at)| Cell::number(passed.latencies.micros_at(at), 0)));
        table.row(cells);
    }
    let of = |pick: &dyn Fn(&(Passed, f64)) -> f64, digits| spread(runs.iter().map(pick), digits);
    let mut cells = vec![Cell::text("median"), Cell::text(""), Cell::text(""), Cell::text("")];
    cells.push(of(&|(passed, _)| passed.bytes_per_second() / 1e6, 0));
    cells.push(of(&|(_, sent)| sent / 1e6, 0));
    cells.push(of(&|(passed, sent)| passed.bytes_per_second() / sent, 3));
    cells.extend(QUANTILES.map(|(_, at)| of(&|(passed, _)| passed.latencies.micros_at(at), 0)));
    table.row(cells);
    table
}
