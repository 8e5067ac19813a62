//! Which requests of a minute are kept.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::request::SlowRequest;

/// A minute.
pub const MINUTE_MS: i64 = 60_000;
/// How many minutes are kept, the current one included.
pub const MINUTES_KEPT: usize = 60;

/// The slowest requests of one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowMinute {
    /// When it began, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// The requests that ended in it, in no order.
    pub requests: Arc<[SlowRequest]>,
}

/// The slowest requests of the current minute and of those before it.
#[derive(Debug)]
pub struct Slowest {
    per_minute: usize,
    /// The current minute's number since the Unix epoch; none before the first request.
    minute: Option<i64>,
    /// The quickest of the slow ones on top: the next one to go.
    current: BinaryHeap<Reverse<Ranked>>,
    before: VecDeque<SlowMinute>,
}

/// A request by its total alone.
#[derive(Debug)]
struct Ranked {
    total: u64,
    request: SlowRequest,
}

impl Slowest {
    /// Keeps so many of each minute.
    pub fn new(per_minute: usize) -> Self {
        let (current, before) = (BinaryHeap::new(), VecDeque::new());
        Self { per_minute, minute: None, current, before }
    }

    /// Takes a request that ended at `ended_ms`. The minute is that of its end. A clock that was
    /// set back begins a new minute too.
    pub fn apply(&mut self, request: SlowRequest, ended_ms: i64) {
        let minute = ended_ms.div_euclid(MINUTE_MS);
        if self.minute != Some(minute) {
            self.turn(minute);
        }
        let total = request.took.total();
        if total <= self.least() {
            return;
        }
        if self.current.len() == self.per_minute {
            self.current.pop();
        }
        self.current.push(Reverse(Ranked { total, request }));
        assert!(self.current.len() <= self.per_minute, "a minute is bounded");
    }

    /// The total, in nanoseconds, over which a request of the current minute is kept.
    pub fn least(&self) -> u64 {
        if self.per_minute == 0 {
            return u64::MAX;
        }
        match self.current.peek() {
            Some(Reverse(quickest)) if self.current.len() == self.per_minute => quickest.total,
            _ => 0,
        }
    }

    /// All minutes that have a request, the oldest first. Those that are over are not copied.
    pub fn minutes(&self) -> Vec<SlowMinute> {
        let requests = self.current.iter().map(|Reverse(ranked)| ranked.request.clone());
        let current = self.minute.map(|minute| of(minute, requests.collect()));
        let current = current.filter(|minute| !minute.requests.is_empty());
        self.before.iter().cloned().chain(current).collect()
    }

    fn turn(&mut self, minute: i64) {
        let ended = std::mem::take(&mut self.current);
        if let Some(ended_minute) = self.minute.replace(minute)
            && !ended.is_empty()
        {
            let requests = ended.into_iter().map(|Reverse(ranked)| ranked.request);
            self.before.push_back(of(ended_minute, requests.collect()));
        }
        if self.before.len() == MINUTES_KEPT {
            self.before.pop_front();
        }
        assert!(self.before.len() < MINUTES_KEPT, "an hour is bounded");
    }
}

fn of(minute: i64, requests: Arc<[SlowRequest]>) -> SlowMinute {
    SlowMinute { start_ms: minute.saturating_mul(MINUTE_MS), requests }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.total.cmp(&other.total)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use net::kafka::api_key::ApiKey;
    use runtime::Instant;

    use super::*;
    use crate::metrics::slow::{Course, Step};

    pub(in crate::metrics::slow) fn request(nanos: u64) -> SlowRequest {
        let ended = Instant::default().after(Duration::from_nanos(nanos));
        SlowRequest {
            received_ms: 0,
            client: ([127, 0, 0, 1], 1).into(),
            client_id: "".into(),
            version: ApiKey::Metadata.version(0).unwrap(),
            topic: None,
            partitions: 0,
            bytes: 0,
            records: None,
            took: Course::from(Instant::default()).until(Step::Handle, ended).end(),
        }
    }

    fn totals(minute: &SlowMinute) -> Vec<u64> {
        let mut totals: Vec<_> = minute.requests.iter().map(|slow| slow.took.total()).collect();
        totals.sort_unstable();
        totals
    }

    /// The numbers below a million in an order without a pattern.
    fn scattered(count: u64) -> impl Iterator<Item = u64> {
        (1..=count).map(|n| n * 387_420_489 % 1_000_003 + 1)
    }

    #[test]
    fn the_slowest_of_a_minute_stay_whatever_their_order() {
        let mut slowest = Slowest::new(32);
        let mut all: Vec<u64> = scattered(10_000).collect();
        for nanos in &all {
            slowest.apply(request(*nanos), 59_999);
        }
        all.sort_unstable();
        let kept = slowest.minutes();
        assert_eq!(kept.len(), 1);
        assert_eq!(totals(&kept[0]), all[all.len() - 32..]);
        assert_eq!(slowest.least(), all[all.len() - 32]);
    }

    #[test]
    fn until_a_minute_is_full_everything_is_slow() {
        let mut slowest = Slowest::new(2);
        assert_eq!(slowest.least(), 0);
        slowest.apply(request(7), 0);
        assert_eq!(slowest.least(), 0);
        slowest.apply(request(5), 0);
        assert_eq!(slowest.least(), 5);
        slowest.apply(request(5), 0);
        slowest.apply(request(6), 0);
        assert_eq!(totals(&slowest.minutes()[0]), [6, 7]);
    }

    #[test]
    fn each_minute_has_its_own_and_an_hour_is_kept() {
        let mut slowest = Slowest::new(1);
        for minute in 0..100 {
            slowest.apply(request(1_000 - minute), i64::try_from(minute).unwrap() * MINUTE_MS + 1);
        }
        let kept = slowest.minutes();
        assert_eq!(kept.len(), MINUTES_KEPT);
        let first = 100 - i64::try_from(MINUTES_KEPT).unwrap();
        assert_eq!(kept[0].start_ms, first * MINUTE_MS);
        assert_eq!(totals(kept.last().unwrap()), [901]);
    }

    #[test]
    fn a_clock_that_goes_back_loses_nothing_of_what_is_kept() {
        let mut slowest = Slowest::new(4);
        for ended_ms in [3 * MINUTE_MS, -1, 3 * MINUTE_MS] {
            slowest.apply(request(9), ended_ms);
        }
        let kept = slowest.minutes();
        let starts: Vec<_> = kept.iter().map(|minute| minute.start_ms).collect();
        assert_eq!(starts, [3 * MINUTE_MS, -MINUTE_MS, 3 * MINUTE_MS]);
        assert!(kept.iter().all(|minute| totals(minute) == [9]));
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_wanted() {
        let mut slowest = Slowest::new(0);
        slowest.apply(request(u64::MAX), 0);
        assert_eq!((slowest.minutes(), slowest.least()), (vec![], u64::MAX));
    }
}
