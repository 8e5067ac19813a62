//! Two measurements in turns on one machine, and their ratio: what a slow moment does to one it
//! does to the other, so the ratio stands when the figures do not.

use core::net::SocketAddr;

use runtime::floor::{Direction, LoadEnd};

use crate::broker::{Broker, claim};
use crate::cli::{Against, PairArgs};
use crate::client::{Made, make_topic};
use crate::error::BenchError;
use crate::floor::{FloorServer, disk_rate, spread};
use crate::pace::{Rate, Spacing};
use crate::produce::{Load, durability, latency_kind, template};
use crate::report::{Cell, ProcessUse, Report, Table};
use crate::request::Template;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Floor,
    Disk,
    Broker { partitions: u32 },
}

/// What one run of one side gave.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    /// Records a second.
    rate: f64,
    /// Latencies at 0.5, 0.99 and 0.999, microseconds.
    micros: [f64; 3],
    descriptors: u64,
    lost: u64,
}

const FIGURES: [&str; 4] = ["records/s", "p50 us", "p99 us", "p99.9 us"];

/// MiB that the disk writes in a run: for as long as a broker's run, since what lies below a
/// virtual disk takes the first ones faster than it goes on.
const DISK_MIB: u32 = 4096;

impl Sample {
    /// The figures in the order of `FIGURES`.
    fn figures(&self) -> [f64; 4] {
        let [p50, p99, p999] = self.micros;
        [self.rate, p50, p99, p999]
    }
}

impl Side {
    fn name(self) -> String {
        match self {
            Self::Floor => "floor".to_owned(),
            Self::Disk => "disk".to_owned(),
            Self::Broker { partitions: 1 } => "broker, 1 partition".to_owned(),
            Self::Broker { partitions } => format!("broker, {partitions} partitions"),
        }
    }

    /// The topic of a broker's side.
    fn topic(self) -> String {
        match self {
            Self::Broker { partitions } => format!("bench-{partitions}"),
            Self::Floor | Self::Disk => "bench".to_owned(),
        }
    }

    /// Starts a broker's side, makes its topic and writes the journal over once: from then on files
    /// are there, and what is flushed is as much as what comes. Each side has a broker of its own,
    /// so that none flushes what the other was given. With the time that the topic took.
    fn prepare(self, args: &PairArgs) -> Result<Option<(Broker, f64)>, BenchError> {
        let Self::Broker { partitions } = self else { return Ok(None) };
        let place = &args.place;
        let broker = Broker::start(
            &args.own.broker,
            &args.own.settings,
            &place.dir.join(self.topic()),
            place.core,
        )?;
        let configs = &args.records.configs;
        let made = make_topic(broker.address(), &self.topic(), partitions, configs)?;
        let template = template(&args.records, &self.topic(), partitions)?;
        let record_bytes = template.request.len() as f64 / f64::from(template.records);
        let mut written = 0.0;
        while written < f64::from(args.lap_mib) * 1_048_576.0 {
            let sample = measure(args, broker.address(), &template)?;
            written += sample.rate * args.duration.as_secs_f64() * record_bytes;
        }
        let millis = if let Made::Now(millis) = made { millis } else { 0.0 };
        Ok(Some((broker, millis)))
    }

    fn run(self, args: &PairArgs, broker: Option<&Broker>) -> Result<Sample, BenchError> {
        let place = &args.place;
        match self {
            Self::Floor => {
                let template = template(&args.records, "bench", 1)?;
                let server = FloorServer::start(Some(&place.dir.join("floor")), place.core)?;
                let sample = measure(args, server.address(), &template)?;
                server.end()?;
                Ok(sample)
            }
            Self::Disk => {
                let rate = disk_rate(&place.dir, place.core, Direction::Write, DISK_MIB)?;
                let template = template(&args.records, "bench", 1)?;
                let bytes_of = template.request.len() as f64 / f64::from(template.records);
                Ok(Sample { rate: rate / bytes_of, ..Sample::default() })
            }
            Self::Broker { partitions } => {
                let broker = broker.ok_or(BenchError::Arguments("a broker to be measured"))?;
                let template = template(&args.records, &self.topic(), partitions)?;
                let mut sample = measure(args, broker.address(), &template)?;
                let process = broker.process().map(ProcessUse::read);
                sample.descriptors = process.map_or(0, |process| process.descriptors);
                Ok(sample)
            }
        }
    }
}

/// Runs the load in a closed loop.
fn measure(
    args: &PairArgs,
    address: SocketAddr,
    template: &Template,
) -> Result<Sample, BenchError> {
    let run = Load {
        address,
        template,
        connections: args.records.connections as usize,
        in_flight: args.records.inflight as usize,
        rate: Rate::Max,
        spacing: Spacing::Uniform,
        seed: 0,
        warm_up: args.warmup,
        end: LoadEnd::After(args.duration),
        core: args.place.load_core,
    }
    .run()?;
    let micros = [0.5, 0.99, 0.999].map(|at| run.latencies.micros_at(at));
    let lost = run.latencies.refused() + run.latencies.unanswered();
    Ok(Sample { rate: run.records_per_second, micros, lost, ..Sample::default() })
}

