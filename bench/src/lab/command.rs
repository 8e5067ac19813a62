//! `tidemill-bench run` and `find`: what they do, in order, and what they show.

use std::path::{Path, PathBuf};

use super::arguments::{FindArgs, RunArgs};
use super::flags::WorkloadFlags;
use super::knee::Knee;
use super::ledger::Tag;
use super::profile::Pace;
use super::session::{Place, Ran, Session};
use super::summary::QUOTED;
use super::workload::{ClientKind, Workload};
use crate::error::BenchError;
use crate::render;
use crate::report::{Cell, Table, show};

/// Seconds of warm-up and of measuring at each rate that is tried, if none are given.
const FIND_WARM_UP_SECONDS: u32 = 3;
const FIND_SECONDS: f64 = 5.0;
/// Records that a p99 needs.
const RECORDS_MIN: f64 = 1000.0;

/// `tidemill-bench run`
pub(crate) fn run(args: &RunArgs) -> Result<(), BenchError> {
    let flags = flags(args)?;
    let client = flags.client.unwrap_or(ClientKind::Kafka);
    let mut session = Session::open(&args.target, client)?;
    let workload = flags.resolve(session.address())?;
    announce(&workload)?;
    let mut invalid = 0;
    for block in 1..=args.blocks.unwrap_or(1) {
        let seed = workload.seed + u64::from(block - 1);
        let workload = Workload { seed, ..workload.clone() };
        let folder = args.record.out.as_deref().map(|out| folder(out, args.blocks, block));
        let place = Place {
            folder: folder.as_deref(),
            block: args.blocks.map(|_| block),
            start_at: args.start_at.filter(|_| block == 1),
        };
        let ran = session.run(&workload, &args.record, args.target.broker_core, &place)?;
        show_run(&workload, &ran, place.block)?;
        invalid += usize::from(!ran.verdict.valid);
        if let Some(folder) = place.folder {
            render::report(&[folder.to_owned()], folder)?;
            show(&format!("  {}", folder.join("report.html").display()))?;
        }
    }
    if let (Some(out), Some(2..)) = (&args.record.out, args.blocks) {
        render::report(std::slice::from_ref(out), out)?;
        show(&format!("  {}", out.join("report.html").display()))?;
    }
    session.close()?;
    match invalid {
        0 => Ok(()),
        count => Err(BenchError::Invalid(count)),
    }
}

/// `tidemill-bench find`
pub(crate) fn find(args: &FindArgs) -> Result<(), BenchError> {
    let mut flags = flags(&args.run)?;
    if args.from <= 0.0 || args.to < args.from || args.within <= 0.0 {
        return Err(BenchError::Arguments("--from, --to and --within do not go together"));
    }
    flags.warmup = flags.warmup.or(Some(FIND_WARM_UP_SECONDS));
    flags.duration = flags.duration.or(Some(FIND_SECONDS));
    flags.rate = Some(Pace::constant(args.from));
    let client = flags.client.unwrap_or(ClientKind::Kafka);
    let mut session = Session::open(&args.run.target, client)?;
    let workload = flags.resolve(session.address())?;
    announce(&workload)?;
    let limit_ns = u64::try_from(args.p99.as_nanos()).unwrap_or(u64::MAX);
    let mut knee = Knee::new(args.from, args.to, 1.0 + args.within / 100.0, args.retries);
    let mut best: Option<Ran> = None;
    let least = RECORDS_MIN / workload.duration.as_secs_f64();
    for number in 1..=args.runs_max {
        let Some(rate) = knee.next_rate().filter(|rate| *rate >= least) else { break };
        let seed = workload.seed + u64::from(number);
        let workload = Workload { pace: Pace::constant(rate), seed, ..workload.clone() };
        let record = &args.run.record;
        let folder = record.out.as_deref().map(|out| folder(out, Some(1), number));
        let place = Place { folder: folder.as_deref(), block: Some(number), start_at: None };
        let ran = session.run(&workload, record, args.run.target.broker_core, &place)?;
        let borne = ran.verdict.bears_the_rate();
        let good = borne && ran.p99_ns().is_some_and(|p99| p99 <= limit_ns);
        let p99 =
            ran.p99_ns().map_or("too few".to_owned(), |p99| format!("{:.0} us", p99 as f64 / 1e3));
        let reasons: Vec<_> = ran.verdict.reasons.iter().map(|one| one.id.as_str()).collect();
        let word = if good { "holds" } else { "does not hold" };
        show(&format!("  {rate:>10.0}/s  p99 {p99:<12} {word} {}", reasons.join(", ")))?;
        knee.on_result(good);
        if good {
            best = Some(ran);
        }
    }
    session.close()?;
    let Some(best) = best else {
        return Err(BenchError::Nothing("no rate that was tried holds"));
    };
    let beyond = match knee.beyond() {
        Some(rate) => format!("{rate:.0}/s does not"),
        None => "nothing above it was found that does not".to_owned(),
    };
    show(&format!("{:.0} records/s hold p99 within {:?}; {beyond}", best.rate(), args.p99))
}

