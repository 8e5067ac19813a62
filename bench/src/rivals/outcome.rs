//! What a run left in its folder, as far as the table needs it.

use serde::{Deserialize, Serialize};

use crate::folder::run::{Run, Verdict};

/// The percentiles of the table.
pub(crate) const PERCENTILES: [&str; 4] = ["p50", "p90", "p99", "p99.9"];

/// The figures of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// Records acknowledged a second.
    pub(crate) rate: f64,
    pub(crate) acked: u64,
    pub(crate) bytes_acked: u64,
    /// From when records were due, microseconds; `None` without 10 samples beyond.
    pub(crate) percentiles_us: [Option<f64>; 4],
    pub(crate) cpu_s: Option<f64>,
    pub(crate) flushes: Option<u64>,
    pub(crate) write_bytes: Option<u64>,
    /// Answers a second of the floor before it.
    pub(crate) floor_rate: Option<f64>,
}

impl Outcome {
    /// Of a run.
    pub(crate) fn of(run: &Run) -> Self {
        let (acked, costs) = (run.counts.acked, run.costs);
        let total = run.percentiles_us.total.unwrap_or_default();
        Self {
            verdict: run.verdict.clone(),
            rate: acked as f64 / run.window.seconds().max(1e-9),
            acked,
            bytes_acked: run.bytes_acked,
            percentiles_us: [total.p50, total.p90, total.p99, total.p999],
            cpu_s: costs.broker_cpu_s,
            flushes: costs.device_flushes,
            write_bytes: costs.device_write_bytes,
            floor_rate: run.floor.map(|floor| floor.rate),
        }
    }

    /// Its latency at 0.99, microseconds.
    pub(crate) fn p99_us(&self) -> Option<f64> {
        self.percentiles_us[2]
    }
}

/// The highest rate among the tries of a search that was borne with p99 under the limit; 0 if none
/// was.
pub(crate) fn highest(tries: &[Outcome], p99_us_max: f64) -> f64 {
    let hold = tries.iter().filter(|one| {
        one.verdict.bears_the_rate() && one.p99_us().is_some_and(|p99_us| p99_us <= p99_us_max)
    });
    hold.map(|one| one.rate).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::run::{Costs, Percentiles, Reason, Window};
    use crate::folder::synthetic::{Dice, Shape, total_only};

    /// A run of two seconds, and why it is not valid.
    fn run(acked: u64, p99: Option<f64>, why: Option<&str>) -> Outcome {
        let mut run = total_only(&mut Dice::new(1), Shape { seconds: 1, ..Shape::default() });
        run.window = Window { start_ns: 1_000_000_000, end_ns: 3_000_000_000 };
        run.counts.acked = acked;
        run.costs = Costs { device_flushes: Some(5), ..Costs::default() };
        let total = Percentiles { p50: Some(1.0), p90: Some(2.0), p99, ..Percentiles::default() };
        run.percentiles_us.total = Some(total);
        let reasons = why.map(|id| Reason { id: id.to_owned(), text: "x".to_owned() });
        run.verdict = Verdict { valid: why.is_none(), reasons: reasons.into_iter().collect() };
        Outcome::of(&run)
    }

    #[test]
    fn a_run_s_figures_are_taken() {
        let outcome = run(100, Some(3.0), None);
        assert!((outcome.rate - 50.0).abs() < 1e-9 && outcome.verdict.valid);
        assert_eq!(outcome.percentiles_us, [Some(1.0), Some(2.0), Some(3.0), None]);
        assert_eq!((outcome.flushes, outcome.write_bytes), (Some(5), None));
    }

    #[test]
    fn the_highest_rate_is_of_a_try_that_was_borne_within_the_limit() {
        let tries = [
            run(100, Some(5.0), None),
            run(300, Some(9.0), None),
            run(320, Some(9.0), Some("p50_drifts")),
            run(400, Some(9.0), Some("backlog_grows")),
            run(500, Some(11.0), None),
            run(600, None, None),
        ];
        assert!((highest(&tries, 10.0) - 160.0).abs() < 1e-9);
        assert!(highest(&tries[3..], 10.0) < 1e-9);
    }
}