/// `tidemill-bench pair`
pub(crate) fn run(args: &PairArgs) -> Result<(), BenchError> {
    let sides = match (args.against, args.partitions) {
        (Some(Against::Floor), _) => [Side::Floor, Side::Broker { partitions: 1 }],
        (Some(Against::Disk), _) => [Side::Disk, Side::Broker { partitions: 1 }],
        (None, Some((one, other))) => [one, other].map(|partitions| Side::Broker { partitions }),
        (None, None) => return Err(BenchError::Arguments("two numbers of partitions")),
    };
    let _claim = claim(&args.place.dir)?;
    let mut report = Report::begin(&args.place.dir, durability(&args.records));
    let records = &args.records;
    report.setting(
        "load",
        format!(
            "closed loop, {} connections x {} in flight, {} records of {} B a request",
            records.connections, records.inflight, records.batch_records, records.record_size,
        ),
    );
    report.setting("latency", latency_kind(Rate::Max));
    report.setting("pairs", args.pairs.to_string());
    report.setting("before", format!("{} MiB written to each topic", args.lap_mib));
    let [one, other] = sides;
    let prepared = [one.prepare(args)?, other.prepare(args)?];
    let brokers = prepared.each_ref().map(|side| side.as_ref().map(|(broker, _)| broker));
    let created = prepared.each_ref().map(|side| side.as_ref().map_or(0.0, |(_, millis)| *millis));
    let [one_broker, other_broker] = brokers;
    let mut pairs = Vec::new();
    for number in 1..=args.pairs {
        // Taken in turns, so that neither always comes after the other's flushing.
        let pair = if number % 2 == 1 {
            let first = one.run(args, one_broker)?;
            [first, other.run(args, other_broker)?]
        } else {
            let first = other.run(args, other_broker)?;
            [one.run(args, one_broker)?, first]
        };
        let [a, b] = pair.map(|sample| sample.rate);
        eprintln!("pair {number}: {} {a:.0}/s, {} {b:.0}/s", one.name(), other.name());
        pairs.push(pair);
    }
    for (broker, _) in prepared.into_iter().flatten() {
        broker.end()?;
    }
    report.table(medians(sides, &pairs, created))?;
    report.table(ratios(sides, &pairs))?;
    report.end(args.place.json.as_deref())
}

/// The medians of each side, with what else was seen.
fn medians(sides: [Side; 2], pairs: &[[Sample; 2]], created: [f64; 2]) -> Table {
    let mut columns = vec!["side"];
    columns.extend(FIGURES);
    columns.extend(["descriptors", "create ms", "lost"]);
    let mut table = Table::new("Medians over all pairs (least..most).", &columns);
    for (index, (side, created)) in sides.into_iter().zip(created).enumerate() {
        let of = |pick: &dyn Fn(&Sample) -> f64, digits| {
            spread(pairs.iter().filter_map(|pair| pair.get(index)).map(pick), digits)
        };
        table.row(vec![
            Cell::text(side.name()),
            of(&|sample| sample.rate, 0),
            of(&|sample| sample.micros[0], 0),
            of(&|sample| sample.micros[1], 0),
            of(&|sample| sample.micros[2], 0),
            of(&|sample| sample.descriptors as f64, 0),
            Cell::number(created, 1),
            of(&|sample| sample.lost as f64, 0),
        ]);
    }
    table
}

/// The second side's figures divided by the first's, pair by pair and over all.
fn ratios(sides: [Side; 2], pairs: &[[Sample; 2]]) -> Table {
    let [one, other] = sides;
    let about = format!("Ratios: {} to {}, within each pair.", other.name(), one.name());
    let mut columns = vec!["pair"];
    columns.extend(FIGURES);
    let mut table = Table::new(about, &columns);
    let all: Vec<[f64; 4]> = pairs.iter().map(ratio).collect();
    for (number, ratios) in (1..).zip(&all) {
        let mut cells = vec![Cell::count(number)];
        cells.extend(ratios.map(shown));
        table.row(cells);
    }
    let mut cells = vec![Cell::text("median")];
    cells.extend([0, 1, 2, 3].map(|at| {
        let known = all.iter().filter_map(|ratios| ratios.get(at).copied());
        spread(known.filter(|ratio| ratio.is_finite()), 3)
    }));
    table.row(cells);
    table
}

/// The second sample's figures divided by the first's; not a number where the first has none.
fn ratio([one, other]: &[Sample; 2]) -> [f64; 4] {
    let (one, other) = (one.figures(), other.figures());
    [0, 1, 2, 3].map(|at| if one[at] > 0.0 { other[at] / one[at] } else { f64::NAN })
}

fn shown(ratio: f64) -> Cell {
    if ratio.is_finite() { Cell::number(ratio, 3) } else { Cell::text("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_the_second_s_to_the_first_s_within_a_pair() {
        let sample = |rate, p50| Sample { rate, micros: [p50, 2.0, 4.0], ..Sample::default() };
        let ratios = ratio(&[sample(100.0, 10.0), sample(75.0, 20.0)]);
        for (found, expected) in ratios.into_iter().zip([0.75, 2.0, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-9, "{ratios:?}");
        }
        let disk = Sample { rate: 50.0, ..Sample::default() };
        let [rate, p50, ..] = ratio(&[disk, sample(25.0, 3.0)]);
        assert!((rate - 0.5).abs() < 1e-9 && p50.is_nan());
    }
}
