//! A shard's slow requests, and the comparison that all others pay for.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use runtime::Instant;

use super::request::SlowRequest;
use super::slowest::{MINUTE_MS, SlowMinute, Slowest};

/// The slow requests of one shard. Keeps none until it is told how many.
pub struct SlowLog {
    /// Under it and until `ends`, nothing is taken.
    least: Cell<u64>,
    /// When the current minute is over.
    ends: Cell<Instant>,
    slowest: RefCell<Slowest>,
}

impl Default for SlowLog {
    fn default() -> Self {
        let log = Self {
            least: Cell::default(),
            ends: Cell::default(),
            slowest: RefCell::new(Slowest::new(0)),
        };
        log.keep(0);
        log
    }
}

impl SlowLog {
    /// Keeps so many of each minute from now on, and forgets what it has.
    pub fn keep(&self, per_minute: usize) {
        let slowest = Slowest::new(per_minute);
        self.least.set(slowest.least());
        let never = Instant::default().after(Duration::MAX);
        self.ends.set(if per_minute == 0 { never } else { Instant::default() });
        self.slowest.replace(slowest);
    }

    /// Whether a request that took so long, and ended `now`, is to be written down: it is among
    /// the slowest of its minute so far, or the first of a new one.
    pub fn takes(&self, nanos: u64, now: Instant) -> bool {
        nanos > self.least.get() || now >= self.ends.get()
    }

    /// Writes down a request that ended `now`, at `now_ms` by the wall clock.
    pub fn write(&self, request: SlowRequest, now: Instant, now_ms: i64) {
        let mut slowest = self.slowest.borrow_mut();
        slowest.apply(request, now_ms);
        self.least.set(slowest.least());
        if now >= self.ends.get() {
            let left = u64::try_from(MINUTE_MS - now_ms.rem_euclid(MINUTE_MS)).unwrap_or(0);
            self.ends.set(now.after(Duration::from_millis(left)));
        }
    }

    /// All minutes that have a request, the oldest first.
    pub fn minutes(&self) -> Vec<SlowMinute> {
        self.slowest.borrow().minutes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::slow::slowest::tests::request;

    fn second(second: u64) -> Instant {
        Instant::default().after(Duration::from_secs(second))
    }

    /// What the broker does with a request that ends in a second of both clocks.
    fn end(log: &SlowLog, nanos: u64, at: u64) -> bool {
        let takes = log.takes(nanos, second(at));
        if takes {
            log.write(request(nanos), second(at), i64::try_from(at).unwrap() * 1_000);
        }
        takes
    }

    #[test]
    fn only_what_is_slower_than_the_slowest_so_far_is_written_down() {
        let log = SlowLog::default();
        log.keep(2);
        assert!(end(&log, 10, 61) && end(&log, 30, 62) && end(&log, 20, 63));
        assert!(!end(&log, 20, 64) && !end(&log, 1, 119));
        let kept = log.minutes();
        let mut totals: Vec<_> = kept[0].requests.iter().map(|slow| slow.took.total()).collect();
        totals.sort_unstable();
        assert_eq!(totals, [20, 30]);
    }

    #[test]
    fn a_new_minute_begins_with_anything() {
        let log = SlowLog::default();
        log.keep(1);
        assert!(end(&log, 1_000, 59));
        assert!(!end(&log, 999, 59));
        assert!(end(&log, 2, 60));
        assert!(!end(&log, 1, 61) && end(&log, 3, 119) && end(&log, 1, 500));
        let starts = log.minutes().into_iter().map(|minute| minute.start_ms);
        assert_eq!(starts.collect::<Vec<_>>(), [0, 60_000, 480_000]);
    }

    #[test]
    fn a_log_that_keeps_none_takes_none() {
        let log = SlowLog::default();
        assert!(!end(&log, u64::MAX, 1_000_000));
        log.keep(1);
        assert!(end(&log, 1, 1_000_000));
        log.keep(0);
        assert!(!end(&log, u64::MAX, 2_000_000) && log.minutes().is_empty());
    }
}
