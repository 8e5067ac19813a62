//! Which segments are compacted, and which become one.

use record::{Offset, Timestamp};

use crate::config::Compaction;
use crate::log::segments::Segment;
use crate::log::state::LogState;
use crate::segment::name::SegmentName;

const MILLION: u64 = 1_000_000;

/// That a log is due, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// No pass has seen what comes from here on.
    pub dirty_from: Offset,
    /// What comes from here on is left alone.
    pub until: Offset,
    /// How many millionths of the bytes before `until` no pass has seen.
    pub dirty_millionths: u32,
    /// A record is older than `max.compaction.lag.ms`.
    pub is_overdue: bool,
    /// Some of the segments are not finished yet: they are flushed first.
    pub must_flush: bool,
}

/// A segment to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// What its files are called.
    pub name: SegmentName,
    /// Its bytes.
    pub end: u32,
    /// Behind its last offset.
    pub next_offset: Offset,
    /// When its first batch was appended.
    pub created: Timestamp,
}

/// Whether a log is due: if more of it than `min.cleanable.dirty.ratio` has not been looked at,
/// or if a record of it has waited for too long. `cleaned_to` is how far a pass of this process
/// came, if that is further than what the segments say.
pub fn choose(
    state: &LogState,
    cleaned_to: Offset,
    compaction: &Compaction,
    now: Timestamp,
) -> Option<Choice> {
    let cleaned = state.segments.iter().take_while(|segment| segment.cleaned).last();
    let dirty_from = cleaned.map_or(Offset::ZERO, |segment| segment.next_offset).max(cleaned_to);
    let is_dirty = |segment: &Segment| segment.next_offset > dirty_from;
    let (mut dirty, mut all) = (0, 0);
    let (mut until, mut is_overdue, mut must_flush) = (None, false, false);
    for segment in cleanable(state, compaction, now) {
        let bytes = u64::from(segment.end);
        all += bytes;
        until = Some(segment.next_offset);
        if is_dirty(segment) {
            dirty += bytes;
            is_overdue |= now.0.saturating_sub(segment.created.0) > compaction.lag_ms_max;
            must_flush |= !segment.finished;
        }
    }
    let dirty_millionths = u32::try_from(dirty * MILLION / all.max(1)).expect("a part of it");
    let is_due = is_overdue || dirty_millionths > compaction.dirty_millionths_min;
    let until = until.filter(|_| dirty > 0 && is_due)?;
    Some(Choice { dirty_from, until, dirty_millionths, is_overdue, must_flush })
}

/// Sealed segments that can be read to their end and whose records are all old enough.
fn cleanable<'a>(
    state: &'a LogState,
    compaction: &'a Compaction,
    now: Timestamp,
) -> impl Iterator<Item = &'a Segment> {
    let youngest = now.0.saturating_sub(compaction.lag_ms_min);
    state.segments.iter().take_while(move |segment| {
        // Positions in the segment of the high watermark are still in use.
        let is_readable = segment.sealed && segment.base < state.visible.segment;
        is_readable && (compaction.lag_ms_min == 0 || segment.max_timestamp.0 <= youngest)
    })
}

/// The segments to be read: finished ones before `until`, oldest first.
pub fn sources(state: &LogState, until: Offset) -> Vec<Source> {
    let finished = state.segments.iter().take_while(|segment| segment.finished);
    finished
        .take_while(|segment| segment.next_offset <= until)
        .map(|segment| Source {
            name: segment.name(),
            end: segment.end,
            next_offset: segment.next_offset,
            created: segment.created,
        })
        .collect()
}

/// Splits the segments that begin before `end` into such as become one each: as many as have no
/// more than `bytes_max` now. One that is not wholly before `end` stays on its own.
pub fn groups(sources: &[Source], end: Offset, bytes_max: u32) -> Vec<&[Source]> {
    let count = sources.partition_point(|source| source.name.base < end);
    let mut rest = sources.get(..count).unwrap_or_default();
    let mut groups = Vec::new();
    while let Some(first) = rest.first() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|source| {
            bytes += u64::from(source.end);
            bytes <= u64::from(bytes_max) && source.next_offset <= end
        });
        let count = fits.count().max(1);
        debug_assert!(count == 1 || first.next_offset <= end, "it would not be wholly seen");
        let (group, behind) = rest.split_at(count);
        groups.push(group);
        rest = behind;
    }
    groups
}

