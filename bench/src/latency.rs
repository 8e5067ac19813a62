//! Latencies as HDR histograms, and who is in them.
//!
//! An answered record enters with the time from when it was due to its answer; one that was never
//! answered with its age when waiting for it ended, so that a broker that stops answering looks as
//! bad as it is. Refused ones are counted and enter nothing: an error is not a fast answer.

use hdrhistogram::Histogram;
use runtime::floor::{Outcome, Tally, Verdict};

use crate::error::BenchError;

/// The longest time told apart: an hour.
const NANOS_MAX: u64 = 3_600_000_000_000;

/// The quantiles of every table.
pub(crate) const QUANTILES: [(&str, f64); 6] = [
    ("p50 us", 0.5),
    ("p90 us", 0.9),
    ("p99 us", 0.99),
    ("p99.9 us", 0.999),
    ("p99.99 us", 0.9999),
    ("max us", 1.0),
];

/// What became of the records of one run.
pub(crate) struct Latencies {
    /// From when a record was due, nanoseconds.
    latency: Histogram<u64>,
    /// From when a request's last record was due to its sending, nanoseconds.
    delay: Histogram<u64>,
    answered: u64,
    refused: u64,
    unanswered: u64,
}

impl Latencies {
    /// Empty, with three digits of precision.
    pub(crate) fn new() -> Result<Self, BenchError> {
        let histogram = || {
            Histogram::new_with_bounds(1, NANOS_MAX, 3)
                .map_err(|_| BenchError::Arguments("the histogram's bounds"))
        };
        let (latency, delay) = (histogram()?, histogram()?);
        Ok(Self { latency, delay, answered: 0, refused: 0, unanswered: 0 })
    }

    /// Enters one answer that took so long.
    pub(crate) fn enter(&mut self, nanos: u64) {
        self.latency.saturating_record(nanos.max(1));
        self.answered += 1;
    }

    /// Entries that were answered without an error.
    pub(crate) fn answered(&self) -> u64 {
        self.answered
    }

    /// Entries that the broker refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// Entries that were never answered.
    pub(crate) fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// A quantile of the latency, in microseconds.
    pub(crate) fn micros_at(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// A quantile of the delay between due and sent, in microseconds: the load's own lateness, or
    /// that of a connection with too much in flight.
    pub(crate) fn delay_micros_at(&self, quantile: f64) -> f64 {
        self.delay.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// The whole distribution, a line for each step: the quantile, the nanoseconds at it, how many
    /// are at most that.
    pub(crate) fn to_csv(&self) -> String {
        let mut lines = vec!["quantile,nanoseconds,count".to_owned()];
        let mut count = 0;
        for step in self.latency.iter_quantiles(5) {
            count += step.count_since_last_iteration();
            let (quantile, value) = (step.quantile_iterated_to(), step.value_iterated_to());
            lines.push(format!("{quantile},{value},{count}"));
        }
        lines.join("\n") + "\n"
    }
}

impl Tally for Latencies {
    fn on_outcome(&mut self, outcome: Outcome<'_>) {
        let records = outcome.due_ns.len() as u64;
        match outcome.verdict {
            Verdict::Refused => {
                self.refused += records;
                return;
            }
            Verdict::Answered => self.answered += records,
            Verdict::Unanswered => self.unanswered += records,
        }
        for due_ns in outcome.due_ns {
            self.latency.saturating_record(outcome.now_ns.saturating_sub(*due_ns).max(1));
        }
        if let (Some(sent_ns), Some(due_ns)) = (outcome.sent_ns, outcome.due_ns.last()) {
            self.delay.saturating_record(sent_ns.saturating_sub(*due_ns).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(verdict: Verdict, due_ns: &[u64], sent_ns: Option<u64>, now_ns: u64) -> Outcome<'_> {
        Outcome { verdict, due_ns, sent_ns, now_ns }
    }

    #[test]
    fn every_record_counts_from_when_it_was_due() {
        let mut seen = Latencies::new().unwrap();
        let due = [1_000_000, 2_000_000, 3_000_000];
        seen.on_outcome(outcome(Verdict::Answered, &due, Some(3_500_000), 5_000_000));
        assert_eq!((seen.answered(), seen.latency.len(), seen.delay.len()), (3, 3, 1));
        for (quantile, micros) in [(0.1, 2000.0), (0.5, 3000.0), (1.0, 4000.0)] {
            let found = seen.micros_at(quantile);
            assert!((found - micros).abs() <= micros / 500.0, "{quantile}: {found}");
        }
        assert!((seen.delay_micros_at(1.0) - 500.0).abs() <= 1.0);
    }

    #[test]
    fn the_unanswered_enter_with_their_age_and_the_refused_not_at_all() {
        let mut seen = Latencies::new().unwrap();
        seen.on_outcome(outcome(Verdict::Answered, &[0], Some(0), 1000));
        seen.on_outcome(outcome(Verdict::Unanswered, &[0, 0], None, 10_000_000_000));
        seen.on_outcome(outcome(Verdict::Refused, &[0, 0, 0, 0], Some(0), 5));
        assert_eq!((seen.answered(), seen.unanswered(), seen.refused()), (1, 2, 4));
        assert_eq!(seen.latency.len(), 3);
        assert!(seen.micros_at(0.5) > 9_000_000.0);
        assert_eq!(seen.delay.len(), 1, "what was never sent has no sending");
    }

    #[test]
    fn a_time_beyond_the_histogram_is_its_end_and_not_lost() {
        let mut seen = Latencies::new().unwrap();
        seen.on_outcome(outcome(Verdict::Unanswered, &[0], None, u64::MAX));
        seen.enter(0);
        assert_eq!(seen.latency.len(), 2);
        assert!(seen.micros_at(1.0) >= 3_600_000_000.0);
        assert!(seen.to_csv().lines().count() >= 3);
    }
}
