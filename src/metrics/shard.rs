//! The cells that a shard counts in.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;

use super::counter::{COUNTERS, Counter};
use super::gauge::{GAUGES, Gauge};
use super::latency::Latencies;
use super::slow::SlowLog;
use super::snapshot::{API_KEYS, ErrorCount, Snapshot};
use super::stage::Stage;

/// One shard's metrics. Clones share the cells, so every part of the shard has its own handle; it
/// can not leave its thread.
#[derive(Clone)]
pub struct ShardMetrics(Rc<Cells>);

struct Cells {
    counters: [Cell<u64>; COUNTERS],
    gauges: [Cell<u64>; GAUGES],
    requests: [Cell<u64>; API_KEYS],
    /// Sorted by API and code. Bounded by the errors that exist, as the broker makes them itself.
    errors: RefCell<Vec<ErrorCount>>,
    latencies: RefCell<Latencies>,
    slow: SlowLog,
    watched: RefCell<Vec<Watched>>,
}

/// A gauge that is asked for its value when there is someone to tell.
struct Watched {
    gauge: Gauge,
    read: Box<dyn Fn() -> u64>,
}

impl Default for ShardMetrics {
    fn default() -> Self {
        Self(Rc::new(Cells {
            counters: std::array::from_fn(|_| Cell::new(0)),
            gauges: std::array::from_fn(|_| Cell::new(0)),
            requests: std::array::from_fn(|_| Cell::new(0)),
            errors: RefCell::default(),
            latencies: RefCell::default(),
            slow: SlowLog::default(),
            watched: RefCell::default(),
        }))
    }
}

impl ShardMetrics {
    /// Counts one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts several.
    pub fn add(&self, counter: Counter, count: u64) {
        let cell = &self.0.counters[counter.index()];
        cell.set(cell.get().wrapping_add(count));
    }

    /// Counts a request.
    pub fn request(&self, api: ApiKey) {
        let key = usize::try_from(api.code()).ok();
        if let Some(cell) = key.and_then(|key| self.0.requests.get(key)) {
            cell.set(cell.get().wrapping_add(1));
        }
    }

    /// Counts an error of an answer; success is none.
    pub fn error(&self, api: ApiKey, code: ErrorCode) {
        if code.is_none() {
            return;
        }
        let mut errors = self.0.errors.borrow_mut();
        match errors.binary_search_by_key(&(api, code), |error| (error.api, error.code)) {
            Ok(index) => errors[index].count += 1,
            Err(index) => errors.insert(index, ErrorCount { api, code, count: 1 }),
        }
    }

    /// Sets a gauge.
    pub fn set(&self, gauge: Gauge, value: u64) {
        self.0.gauges[gauge.index()].set(value);
    }

    /// Raises a gauge.
    pub fn raise(&self, gauge: Gauge, by: u64) {
        let cell = &self.0.gauges[gauge.index()];
        cell.set(cell.get().saturating_add(by));
    }

    /// Lowers a gauge, to zero at least.
    pub fn lower(&self, gauge: Gauge, by: u64) {
        let cell = &self.0.gauges[gauge.index()];
        cell.set(cell.get().saturating_sub(by));
    }

    /// Asks `read` for a gauge's value with each snapshot, from now on, instead of what was set.
    /// `read` must not use these metrics.
    pub fn watch(&self, gauge: Gauge, read: impl Fn() -> u64 + 'static) {
        let mut watched = self.0.watched.borrow_mut();
        watched.retain(|known| known.gauge != gauge);
        watched.push(Watched { gauge, read: Box::new(read) });
    }

    /// Records how long a stage took.
    pub fn record(&self, stage: Stage, nanos: u64) {
        self.record_many(stage, nanos, 1);
    }

    /// Records the same time for `count` requests: those of one commit share one clock read.
    pub fn record_many(&self, stage: Stage, nanos: u64, count: u32) {
        self.0.latencies.borrow_mut().record(stage, nanos, count);
    }

    /// The slowest requests.
    pub fn slow(&self) -> &SlowLog {
        &self.0.slow
    }

    /// Fills `spare` with the counters and gauges of now and with all latencies since the last
    /// time, and keeps its empty histograms to go on with. Nothing is allocated but for new kinds
    /// of errors, and no histogram is copied.
    pub fn swap(&self, mut spare: Box<Snapshot>) -> Box<Snapshot> {
        assert!(spare.latencies.is_empty(), "a spare set of histograms is empty");
        let cells = &self.0;
        for watched in cells.watched.borrow().iter() {
            self.set(watched.gauge, (watched.read)());
        }
        copy(&cells.counters, &mut spare.numbers.counters);
        copy(&cells.gauges, &mut spare.numbers.gauges);
        copy(&cells.requests, &mut spare.numbers.requests);
        spare.numbers.errors.clone_from(&cells.errors.borrow());
        std::mem::swap(&mut *cells.latencies.borrow_mut(), &mut spare.latencies);
        spare
    }
}