#[cfg(test)]
mod tests {
    use record::{LeaderEpoch, PartitionIndex, TopicId, TopicPartition};

    use super::*;
    use crate::log::state::Visible;

    /// Five segments of 100 bytes and 10 records, made at 1, 2, ...; the last one is active.
    fn state(cleaned: usize, finished: usize) -> LogState {
        let id = TopicPartition { topic: TopicId([1; 16]), partition: PartitionIndex(0) };
        let mut state = LogState::new(id, LeaderEpoch(0));
        for number in 0..5 {
            let base = Offset(number * 10);
            let segment = state.segments.roll(base, Timestamp(number + 1));
            segment.append(base, Offset(base.0 + 10), 100, Timestamp((number + 1) * 10));
        }
        for (number, segment) in state.segments.iter_mut().enumerate() {
            segment.cleaned = number < cleaned;
            segment.finished = number < finished;
        }
        state.next_offset = Offset(50);
        state.visible = Visible { offset: Offset(50), segment: Offset(40), position: 100 };
        state
    }

    fn chosen(state: &LogState, compaction: Compaction, now: i64) -> Option<Choice> {
        choose(state, Offset::ZERO, &compaction, Timestamp(now))
    }

    #[test]
    fn a_log_is_due_when_enough_of_it_is_dirty() {
        let compaction = Compaction { dirty_millionths_min: 500_000, ..Compaction::default() };
        let all = chosen(&state(0, 4), compaction, 100).unwrap();
        assert_eq!((all.dirty_from, all.until, all.must_flush), (Offset(0), Offset(40), false));
        assert_eq!(all.dirty_millionths, 1_000_000);
        assert_eq!(chosen(&state(2, 4), compaction, 100), None, "just half is not more");
        let part = chosen(&state(1, 3), compaction, 100).unwrap();
        assert_eq!((part.dirty_from, part.must_flush), (Offset(10), true));
        let none = Compaction { dirty_millionths_min: 0, ..compaction };
        assert_eq!(chosen(&state(4, 4), none, 100), None, "nothing is dirty");
        let further = choose(&state(0, 4), Offset(25), &none, Timestamp(100)).unwrap();
        assert_eq!((further.dirty_from, further.dirty_millionths), (Offset(25), 500_000));
    }

    #[test]
    fn young_records_are_left_alone_and_old_ones_do_not_wait() {
        let lag = Compaction { lag_ms_min: 75, ..Compaction::default() };
        assert_eq!(chosen(&state(0, 4), lag, 100).unwrap().until, Offset(20));
        assert_eq!(chosen(&state(0, 4), lag, 80), None);
        let overdue = Compaction { dirty_millionths_min: 1_000_000, lag_ms_max: 90, ..lag };
        assert!(chosen(&state(1, 4), overdue, 100).unwrap().is_overdue);
        assert_eq!(chosen(&state(1, 4), Compaction { lag_ms_max: 98, ..overdue }, 100), None);
    }

    #[test]
    fn the_segment_of_the_high_watermark_is_left_alone() {
        let mut state = state(0, 4);
        state.visible = Visible { offset: Offset(40), segment: Offset(30), position: 100 };
        assert_eq!(chosen(&state, Compaction::default(), 100).unwrap().until, Offset(30));
    }

    #[test]
    fn small_segments_become_one() {
        let state = state(0, 4);
        let sources = sources(&state, Offset(40));
        let sizes = |end, max| -> Vec<usize> {
            groups(&sources, Offset(end), max).iter().map(|group| group.len()).collect()
        };
        assert_eq!(sizes(40, 1_000), [4]);
        assert_eq!(sizes(40, 399), [3, 1]);
        assert_eq!(sizes(40, 200), [2, 2]);
        assert_eq!(sizes(40, 1), [1, 1, 1, 1]);
        assert_eq!(sizes(35, 1_000), [3, 1], "the last one is only seen in part");
        assert_eq!(sizes(30, 1_000), [3]);
        assert_eq!(sizes(0, 1_000), [0_usize; 0]);
        assert_eq!(super::sources(&state, Offset(39)).len(), 3);
    }
}
