//! When each record of an open loop is due, and from which producer: decided by a seed.
//!
//! One process for the whole load, whose arrivals fall to the producers at random or in turns. A
//! Poisson process of a rate that changes is one of rate 1 whose time is stretched by the rate, so
//! bursts are exact. Nothing that the target does changes the plan.

use serde::Deserialize;

use super::profile::Profile;
use crate::random::Random;

/// How far apart arrivals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spacing {
    /// At random, as many clients that know nothing of each other: bursts are part of it.
    Poisson,
    /// Evenly.
    Uniform,
    /// One from every producer at the same moment, evenly.
    Synchronized,
}

impl Spacing {
    /// As the flag names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Uniform => "uniform",
            Self::Synchronized => "synchronized",
        }
    }
}

/// One arrival.
#[expect(clippy::struct_field_names, reason = "when it is due")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// When, in nanoseconds from the start of the plan.
    pub(crate) due_ns: u64,
    /// From which producer.
    pub(crate) producer: usize,
    /// Records that are due together: one, or a batch that arrives whole.
    pub(crate) records: u32,
}

/// The plan.
pub(crate) struct Arrivals {
    spacing: Spacing,
    profile: Profile,
    producers: usize,
    records: u32,
    random: Random,
    time_ns: f64,
    next: Due,
}

impl Arrivals {
    /// Arrivals by `profile`, `records` at a time, over all of `producers`.
    pub(crate) fn new(
        profile: Profile,
        spacing: Spacing,
        producers: usize,
        records: u32,
        seed: u64,
    ) -> Self {
        assert!(producers > 0 && records > 0, "something arrives somewhere");
        let next = Due { due_ns: 0, producer: producers - 1, records };
        let random = Random::new(seed);
        let mut plan = Self { spacing, profile, producers, records, random, time_ns: 0.0, next };
        plan.advance();
        plan
    }

    /// What is measured begins at `base_ns`: steps and tides are counted from there.
    pub(crate) fn begin(&mut self, base_ns: u64) {
        self.profile.begin(base_ns as f64);
    }

    /// The next arrival.
    pub(crate) fn peek(&self) -> Due {
        self.next
    }

    /// Takes the next arrival.
    pub(crate) fn take(&mut self) -> Due {
        let taken = self.next;
        self.advance();
        taken
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are positive"
    )]
    fn advance(&mut self) {
        let records = f64::from(self.records);
        let turn = (self.next.producer + 1) % self.producers;
        let (wait, producer) = match self.spacing {
            Spacing::Poisson => (records * self.random.exponential(), None),
            Spacing::Uniform => (records, Some(turn)),
            Spacing::Synchronized if turn > 0 => (0.0, Some(turn)),
            Spacing::Synchronized => (records * self.producers as f64, Some(turn)),
        };
        self.time_ns = self.profile.after(self.time_ns, wait);
        let producer = producer.unwrap_or_else(|| self.random.below(self.producers));
        self.next = Due { due_ns: self.time_ns as u64, producer, records: self.records };
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::Step;
    use super::*;

    fn plan(spacing: Spacing, rate: f64, producers: usize, seed: u64) -> Arrivals {
        let profile = Profile::new(vec![Step { rate, seconds: 1e9 }], None);
        Arrivals::new(profile, spacing, producers, 1, seed)
    }

    fn take(plan: &mut Arrivals, count: usize) -> Vec<(u64, usize)> {
        (0..count).map(|_| plan.take()).map(|due| (due.due_ns, due.producer)).collect()
    }

    #[test]
    fn uniform_arrivals_take_producers_in_turns() {
        let mut plan = plan(Spacing::Uniform, 1000.0, 2, 1);
        assert_eq!(take(&mut plan, 3), [(1_000_000, 0), (2_000_000, 1), (3_000_000, 0)]);
    }

    #[test]
    fn synchronized_arrivals_come_from_all_producers_at_once() {
        let mut plan = plan(Spacing::Synchronized, 3000.0, 3, 1);
        let expected = [1, 1, 1, 2, 2, 2].map(|millis| millis * 1_000_000);
        let taken = take(&mut plan, 6);
        assert_eq!(taken.iter().map(|(due, _)| *due).collect::<Vec<_>>(), expected);
        assert_eq!(taken.iter().map(|(_, from)| *from).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_the_spread_and_the_producers_of_their_kind() {
        let mut plan = plan(Spacing::Poisson, 50_000.0, 4, 7);
        let taken = take(&mut plan, 100_000);
        let gaps = taken.windows(2).map(|pair| (pair[1].0 - pair[0].0) as f64);
        let mean = gaps.clone().sum::<f64>() / 99_999.0;
        let variance = gaps.map(|gap| (gap - mean).powi(2)).sum::<f64>() / 99_999.0;
        assert!((mean - 20_000.0).abs() < 400.0, "mean {mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "deviation {}", variance.sqrt());
        for producer in 0..4 {
            let count = taken.iter().filter(|(_, from)| *from == producer).count();
            assert!((24_000..26_000).contains(&count), "{producer}: {count}");
        }
    }

    #[test]
    fn a_seed_makes_one_plan() {
        let of = |seed| take(&mut plan(Spacing::Poisson, 10.0, 2, seed), 50);
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }

    #[test]
    fn a_batch_that_arrives_whole_counts_all_its_records() {
        let profile = Profile::new(vec![Step { rate: 1000.0, seconds: 1e9 }], None);
        let mut plan = Arrivals::new(profile, Spacing::Uniform, 1, 10, 1);
        let expected = [10, 20].map(|millis| millis * 1_000_000);
        assert_eq!([plan.take().due_ns, plan.take().due_ns], expected);
        assert_eq!(plan.take().records, 10);
    }
}
