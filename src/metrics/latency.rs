//! One HDR histogram a stage: every latency to three digits, from 1 ns to a minute.
//!
//! Nanoseconds, since parsing takes less than one microsecond. 32-bit counts are enough because a
//! set is swapped every few seconds and its sums go into 64 bits; they would saturate, not wrap. A
//! set takes 8 x 27,648 x 4 = 884,736 bytes of address space; memory is used for the magnitudes
//! that occur, some 4 KiB for each doubling.

use hdrhistogram::{Counter, Histogram};

use super::stage::{STAGES, Stage};

/// Longer ones count as this long.
const NANOS_MAX: u64 = 60_000_000_000;
/// Significant digits that a latency is kept to.
const DIGITS: u8 = 3;

/// The latencies of every stage over some time.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: [Histogram<u32>; STAGES],
    sums: [u64; STAGES],
}

/// An empty histogram with the bounds of all.
pub(super) fn empty<C: Counter>() -> Histogram<C> {
    let empty = Histogram::new_with_bounds(1, NANOS_MAX, DIGITS);
    empty.expect("the bounds and digits are possible")
}

impl Default for Latencies {
    fn default() -> Self {
        let empty = empty();
        Self { counts: std::array::from_fn(|_| empty.clone()), sums: [0; STAGES] }
    }
}

impl Latencies {
    /// Records `count` times the same latency.
    pub(super) fn record(&mut self, stage: Stage, nanos: u64, count: u32) {
        let index = stage.index();
        self.counts[index].saturating_record_n(nanos, count);
        self.sums[index] = self.sums[index].saturating_add(nanos.saturating_mul(count.into()));
    }

    /// Adds the latencies of another set.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.add(theirs).expect("all sets have the same bounds");
        }
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        for counts in &mut self.counts {
            // An unused one is not touched, so that its memory stays unused too.
            if !counts.is_empty() {
                counts.reset();
            }
        }
        self.sums = [0; STAGES];
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(Histogram::is_empty)
    }

    /// The histogram of a stage, in nanoseconds.
    pub fn of(&self, stage: Stage) -> &Histogram<u32> {
        &self.counts[stage.index()]
    }

    /// All latencies of a stage together, in nanoseconds.
    pub fn sum(&self, stage: Stage) -> u64 {
        self.sums[stage.index()]
    }

    /// The bytes of address space that a set takes.
    pub fn bytes(&self) -> usize {
        let counts = self.counts.iter().map(Histogram::distinct_values);
        counts.sum::<usize>() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_kept_to_three_digits_up_to_a_minute() {
        let mut latencies = Latencies::default();
        for nanos in [1, 999, 123_456, 59_999_999_999] {
            latencies.record(Stage::Barrier, nanos, 1);
            let max = latencies.of(Stage::Barrier).max();
            assert!(max >= nanos && (max - nanos) * 1000 <= nanos, "{nanos} became {max}");
        }
        assert_eq!(latencies.sum(Stage::Barrier), 1 + 999 + 123_456 + 59_999_999_999);
        assert_eq!(latencies.of(Stage::Barrier).len(), 4);
        assert!(latencies.of(Stage::Parse).is_empty());
    }

    #[test]
    fn nothing_is_too_long_or_too_often_for_a_histogram() {
        let mut latencies = Latencies::default();
        latencies.record(Stage::Reply, u64::MAX, u32::MAX);
        latencies.record(Stage::Reply, u64::MAX, u32::MAX);
        latencies.record(Stage::Reply, 0, 1);
        assert_eq!(latencies.sum(Stage::Reply), u64::MAX);
        assert_eq!(latencies.of(Stage::Reply).count_at(NANOS_MAX), u32::MAX);
    }

    #[test]
    fn sets_add_up_and_can_be_cleared() {
        let (mut one, mut two) = (Latencies::default(), Latencies::default());
        one.record(Stage::Queue, 10, 2);
        two.record(Stage::Queue, 1_000_000, 3);
        two.record(Stage::Parse, 7, 1);
        one.add(&two);
        assert_eq!(one.of(Stage::Queue).len(), 5);
        assert_eq!((one.sum(Stage::Queue), one.sum(Stage::Parse)), (3_000_020, 7));
        one.clear();
        assert!(one.is_empty() && one.sum(Stage::Queue) == 0);
        assert_eq!(one.of(Stage::Queue).max(), 0);
    }

    #[test]
    fn a_set_takes_the_memory_that_is_documented() {
        assert_eq!(Latencies::default().bytes(), 884_736);
    }
}
