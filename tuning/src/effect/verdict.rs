//! What pairs of runs say: a difference is real only if all of them lie on one side.

use std::fmt;

use serde::Serialize;

/// Fewer pairs are no verdict: six fall on one side by chance once in 32.
pub const PAIRS_MIN: usize = 6;

/// With the setting as it was, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// As it was.
    Before,
    /// Changed.
    After,
}

/// The order of the runs of so many pairs: ABBA, so that neither side always comes second.
pub fn order(pairs: usize) -> impl Iterator<Item = [Side; 2]> {
    (0..pairs).map(|pair| {
        if pair % 2 == 0 { [Side::Before, Side::After] } else { [Side::After, Side::Before] }
    })
}

/// What a change did to a figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// After to before in each pair, ascending.
    pub ratios: Vec<f64>,
}

impl Effect {
    /// Of pairs of figures, before and after. A pair without a figure is left out.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let sound = |value: f64| value.is_finite() && value > 0.0;
        let pairs = pairs.into_iter().filter(|(before, after)| sound(*before) && sound(*after));
        let mut ratios: Vec<f64> = pairs.map(|(before, after)| after / before).collect();
        ratios.sort_by(f64::total_cmp);
        Self { ratios }
    }

    /// The middle ratio; of an even number the mean of both.
    pub fn median(&self) -> Option<f64> {
        let upper = self.ratios.get(self.ratios.len() / 2)?;
        let lower = self.ratios.get(self.ratios.len().checked_sub(1)? / 2)?;
        Some(f64::midpoint(*lower, *upper))
    }

    /// Whether there are enough pairs, and all lie on one side.
    pub fn is_real(&self) -> bool {
        let (Some(least), Some(most)) = (self.ratios.first(), self.ratios.last()) else {
            return false;
        };
        self.ratios.len() >= PAIRS_MIN && (*least > 1.0 || *most < 1.0)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(median), Some(least), Some(most)) =
            (self.median(), self.ratios.first(), self.ratios.last())
        else {
            return f.write_str("no pair has a figure");
        };
        write!(f, "x {median:.3} ({least:.3}..{most:.3}, {} pairs): ", self.ratios.len())?;
        f.write_str(match (self.is_real(), self.ratios.len() >= PAIRS_MIN) {
            (true, _) if median < 1.0 => "less in every pair",
            (true, _) => "more in every pair",
            (false, true) => "no difference shown",
            (false, false) => "too few pairs for a verdict",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ratios: &[f64]) -> Effect {
        Effect::of(ratios.iter().map(|ratio| (100.0, 100.0 * ratio)))
    }

    #[test]
    fn neither_side_always_comes_second() {
        let runs: Vec<Side> = order(4).flatten().collect();
        let (a, b) = (Side::Before, Side::After);
        assert_eq!(runs, [a, b, b, a, a, b, b, a]);
    }

    #[test]
    fn a_difference_is_real_if_all_of_enough_pairs_agree() {
        assert!(of(&[0.9, 0.8, 0.95, 0.7, 0.99, 0.85]).is_real());
        assert!(of(&[1.1, 1.2, 1.3, 1.01, 1.5, 2.0, 1.1]).is_real());
        assert!(!of(&[0.9, 0.8, 0.95, 0.7, 1.01, 0.85]).is_real());
        assert!(!of(&[0.9, 0.8, 0.95, 0.7, 1.0, 0.85]).is_real());
        assert!(!of(&[0.5; 5]).is_real(), "five pairs are too few");
        assert!(!of(&[]).is_real());
    }

    #[test]
    fn an_effect_says_what_it_shows() {
        assert_eq!(
            of(&[0.5, 0.7, 0.6, 0.8, 0.9, 0.55]).to_string(),
            "x 0.650 (0.500..0.900, 6 pairs): less in every pair"
        );
        assert!(of(&[2.0; 6]).to_string().ends_with("more in every pair"));
        assert!(of(&[2.0, 0.5].repeat(3)).to_string().ends_with("no difference shown"));
        assert!(of(&[2.0]).to_string().ends_with("too few pairs for a verdict"));
        let none = Effect::of([(0.0, 1.0), (1.0, f64::NAN)]);
        assert_eq!(none.to_string(), "no pair has a figure");
    }
}
