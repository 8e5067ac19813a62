//! What many groups cost: the broker's CPU time for their heartbeats, and how soon they are
//! served again after a kill.

pub(crate) mod arguments;
mod beats;
mod census;
mod classic;
mod consumer;
mod echo;
mod seat;

use std::rc::Rc;

use runtime::{IdlePolicy, Instant, Runtime, RuntimeConfig, block_on, raise_open_files_limit};

use crate::broker::{Broker, claim};
use crate::client::make_topic;
use crate::error::{BenchError, io_error};
use crate::report::{Cell, ProcessUse, Report, Table};
use crate::spread::Spread;

use arguments::{GroupProtocolArg, GroupsArgs};
use seat::{Plan, Seats};

/// The topic that all groups read.
const TOPIC: &str = "bench";
/// What the first generation of a group waits for: its members come together.
const INITIAL_DELAY: &str = "group.initial.rebalance.delay.ms=200";

/// One round: heartbeats for a while, a kill, a restart.
struct Round {
    /// Of one core.
    cpu: f64,
    /// Of one core, what an echo of as many frames takes.
    echo_cpu: f64,
    beats_per_second: f64,
    /// From when a heartbeat was due until its answer.
    mean_us: f64,
    resident_mib: f64,
    /// From the start of the process until it says that it is ready.
    ready_s: f64,
    /// From then until every group has been told right.
    told_s: f64,
    /// What telling of every group takes by itself.
    again_s: f64,
}

/// `tidemill-bench groups`
pub(crate) fn run(args: &GroupsArgs) -> Result<(), BenchError> {
    let place = &args.place;
    let _claim = claim(&place.dir)?;
    raise_open_files_limit().map_err(io_error("raise the limit of open files"))?;
    let mut report = Report::begin(&place.dir, "every change of a group".to_owned());
    let mut settings = args.own.settings.clone();
    settings.push(INITIAL_DELAY.to_owned());
    let mut broker = Broker::start(&args.own.broker, &settings, &place.dir, place.core)?;
    make_topic(broker.address(), TOPIC, args.members, &[])?;
    let plan = Plan::new(args, broker.address());
    let made = Instant::now();
    let gathering = plan.clone();
    let seats = on_runtime(move |runtime| gather(runtime, gathering))?;
    let made = Instant::now().nanos_since(made) as f64 / 1e9;
    report.setting("groups", format!("{} of {} members", args.groups, args.members));
    report.setting("connections", plan.connections().to_string());
    report.setting("made in", format!("{made:.1} s"));
    report.setting("interval", format!("{:?}", plan.interval));
    let mut rounds = Vec::new();
    for _ in 0..args.repeat {
        rounds.push(round(args, &mut broker, &seats)?);
    }
    report.table(table(&rounds)?)?;
    broker.end()?;
    report.end(place.json.as_deref())
}

fn on_runtime<T, F>(main: impl FnOnce(Runtime) -> F + Send + 'static) -> Result<T, BenchError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, BenchError>> + 'static,
{
    // It never sleeps: whoever sends to one that sleeps pays for waking it, here the broker.
    let config = RuntimeConfig { idle: IdlePolicy::Spin, ..RuntimeConfig::default() };
    block_on(config, main)?
}

async fn gather(runtime: Runtime, plan: Plan) -> Result<Seats, BenchError> {
    let plan = Rc::new(plan);
    let mut seats = match plan.protocol {
        GroupProtocolArg::Classic => classic::gather(&runtime, &plan).await?,
        GroupProtocolArg::Consumer => consumer::gather(&runtime, &plan).await?,
    };
    // Whoever came late is told once more before the measurement.
    census::until_told(&runtime, &plan).await?;
    seats.retain(|seats| !seats.is_empty());
    Ok(seats)
}

/// Heartbeats of everybody, then a kill, after which everybody goes on.
fn round(args: &GroupsArgs, broker: &mut Broker, seats: &Seats) -> Result<Round, BenchError> {
    let process = broker.process().ok_or(BenchError::Nothing("no process"))?;
    let (plan, beating) = (Plan::new(args, broker.address()), seats.clone());
    let time = args.seconds;
    let window = beats::Window { process, warmup: args.warmup, time };
    let beaten = on_runtime(move |runtime| beats::run(runtime, plan, beating, window))?;
    let resident_kib = ProcessUse::read(process).resident_kib;
    let beats_per_second = beaten.answered as f64 / time.as_secs_f64();
    let connections = Plan::new(args, broker.address()).connections();
    let echo_cpu = echo::cpu(&args.place, connections as usize, beats_per_second, time)?;
    let ready = broker.restart()?;
    let plan = Plan::new(args, broker.address());
    let (told, again) = on_runtime(move |runtime| async move {
        let plan = Rc::new(plan);
        let first = census::until_told(&runtime, &plan).await?;
        let again = census::until_told(&runtime, &plan).await?;
        Ok((first, again))
    })?;
    Ok(Round {
        cpu: beaten.cpu_ms as f64 / 1e3 / time.as_secs_f64(),
        echo_cpu,
        beats_per_second,
        mean_us: beaten.mean_us,
        resident_mib: resident_kib as f64 / 1024.0,
        ready_s: ready.as_secs_f64(),
        told_s: told.as_secs_f64(),
        again_s: again.as_secs_f64(),
    })
}

fn table(rounds: &[Round]) -> Result<Table, BenchError> {
    let columns = [
        "CPU % of a core",
        "an echo's",
        "ratio",
        "heartbeats/s",
        "mean us",
        "resident MiB",
        "ready s",
        "all groups s",
        "again s",
    ];
    let about = "Heartbeats of all members, evenly spread, and as many frames of their size that \
                 a bare loop gives back, one at a time too; then a kill: from start to ready, from \
                 ready until every group was described right, and the same once more.";
    let mut table = Table::new(about, &columns);
    let cell = |figure: fn(&Round) -> f64, digits| {
        let spread = Spread::of(rounds.iter().map(figure));
        Ok(Cell::spread(spread.ok_or(BenchError::Nothing("no rounds"))?, digits))
    };
    let cells: Result<Vec<Cell>, BenchError> = [
        cell(|round| round.cpu * 100.0, 1),
        cell(|round| round.echo_cpu * 100.0, 1),
        cell(|round| round.cpu / round.echo_cpu, 2),
        cell(|round| round.beats_per_second, 0),
        cell(|round| round.mean_us, 0),
        cell(|round| round.resident_mib, 0),
        cell(|round| round.ready_s, 2),
        cell(|round| round.told_s, 2),
        cell(|round| round.again_s, 2),
    ]
    .into_iter()
    .collect();
    table.row(cells?);
    Ok(table)
}
