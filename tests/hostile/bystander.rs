//! A well-behaved client beside the hostile ones: it never gets an error, and is never kept long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::batch;
use crate::support::connection::Connection;
use crate::support::fetch::Appetite;
use crate::support::payload::Mark;
use crate::support::produce::{Partition, code};

const APPETITE: Appetite = Appetite { bytes_max: 1 << 20, wait_ms: 1_000 };

/// The client.
pub(crate) struct Bystander {
    connection: Connection,
    partition: Partition,
    counter: u64,
}

impl Bystander {
    pub(crate) fn new(connection: Connection, partition: Partition) -> Self {
        Self { connection, partition, counter: 0 }
    }

    /// Produces a record and fetches it; how long that took.
    pub(crate) fn round_trip(&mut self) -> Duration {
        let started = Instant::now();
        let mark = Mark { producer: 0, log: 0, counter: self.counter };
        self.counter += 1;
        let bytes = batch::encode([mark.write(200)], None);
        let outcome = self.connection.produce(&self.partition, bytes).unwrap();
        assert_eq!(outcome.error_code, code::NONE, "{outcome:?}");
        let offset = outcome.base_offset;
        let fetched = self.connection.fetch(&self.partition, offset, APPETITE).unwrap();
        assert_eq!(fetched.error_code, code::NONE);
        let value = fetched.records.first().and_then(|record| record.value.as_deref());
        assert_eq!(Mark::read(value.unwrap()), Ok(mark));
        started.elapsed()
    }

    /// Goes on until it is told to end; all times, sorted.
    pub(crate) fn run(&mut self, ending: &AtomicBool) -> Vec<Duration> {
        let mut times = Vec::new();
        while !ending.load(Ordering::SeqCst) {
            times.push(self.round_trip());
        }
        times.sort_unstable();
        times
    }
}

/// The time that so many of a thousand do not exceed.
pub(crate) fn quantile(sorted: &[Duration], per_mille: usize) -> Duration {
    assert!(!sorted.is_empty(), "something was measured");
    sorted[(sorted.len() * per_mille / 1_000).min(sorted.len() - 1)]
}