fn copy(cells: &[Cell<u64>], values: &mut [u64]) {
    for (cell, value) in cells.iter().zip(values) {
        *value = cell.get();
    }
}

impl fmt::Debug for ShardMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardMetrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_was_counted_is_in_the_snapshot() {
        let metrics = ShardMetrics::default();
        let other = metrics.clone();
        metrics.count(Counter::Commits);
        other.add(Counter::Commits, 4);
        metrics.request(ApiKey::DescribeTopicPartitions);
        metrics.error(ApiKey::Fetch, ErrorCode::OFFSET_OUT_OF_RANGE);
        metrics.error(ApiKey::Produce, ErrorCode(9999));
        metrics.error(ApiKey::Fetch, ErrorCode::OFFSET_OUT_OF_RANGE);
        metrics.error(ApiKey::Fetch, ErrorCode::NONE);
        metrics.record_many(Stage::Queue, 5, 3);
        let snapshot = metrics.swap(Box::default());
        assert_eq!(snapshot.numbers().counter(Counter::Commits), 5);
        assert_eq!(snapshot.numbers().counter(Counter::Barriers), 0);
        assert_eq!(snapshot.numbers().requests(ApiKey::DescribeTopicPartitions), 1);
        let errors = snapshot.numbers().errors().iter();
        let errors: Vec<_> = errors.map(|error| (error.api, error.code.0, error.count)).collect();
        assert_eq!(errors, [(ApiKey::Produce, 9999, 1), (ApiKey::Fetch, 1, 2)]);
        assert_eq!(snapshot.latencies().of(Stage::Queue).len(), 3);
    }

    #[test]
    fn counters_stay_with_the_shard_and_latencies_go() {
        let metrics = ShardMetrics::default();
        metrics.count(Counter::Commits);
        metrics.record(Stage::Queue, 5);
        drop(metrics.swap(Box::default()));
        metrics.count(Counter::Commits);
        metrics.record(Stage::Queue, 7);
        let snapshot = metrics.swap(Box::default());
        assert_eq!(snapshot.numbers().counter(Counter::Commits), 2);
        assert_eq!(snapshot.latencies().of(Stage::Queue).len(), 1);
        assert_eq!(snapshot.latencies().sum(Stage::Queue), 7);
    }

    #[test]
    fn gauges_are_set_moved_or_watched() {
        let metrics = ShardMetrics::default();
        metrics.set(Gauge::TailBytes, 10);
        metrics.raise(Gauge::Connections, 2);
        metrics.lower(Gauge::Connections, 1);
        metrics.lower(Gauge::WaitingProduces, 1);
        let logs = Rc::new(Cell::new(3));
        let read = Rc::clone(&logs);
        metrics.watch(Gauge::Logs, || 1);
        metrics.watch(Gauge::Logs, move || read.get());
        logs.set(4);
        let snapshot = metrics.swap(Box::default());
        assert_eq!(snapshot.numbers().gauge(Gauge::TailBytes), 10);
        assert_eq!(snapshot.numbers().gauge(Gauge::Connections), 1);
        assert_eq!(snapshot.numbers().gauge(Gauge::WaitingProduces), 0);
        assert_eq!(snapshot.numbers().gauge(Gauge::Logs), 4);
    }

    #[test]
    fn every_api_has_a_cell() {
        let metrics = ShardMetrics::default();
        for spec in net::kafka::api_key::APIS {
            metrics.request(spec.key);
        }
        let snapshot = metrics.swap(Box::default());
        assert!(
            net::kafka::api_key::APIS.iter().all(|spec| snapshot.numbers().requests(spec.key) == 1)
        );
    }

    #[test]
    #[should_panic(expected = "a spare set of histograms is empty")]
    fn latencies_are_never_counted_twice() {
        let metrics = ShardMetrics::default();
        metrics.record(Stage::Queue, 5);
        let full = metrics.swap(Box::default());
        drop(metrics.swap(full));
    }

    #[test]
    fn a_snapshot_can_go_to_another_thread() {
        fn assert_send<T: Send>() {}
        assert_send::<Box<Snapshot>>();
    }
}
