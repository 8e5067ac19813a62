//! When each record of an open loop is due: decided before the run, by a rate and a seed.
//!
//! Every connection has arrivals of its own at an equal share of the rate. Independent Poisson
//! arrivals add up to Poisson arrivals, so the broker sees the whole rate as if from many clients.
//! Nothing that the broker does changes the plan, and the same seed makes the same one.

use std::fmt;
use std::str::FromStr;

use runtime::floor::Arrivals;

use crate::random::mix;

/// How far apart arrivals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Spacing {
    /// At random, as many clients that know nothing of each other: bursts are part of it.
    Poisson,
    /// Evenly.
    Uniform,
}

/// How many records are to be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rate {
    /// As many as are answered: a closed loop.
    Max,
    /// So many a second: an open loop.
    PerSecond(f64),
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let rate: f64 = text.parse().map_err(|_| "a number a second, or `max`")?;
        if rate.is_finite() && (0.001..=1e9).contains(&rate) {
            return Ok(Self::PerSecond(rate));
        }
        Err("a rate is from 0.001 to 1e9 a second")
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
        }
    }
}

/// The plan.
pub(crate) struct Plan {
    spacing: Spacing,
    mean_ns: f64,
    connections: Vec<Connection>,
}

struct Connection {
    /// The generator's state.
    state: u64,
    next_ns: f64,
}

impl Plan {
    /// Arrivals of `rate` records a second over all of `connections`.
    pub(crate) fn new(rate: f64, spacing: Spacing, connections: usize, seed: u64) -> Self {
        assert!(rate > 0.0 && connections > 0, "something arrives somewhere");
        let count = connections as f64;
        let mean_ns = count * 1e9 / rate;
        let connections = (0..connections as u64)
            .map(|index| {
                let state = mix(seed ^ mix(index + 1));
                let mut connection = Connection { state, next_ns: 0.0 };
                connection.next_ns = match spacing {
                    Spacing::Uniform => mean_ns * index as f64 / count,
                    Spacing::Poisson => connection.exponential() * mean_ns,
                };
                connection
            })
            .collect();
        Self { spacing, mean_ns, connections }
    }
}

impl Arrivals for Plan {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are positive"
    )]
    fn next_ns(&mut self, connection: usize) -> u64 {
        let Some(connection) = self.connections.get_mut(connection) else { return u64::MAX };
        let due_ns = connection.next_ns;
        connection.next_ns += match self.spacing {
            Spacing::Uniform => self.mean_ns,
            Spacing::Poisson => connection.exponential() * self.mean_ns,
        };
        due_ns as u64
    }
}

impl Connection {
    /// A number from the exponential distribution with mean 1.
    fn exponential(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        // 53 random bits make a number above 0 and at most 1, whose logarithm exists.
        let unit = ((mix(self.state) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        -unit.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(plan: &mut Plan, connection: usize, count: usize) -> Vec<u64> {
        (0..count).map(|_| plan.next_ns(connection)).collect()
    }

    #[test]
    fn uniform_arrivals_are_even_over_all_connections() {
        let mut plan = Plan::new(1000.0, Spacing::Uniform, 4, 1);
        let mut all: Vec<u64> = (0..4).flat_map(|index| arrivals(&mut plan, index, 100)).collect();
        all.sort_unstable();
        let even: Vec<u64> = (0..400).map(|number| number * 1_000_000).collect();
        assert_eq!(all, even);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_their_kind() {
        let mut plan = Plan::new(50_000.0, Spacing::Poisson, 1, 7);
        let times = arrivals(&mut plan, 0, 100_000);
        assert!(times.is_sorted());
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 20_000.0).abs() < 400.0, "mean {mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "deviation {}", variance.sqrt());
        let beyond_mean = gaps.iter().filter(|gap| **gap > mean).count() as f64;
        assert!((beyond_mean / gaps.len() as f64 - 0.3679).abs() < 0.01);
    }

    #[test]
    fn a_seed_makes_one_plan_and_connections_differ() {
        let plan = |seed| arrivals(&mut Plan::new(10.0, Spacing::Poisson, 2, seed), 1, 50);
        assert_eq!(plan(3), plan(3));
        assert_ne!(plan(3), plan(4));
        let mut both = Plan::new(10.0, Spacing::Poisson, 2, 3);
        assert_ne!(arrivals(&mut both, 0, 50), arrivals(&mut both, 1, 50));
    }

    #[test]
    fn rates_are_read() {
        assert_eq!("max".parse(), Ok(Rate::Max));
        assert_eq!("2500.5".parse(), Ok(Rate::PerSecond(2500.5)));
        for bad in ["", "0", "-1", "inf", "NaN", "1e10", "fast"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
