//! `tidemill tune effect`: what a setting is worth, measured before and after in turns.
//!
//! What puts it back is written down before anything is changed. It is put back at the end, at any
//! error, at any signal that can be caught, and where none can, by the next `tune effect`.

mod keeper;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use runtime::signal::Watch;
use tuning::effect::{Change, Knob, Side, order};

use self::keeper::Keeper;
use self::report::Report;
use super::place::{LoadArgs, Place, PlaceArgs, seconds};
use super::trial::{Trial, TrialArgs};
use crate::cli::failure::Failure;
use crate::cli::output;

const USE: &str = "Without --apply nothing is changed: it says what would be. A setting that an \
    earlier run left changed, since it was killed, is put back first, with or without --apply";

/// Measures what a setting is worth.
#[derive(clap::Args, Debug)]
#[command(after_help = USE)]
pub(super) struct EffectArgs {
    /// The setting
    #[arg(value_name = KNOBS, value_parser = knob)]
    knob: Knob,
    /// Change it, in turns with how it is, and put it back
    #[arg(long)]
    apply: bool,
    /// What to set it to [default: the one that `tune check` wants, or another]
    #[arg(long, value_name = "V")]
    value: Option<String>,
    /// Pairs of runs; fewer than six are no verdict
    #[arg(long, value_name = "N", default_value_t = 6,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pairs: u32,
    /// Seconds of each run
    #[arg(long, value_name = "N", default_value = "4", value_parser = seconds)]
    seconds: Duration,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    trial: TrialArgs,
    /// Where `sys`, `proc` and `run` are
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Write everything as one JSON object
    #[arg(long)]
    json: bool,
}

const KNOBS: &str = "scheduler|nomerges|wbt_lat_usec|thp";

fn knob(name: &str) -> Result<Knob, String> {
    let knob = Knob::ALL.into_iter().find(|knob| knob.name() == name);
    knob.ok_or_else(|| format!("not one of {KNOBS}"))
}

/// Runs the command.
pub(super) fn run(arguments: &EffectArgs) -> Result<ExitCode, Failure> {
    // Whatever comes from here on is waited for, and finds everything put back.
    let _watch = Watch::begin().map_err(Failure::new)?;
    let keeper = Keeper::open(&arguments.root)?;
    if let Some(said) = keeper.restore_left()? {
        eprintln!("{said}");
    }
    let data = arguments.place.data()?;
    let data = data.to_string_lossy();
    let value = arguments.value.as_deref();
    let changes = arguments.knob.changes(&arguments.root, Some(&data), value);
    let changes = changes.map_err(Failure::new)?;
    if !arguments.apply {
        output::print(&plan(arguments, &changes))?;
        return Ok(ExitCode::SUCCESS);
    }
    keeper.check()?;
    arguments.trial.bench()?;
    let place = arguments.place.take()?;
    keeper.begin(arguments.knob, &changes)?;
    let measured = measure(arguments, &place, &keeper, &changes);
    // Whether or not it could be measured; if both fail, this is the worse.
    keeper.end()?;
    let report = Report { knob: arguments.knob, changes: &changes, pairs: &measured? };
    output::print(&if arguments.json { report.json() } else { report.text() })?;
    Ok(ExitCode::SUCCESS)
}

fn plan(arguments: &EffectArgs, changes: &[Change]) -> String {
    let runs = arguments.pairs * 2;
    let each = arguments.seconds.as_secs_f64();
    let mut text = String::from("nothing was changed; with --apply this would be, and put back:\n");
    for change in changes {
        text = format!("{text}  {change}\n");
    }
    text + &format!("in {runs} runs of {each:.0} s each, half of them without the change\n")
}

/// The median and the 99th percentile of a run, in microseconds.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Figures {
    p50_us: f64,
    p99_us: f64,
}

/// Figures before and after.
type Pair = (Figures, Figures);

fn measure(
    arguments: &EffectArgs,
    place: &Place,
    keeper: &Keeper,
    changes: &[Change],
) -> Result<Vec<Pair>, Failure> {
    let EffectArgs { knob, trial, load, .. } = arguments;
    // Only memory that is asked for later has another size of page.
    let starts_anew = *knob == Knob::HugePages;
    let mut broker: Option<Trial<'_>> = None;
    let mut pairs = Vec::new();
    for (number, sides) in (1..).zip(order(arguments.pairs as usize)) {
        let mut before = None;
        let mut after = None;
        for side in sides {
            place.check()?;
            keeper.set(changes, side)?;
            let running = match broker.take() {
                Some(running) => running,
                None => trial.start(place, load)?,
            };
            let times = running.run(arguments.seconds, number)?;
            let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
            let figures = Figures { p50_us: at(0.5), p99_us: at(0.99) };
            match side {
                Side::Before => before = Some(figures),
                Side::After => after = Some(figures),
            }
            if starts_anew {
                running.end()?;
            } else {
                broker = Some(running);
            }
        }
        if let (Some(before), Some(after)) = (before, after) {
            eprintln!(
                "pair {number}: before p50 {:.0} p99 {:.0} us, after p50 {:.0} p99 {:.0} us",
                before.p50_us, before.p99_us, after.p50_us, after.p99_us
            );
            pairs.push((before, after));
        }
    }
    broker.map_or(Ok(()), Trial::end)?;
    Ok(pairs)
}
