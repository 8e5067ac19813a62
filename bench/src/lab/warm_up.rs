//! When a run has warmed up: its median holds still.

/// Seconds that must agree.
const SECONDS: usize = 5;
/// How far the highest of them may be above the lowest; as far as a valid run may drift.
const DRIFT_MAX: f64 = 1.2;

/// Whether the last seconds' medians agree. A second without any is not one that agrees.
pub(crate) fn has_settled(medians: &[u64]) -> bool {
    let Some(last) = medians.len().checked_sub(SECONDS).map(|from| &medians[from..]) else {
        return false;
    };
    let lowest = last.iter().copied().min().unwrap_or(0);
    let highest = last.iter().copied().max().unwrap_or(0);
    lowest > 0 && highest as f64 <= lowest as f64 * DRIFT_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_must_agree() {
        assert!(!has_settled(&[]));
        assert!(!has_settled(&[10, 10, 10, 10]));
        assert!(has_settled(&[99, 10, 12, 11, 10, 12]));
        assert!(!has_settled(&[10, 10, 13, 10, 10]));
        assert!(!has_settled(&[10, 10, 0, 10, 10]));
    }
}
