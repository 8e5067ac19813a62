//! What a broker with nothing to do costs: CPU time, wake-ups, memory, descriptors.

use runtime::{RuntimeConfig, block_on};

use crate::broker::{Broker, claim};
use crate::cli::IdleArgs;
use crate::error::BenchError;
use crate::report::{Cell, ProcessUse, Report, Table};
use crate::spread::Spread;

/// `tidemill-bench idle`
pub(crate) fn run(args: &IdleArgs) -> Result<(), BenchError> {
    let place = &args.place;
    let _claim = claim(&place.dir)?;
    let mut report = Report::begin(&place.dir, "nothing is written".to_owned());
    let broker = Broker::start(&args.own.broker, &args.own.settings, &place.dir, place.core)?;
    let process = broker.process().ok_or(BenchError::Nothing("no process"))?;
    // What start-up leaves to be done is not idleness.
    wait(args)?;
    let mut uses = vec![ProcessUse::read(process)];
    for _ in 0..args.repeat {
        wait(args)?;
        uses.push(ProcessUse::read(process));
    }
    broker.end()?;
    let seconds = args.seconds.as_secs_f64();
    let per_second = |of: fn(&ProcessUse) -> u64| {
        let pairs = uses.windows(2).filter_map(|pair| Some((pair.first()?, pair.last()?)));
        Spread::of(pairs.map(|(from, to)| of(to).saturating_sub(of(from)) as f64 / seconds))
            .ok_or(BenchError::Nothing("no looks"))
    };
    let last = uses.last().copied().unwrap_or_default();
    let columns = ["CPU ms/s", "switches/s", "resident MiB", "descriptors"];
    let mut table = Table::new("A broker without clients, no message stored.", &columns);
    table.row(vec![
        Cell::spread(per_second(|one| one.cpu_ms)?, 1),
        Cell::spread(per_second(|one| one.switches)?, 0),
        Cell::number(last.resident_kib as f64 / 1024.0, 0),
        Cell::count(last.descriptors),
    ]);
    report.table(table)?;
    report.end(place.json.as_deref())
}

fn wait(args: &IdleArgs) -> Result<(), BenchError> {
    let time = args.seconds;
    let sleeping = move |runtime: runtime::Runtime| async move { runtime.sleep(time).await };
    Ok(block_on(RuntimeConfig::default(), sleeping)?)
}
