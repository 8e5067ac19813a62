//! When records become a batch: pure, told the time, for one partition.
//!
//! A batch is due when it has reached its count or its bytes, when its linger time is over, or when
//! everything is to be flushed. Batches are taken in the order of their records.

use std::collections::VecDeque;
use std::time::Duration;

use record::{BatchBuilder, BuildError, NewRecord};
use runtime::Instant;

/// What bounds a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchLimits {
    /// Records.
    pub(super) records: i32,
    /// Bytes before compression. A larger record has a batch of its own.
    pub(super) bytes: usize,
    /// How long a batch waits for more records.
    pub(super) linger: Duration,
}

/// A batch that takes no more records.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) builder: BatchBuilder,
    /// What its records have reserved of the producer's buffer.
    pub(super) reserved: usize,
    /// When its first record was given.
    pub(super) begun: Instant,
}

/// When the next batch can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Now.
    Now,
    /// Then, if nothing comes.
    At(Instant),
    /// There is nothing.
    Never,
}

/// The records of one partition that were not sent yet.
#[derive(Debug)]
pub(super) struct Batching {
    limits: BatchLimits,
    full: VecDeque<Batch>,
    open: Option<Batch>,
}

impl Batching {
    pub(super) fn new(limits: BatchLimits) -> Self {
        assert!(limits.records > 0, "a batch holds a record");
        Self { limits, full: VecDeque::new(), open: None }
    }

    /// Adds a record; says how many batches have become full by it. An error changes nothing that
    /// was there.
    pub(super) fn append(
        &mut self,
        record: &NewRecord<'_>,
        reserved: usize,
        now: Instant,
    ) -> Result<usize, BuildError> {
        let before = self.full.len();
        if let Some(open) = &self.open {
            let fits = open.builder.total_len_with(record);
            if fits.is_none_or(|total_len| total_len > self.limits.bytes) {
                self.full.extend(self.open.take());
            }
        }
        let mut batch = match self.open.take() {
            Some(open) => open,
            None => Batch { builder: BatchBuilder::new(), reserved: 0, begun: now },
        };
        let appended = batch.builder.append(record);
        if appended.is_ok() {
            batch.reserved += reserved;
        }
        let is_full = batch.builder.record_count() >= self.limits.records
            || batch.builder.total_len() >= self.limits.bytes;
        if is_full {
            self.full.push_back(batch);
        } else if !batch.builder.is_empty() {
            self.open = Some(batch);
        }
        appended.map(|_| self.full.len() - before)
    }

    /// When a batch can be taken; `flushing` is not to wait for more records.
    pub(super) fn due(&self, now: Instant, flushing: bool) -> Due {
        if !self.full.is_empty() {
            return Due::Now;
        }
        let Some(open) = &self.open else { return Due::Never };
        let due = open.begun.after(self.limits.linger);
        if flushing || due <= now { Due::Now } else { Due::At(due) }
    }

    /// The oldest batch, if it is due.
    pub(super) fn take(&mut self, now: Instant, flushing: bool) -> Option<Batch> {
        match self.due(now, flushing) {
            Due::Now => self.full.pop_front().or_else(|| self.open.take()),
            Due::At(_) | Due::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use record::Timestamp;

    use super::*;

    const LINGER: Duration = Duration::from_millis(5);

    fn batching(records: i32, bytes: usize) -> Batching {
        Batching::new(BatchLimits { records, bytes, linger: LINGER })
    }

    fn record(value: &[u8]) -> NewRecord<'_> {
        NewRecord { timestamp: Timestamp(0), key: None, value: Some(value), headers: &[] }
    }

    fn counts(batching: &mut Batching, now: Instant, flushing: bool) -> Vec<i32> {
        std::iter::from_fn(|| batching.take(now, flushing))
            .map(|batch| batch.builder.record_count())
            .collect()
    }

    #[test]
    fn a_batch_is_full_at_its_count() {
        let start = Instant::default();
        let mut batching = batching(3, 1 << 20);
        let full: Vec<_> =
            (0..7).map(|_| batching.append(&record(b"x"), 1, start).unwrap()).collect();
        assert_eq!(full, [0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(counts(&mut batching, start, false), [3, 3]);
        assert_eq!(counts(&mut batching, start, true), [1]);
    }

    #[test]
    fn a_batch_is_full_before_its_bytes_are_exceeded() {
        let start = Instant::default();
        let mut batching = batching(i32::MAX, 300);
        for _ in 0..5 {
            batching.append(&record(&[7; 100]), 100, start).unwrap();
        }
        let taken: Vec<_> = std::iter::from_fn(|| batching.take(start, true)).collect();
        let counts: Vec<_> = taken.iter().map(|batch| batch.builder.record_count()).collect();
        assert_eq!(counts, [2, 2, 1]);
        assert!(taken.iter().all(|batch| batch.builder.total_len() <= 300));
        assert_eq!(taken.iter().map(|batch| batch.reserved).sum::<usize>(), 500);
    }

    #[test]
    fn a_record_over_the_limit_goes_alone_and_at_once() {
        let start = Instant::default();
        let mut batching = batching(i32::MAX, 300);
        assert_eq!(batching.append(&record(b"small"), 1, start).unwrap(), 0);
        assert_eq!(batching.append(&record(&[7; 1000]), 1, start).unwrap(), 2);
        assert_eq!(batching.append(&record(b"small"), 1, start).unwrap(), 0);
        assert_eq!(counts(&mut batching, start, false), [1, 1]);
    }

    #[test]
    fn an_open_batch_waits_for_its_linger_time_from_its_first_record() {
        let start = Instant::default();
        let mut batching = batching(100, 1 << 20);
        assert_eq!(batching.due(start, true), Due::Never);
        batching.append(&record(b"x"), 1, start).unwrap();
        batching.append(&record(b"x"), 1, start.after(LINGER / 2)).unwrap();
        assert_eq!(batching.due(start, false), Due::At(start.after(LINGER)));
        assert!(batching.take(start.after(LINGER / 2), false).is_none());
        assert_eq!(batching.due(start, true), Due::Now, "a flush does not wait");
        assert_eq!(counts(&mut batching, start.after(LINGER), false), [2]);
    }
}
