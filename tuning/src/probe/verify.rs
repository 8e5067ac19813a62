//! A prediction held against a run.

use serde::Serialize;

/// How far a prediction may be off, as a part of what was measured.
const P50_OFF_MAX: f64 = 0.25;
const P99_OFF_MAX: f64 = 0.50;

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantile {
    /// The median.
    P50,
    /// The time that 99 of 100 are below.
    P99,
}

/// A prediction and what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Of what.
    pub quantile: Quantile,
    /// Nanoseconds.
    pub predicted_ns: f64,
    /// Nanoseconds.
    pub measured_ns: f64,
}

impl Comparison {
    /// How far the prediction is off: 0.1 is a tenth more than was measured.
    pub fn off(&self) -> f64 {
        if self.measured_ns > 0.0 { self.predicted_ns / self.measured_ns - 1.0 } else { f64::NAN }
    }

    /// How far it may be off, either way.
    pub fn off_max(&self) -> f64 {
        match self.quantile {
            Quantile::P50 => P50_OFF_MAX,
            Quantile::P99 => P99_OFF_MAX,
        }
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.off().abs() <= self.off_max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_holds_within_its_bounds() {
        let of = |quantile, predicted_ns, measured_ns| Comparison {
            quantile,
            predicted_ns,
            measured_ns,
        };
        for (quantile, predicted_ns, holds) in [
            (Quantile::P50, 124.0, true),
            (Quantile::P50, 126.0, false),
            (Quantile::P50, 76.0, true),
            (Quantile::P50, 74.0, false),
            (Quantile::P99, 149.0, true),
            (Quantile::P99, 151.0, false),
            (Quantile::P99, 49.0, false),
        ] {
            assert_eq!(of(quantile, predicted_ns, 100.0).holds(), holds, "{predicted_ns}");
        }
        assert!(!of(Quantile::P50, 1.0, 0.0).holds(), "nothing was measured");
    }
}
