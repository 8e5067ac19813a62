//! `tidemill tune verify`: the prediction against a short run of the real thing.
//!
//! Measuring and running take turns, so that a machine that changes from minute to minute shows
//! both the same. No figure of the run enters the prediction.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tuning::probe::{Answers, Comparison, Quantile, histogram, outlook, simulate};

use super::place::{LoadArgs, PlaceArgs, seconds};
use super::probe::SEED;
use super::probe::pace::Pace;
use super::trial::TrialArgs;
use crate::cli::failure::Failure;
use crate::cli::output;

const EXIT_CODES: &str = "Exit codes: 0 the prediction holds, 1 it is off by more than 25 % at p50 \
    or 50 % at p99, or the command failed, 2 it was not understood";

/// Holds the prediction against a run.
#[derive(clap::Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Seconds of the run, and of each measurement
    #[arg(long, value_name = "N", default_value = "15", value_parser = seconds)]
    seconds: Duration,
    /// How often measuring and running take turns
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    turns: u32,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    trial: TrialArgs,
    /// Write everything as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &VerifyArgs) -> Result<ExitCode, Failure> {
    let VerifyArgs { load, trial, turns, .. } = arguments;
    let place = arguments.place.take()?;
    let broker = trial.start(&place, load)?;
    let part = arguments.seconds / *turns;
    let mut basis = Pace::new(load);
    let mut run = histogram();
    for turn in 0..*turns {
        // Neither always comes after the other.
        if turn % 2 == 0 {
            basis.measure(&place, part / 2)?;
        }
        let found = broker.run(part, u64::from(turn) + 1)?;
        run.add(found).map_err(|error| Failure::new(format_args!("{error:?}")))?;
        if turn % 2 == 1 {
            basis.measure(&place, part / 2)?;
        }
    }
    broker.end()?;
    let prediction = simulate(&basis.measured(), load.rate, load.connections, SEED);
    let answers = if trial.relaxed { &prediction.written } else { &prediction.durable };
    let Some(answers) = answers else {
        let trouble = basis.trouble();
        return Err(Failure::new(format_args!("not enough could be measured: {trouble}")));
    };
    let comparisons = compare(answers, &run);
    let holds = comparisons.iter().all(Comparison::holds);
    let text = if arguments.json {
        let value = json!({
            "prediction": prediction,
            "comparisons": comparisons,
            "records": run.len(),
            "holds": holds,
        });
        format!("{value}\n")
    } else {
        in_words(&outlook(&prediction), &comparisons, run.len(), holds)
    };
    output::print(&text)?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn compare(answers: &Answers, run: &hdrhistogram::Histogram<u64>) -> [Comparison; 2] {
    [(Quantile::P50, answers.p50_ns, 0.5), (Quantile::P99, answers.p99_ns, 0.99)].map(
        |(quantile, predicted_ns, at)| {
            let measured_ns = run.value_at_quantile(at) as f64;
            Comparison { quantile, predicted_ns, measured_ns }
        },
    )
}

fn in_words(outlook: &str, comparisons: &[Comparison], records: u64, holds: bool) -> String {
    let mut text = outlook.to_owned();
    push(&mut text, format_args!("Run of {records} records:"));
    for one in comparisons {
        let name = match one.quantile {
            Quantile::P50 => "p50",
            Quantile::P99 => "p99",
        };
        let [predicted, measured] = [one.predicted_ns, one.measured_ns].map(|nanos| nanos / 1000.0);
        let (off, off_max) = (one.off() * 100.0, one.off_max() * 100.0);
        push(
            &mut text,
            format_args!(
                "  {name}: predicted {predicted:.0} us, measured {measured:.0} us, \
                 off by {off:+.0} % of {off_max:.0} % allowed"
            ),
        );
    }
    push(&mut text, format_args!("{}", if holds { "It holds." } else { "It does not hold." }));
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String does not fail");
}