fn flags(args: &RunArgs) -> Result<WorkloadFlags, BenchError> {
    let flags = args.workload.clone();
    Ok(match &args.file {
        Some(file) => flags.or(WorkloadFlags::read(file)?),
        None => flags,
    })
}

/// A run's folder: the directory itself, or one in it for each of a series.
fn folder(out: &Path, blocks: Option<u32>, block: u32) -> PathBuf {
    match blocks {
        None => out.to_owned(),
        Some(_) => out.join(format!("{block:03}")),
    }
}

fn announce(workload: &Workload) -> Result<(), BenchError> {
    show(&format!(
        "{}: {} to {}, topic {} of {} partitions, {} records/s, {} arrivals, seed {}; latency: {}",
        workload.name,
        workload.client.name(),
        workload.bootstrap,
        workload.topic,
        workload.partitions,
        workload.pace,
        workload.arrivals.name(),
        workload.seed,
        workload.latency_kind().name(),
    ))
}

/// Shows what a run gave: percentiles of each tag, who is missing, and whether it is valid.
fn show_run(workload: &Workload, ran: &Ran, block: Option<u32>) -> Result<(), BenchError> {
    let counts = ran.account.counts;
    let which = block.map_or(String::new(), |block| format!("Run {block}: "));
    let about = format!(
        "{which}{:.0} records/s acknowledged of {}/s; latency: {}.",
        ran.rate(),
        workload.pace,
        workload.latency_kind().name()
    );
    let mut columns = vec!["us", "records"];
    columns.extend(QUOTED.map(|(name, _)| name));
    columns.push("max");
    let mut table = Table::new(about, &columns);
    for tag in Tag::ALL {
        let histogram = ran.summary.of_tag(tag);
        if histogram.is_empty() {
            continue;
        }
        let mut cells = vec![Cell::text(tag.name()), Cell::count(histogram.len())];
        cells.extend(QUOTED.map(|(_, quantile)| match ran.summary.at(tag, quantile) {
            Some(nanos) => Cell::number(nanos as f64 / 1e3, 0),
            None => Cell::text("-"),
        }));
        cells.push(Cell::number(histogram.max() as f64 / 1e3, 0));
        table.row(cells);
    }
    show(&table.to_text())?;
    show(&format!(
        "  {} intended, {} sent, {} acknowledged, {} refused, {} timed out, {} given up",
        counts.intended, counts.sent, counts.acked, counts.errors, counts.timed_out, counts.waiting
    ))?;
    if let Some(stages) = &ran.stages {
        show(&stages.table("Where the broker's time went, warm-up included.").to_text())?;
    }
    if ran.verdict.valid {
        return show("  valid");
    }
    ran.verdict.reasons.iter().try_for_each(|reason| show(&format!("  INVALID: {}", reason.text)))
}
