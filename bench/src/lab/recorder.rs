//! Counts values of one kind and gives them away interval by interval.
//!
//! Values are told apart to three digits, in the buckets of an `HdrHistogram` whose lowest value is
//! 1: exactly up to 2047, then 1024 buckets for each doubling. Taking an interval costs what was
//! touched in it, a few microseconds, so that the load is not held up at every full second; a
//! histogram proper is made of the intervals when the run is over.

use hdrhistogram::Histogram;

use crate::error::BenchError;

/// The longest time told apart, in nanoseconds: an hour.
pub(crate) const NANOS_MAX: u64 = 3_600_000_000_000;

/// Buckets of each doubling.
const HALF: u64 = 1024;

/// The values of an interval: how often each was seen, the least first once sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interval(Vec<(u64, u64)>);

/// Counts values.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    counts: Vec<u64>,
    touched: Vec<u32>,
}

impl Recorder {
    /// Counts a value `times` times. A value beyond an hour counts as one.
    pub(crate) fn record(&mut self, nanos: u64, times: u64) {
        let bucket = bucket_of(nanos.clamp(1, NANOS_MAX));
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        if self.counts[bucket] == 0 && times > 0 {
            self.touched.push(u32::try_from(bucket).unwrap_or(u32::MAX));
        }
        self.counts[bucket] += times;
    }

    /// Takes what was counted since the last call.
    pub(crate) fn take(&mut self) -> Interval {
        let counts = &mut self.counts;
        let taken = self.touched.drain(..).map(|bucket| {
            let count = std::mem::take(&mut counts[bucket as usize]);
            (value_of(bucket as usize), count)
        });
        Interval(taken.collect())
    }
}

impl Interval {
    /// Values counted.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The value that so much of the interval does not exceed; 0 if nothing was counted.
    pub(crate) fn at(&mut self, quantile: f64) -> u64 {
        self.0.sort_unstable();
        let wanted = quantile * self.count() as f64;
        let mut seen = 0;
        for (value, count) in &self.0 {
            seen += count;
            if seen as f64 >= wanted {
                return *value;
            }
        }
        self.0.last().map_or(0, |(value, _)| *value)
    }

    /// Adds the interval to a histogram.
    pub(crate) fn add_to(&self, histogram: &mut Histogram<u64>) {
        for (value, count) in &self.0 {
            histogram.saturating_record_n(*value, *count);
        }
    }
}

/// An empty histogram of three digits up to an hour.
pub(crate) fn histogram() -> Result<Histogram<u64>, BenchError> {
    Histogram::new_with_bounds(1, NANOS_MAX, 3)
        .map_err(|_| BenchError::Arguments("the histogram's bounds"))
}

fn bucket_of(value: u64) -> usize {
    let doublings = u64::from(value.ilog2().saturating_sub(10));
    usize::try_from(doublings * HALF + (value >> doublings)).unwrap_or(usize::MAX)
}

/// The highest value of a bucket, as histograms report it.
fn value_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let doublings = (bucket / HALF).saturating_sub(1);
    ((bucket - doublings * HALF + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_a_histogram() {
        let all = histogram().unwrap();
        let powers = (0..42).flat_map(|power| [-1_i64, 0, 1].map(|step| (1_i64 << power) + step));
        let odd = [3, 999, 2047, 2048, 2049, 123_456, 9_876_543_210, 3_599_999_999_999];
        for value in powers.chain(odd).filter(|value| *value > 0) {
            let value = u64::try_from(value).unwrap().min(NANOS_MAX);
            assert_eq!(value_of(bucket_of(value)), all.highest_equivalent(value), "{value}");
        }
    }

    #[test]
    fn an_interval_holds_what_was_counted_since_the_last() {
        let mut recorder = Recorder::default();
        assert_eq!(recorder.take(), Interval::default());
        for value in 1..=100 {
            recorder.record(value * 10, 2);
        }
        recorder.record(u64::MAX, 1);
        let mut first = recorder.take();
        assert_eq!((first.count(), first.at(0.5), first.at(0.0)), (201, 510, 10));
        assert!(first.at(1.0) >= NANOS_MAX);
        recorder.record(7, 1);
        assert_eq!(recorder.take(), Interval(vec![(7, 1)]));
        let mut all = histogram().unwrap();
        first.add_to(&mut all);
        assert_eq!(all.len(), 201);
    }
}
