//! The search for the highest rate that holds: doubling until one does not, then halving between.

/// The state of a search.
#[derive(Clone, Debug)]
pub(crate) struct Knee {
    holds: Option<f64>,
    fails: Option<f64>,
    next: f64,
    /// The lowest rate that is tried.
    least: f64,
    to: f64,
    /// The search ends when what fails is at most so much higher than what holds.
    within: f64,
    retries: u32,
    /// How often the present rate has failed.
    failed: u32,
}

/// The lowest rate that is tried, as a part of the first one.
const PART_MIN: f64 = 1.0 / 1024.0;

impl Knee {
    /// From a rate to a rate, until it is known within a factor; a rate that fails is tried
    /// `retries` times more.
    pub(crate) fn new(from: f64, to: f64, within: f64, retries: u32) -> Self {
        let least = from * PART_MIN;
        Self { holds: None, fails: None, next: from, least, to, within, retries, failed: 0 }
    }

    /// The rate to be tried now; `None` once the search is over.
    pub(crate) fn next_rate(&self) -> Option<f64> {
        let over = match (self.holds, self.fails) {
            (Some(holds), Some(fails)) => fails <= holds * self.within,
            (Some(holds), None) => holds >= self.to,
            (None, _) => self.next < self.least,
        };
        (!over).then_some(self.next)
    }

    /// The rate that was tried holds, or does not.
    pub(crate) fn on_result(&mut self, good: bool) {
        if !good && self.failed < self.retries {
            self.failed += 1;
            return;
        }
        self.failed = 0;
        *(if good { &mut self.holds } else { &mut self.fails }) = Some(self.next);
        self.next = match (self.holds, self.fails) {
            (Some(holds), Some(fails)) => (holds * fails).sqrt(),
            (Some(holds), None) => (holds * 2.0).min(self.to),
            (None, _) => self.next / 4.0,
        };
    }

    /// The lowest rate known not to hold.
    pub(crate) fn beyond(&self) -> Option<f64> {
        self.fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where everything up to `limit` holds; returns the answer and the runs it took.
    fn search(mut knee: Knee, limit: f64) -> (Option<f64>, u32) {
        let mut runs = 0;
        while let Some(rate) = knee.next_rate() {
            knee.on_result(rate <= limit);
            runs += 1;
            assert!(runs < 100, "a search ends");
        }
        (knee.holds, runs)
    }

    #[test]
    fn the_knee_is_found_within_the_factor() {
        for limit in [100.0, 999.0, 1000.0, 77_777.0, 123_456.0] {
            let (found, runs) = search(Knee::new(1000.0, 1e7, 1.05, 0), limit);
            let found = found.unwrap();
            assert!(found <= limit && found * 1.05 >= limit, "{limit}: {found}");
            assert!(runs <= 20, "{limit}: {runs}");
        }
    }

    #[test]
    fn a_search_ends_at_its_borders() {
        assert_eq!(search(Knee::new(1000.0, 5000.0, 1.05, 0), 1e9).0, Some(5000.0));
        assert_eq!(search(Knee::new(1000.0, 5000.0, 1.05, 0), 0.0).0, None);
    }

    #[test]
    fn one_bad_run_does_not_decide() {
        let mut knee = Knee::new(1000.0, 1e6, 1.05, 1);
        knee.on_result(false);
        assert_eq!((knee.next_rate(), knee.beyond()), (Some(1000.0), None));
        knee.on_result(true);
        assert_eq!(knee.next_rate(), Some(2000.0));
        knee.on_result(false);
        knee.on_result(false);
        assert_eq!(knee.beyond(), Some(2000.0));
    }
}
