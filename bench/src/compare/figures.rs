//! What is compared of a pair, and when a difference is real.

use super::pairs::Pair;
use crate::folder::run::Run;
use crate::spread::Spread;

/// Pairs without which nothing is real.
pub(crate) const PAIRS_MIN: usize = 6;

/// One thing that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// The median of `total`.
    P50,
    /// Its 99th percentile.
    P99,
    /// Its 99.9th.
    P999,
    /// Acknowledged records a second.
    Rate,
}

impl Figure {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::P50, Self::P99, Self::P999, Self::Rate];

    /// With its unit.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50 us",
            Self::P99 => "p99 us",
            Self::P999 => "p99.9 us",
            Self::Rate => "acked/s",
        }
    }

    /// A run's figure; nothing where it has too few samples for it, or is empty.
    pub(crate) fn of(self, run: &Run) -> Option<f64> {
        let total = run.percentiles_us.total.as_ref();
        let figure = match self {
            Self::P50 => total?.p50,
            Self::P99 => total?.p99,
            Self::P999 => total?.p999,
            Self::Rate => Some(run.counts.acked as f64 / run.window.seconds()),
        };
        figure.filter(|figure| figure.is_finite() && *figure > 0.0)
    }
}

/// Whether a figure differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Every pair says that B's is higher.
    Higher,
    /// Every pair says that B's is lower.
    Lower,
    /// The pairs do not agree.
    NotShown,
    /// There are too few pairs to say anything.
    TooFewPairs,
}

impl Difference {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Higher => "B higher",
            Self::Lower => "B lower",
            Self::NotShown => "no difference shown",
            Self::TooFewPairs => "too few pairs",
        }
    }

    /// Whether it is one.
    pub(crate) fn is_real(self) -> bool {
        matches!(self, Self::Higher | Self::Lower)
    }
}

/// What the pairs say of one figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) figure: Figure,
    /// B's divided by A's, for each pair; nothing where one of them has none.
    pub(crate) ratios: Vec<Option<f64>>,
    /// Of the ratios there are.
    pub(crate) spread: Option<Spread>,
    /// Whether it differs.
    pub(crate) difference: Difference,
}

impl Finding {
    /// Of all pairs.
    pub(crate) fn of(figure: Figure, pairs: &[Pair]) -> Self {
        let ratios: Vec<Option<f64>> = pairs
            .iter()
            .map(|Pair { runs: [a, b], .. }| Some(figure.of(b)? / figure.of(a)?))
            .collect();
        let known: Vec<f64> = ratios.iter().copied().flatten().collect();
        let difference = difference(&known);
        Self { figure, spread: Spread::of(known), ratios, difference }
    }
}

fn difference(ratios: &[f64]) -> Difference {
    if ratios.len() < PAIRS_MIN {
        Difference::TooFewPairs
    } else if ratios.iter().all(|ratio| *ratio > 1.0) {
        Difference::Higher
    } else if ratios.iter().all(|ratio| *ratio < 1.0) {
        Difference::Lower
    } else {
        Difference::NotShown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_needs_six_pairs_on_one_side() {
        assert_eq!(difference(&[1.5; 5]), Difference::TooFewPairs);
        assert_eq!(difference(&[1.01; 6]), Difference::Higher);
        assert_eq!(difference(&[0.99; 7]), Difference::Lower);
        assert_eq!(difference(&[2.0, 2.0, 2.0, 2.0, 2.0, 0.99]), Difference::NotShown);
        assert_eq!(difference(&[2.0, 2.0, 2.0, 2.0, 2.0, 1.0]), Difference::NotShown);
        assert!(Difference::Lower.is_real() && !Difference::TooFewPairs.is_real());
    }
}
