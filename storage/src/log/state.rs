//! [`LogState`]: what is known of one log, and the pure steps that change it.
//!
//! Offsets of one log, in their order:
//!
//! ```text
//! log start <= ... <= high watermark <= next offset
//!              readable               staged, not yet committed
//! ```
//!
//! - the log start only rises; what is before it may be deleted at any time
//! - the high watermark only rises, and never above what its topic's durability has made safe
//! - an offset is assigned only to a batch that is in the open commit
//! - every byte below a segment's `end` is in its file (below `flushed`) or in the tail

use record::{BatchHeader, LeaderEpoch, Offset, Timestamp, TopicPartition};

use super::epochs::EpochHistory;
use super::producers::Producers;
use super::segments::Segments;
use super::span::{Span, Tail};
use crate::config::LogConfig;
use crate::identity::CommitSequence;
use crate::segment::name::SegmentName;

/// Where a batch was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its first offset.
    pub base_offset: Offset,
    /// The first offset behind it.
    pub next_offset: Offset,
    /// The epoch to stamp on it.
    pub leader_epoch: LeaderEpoch,
    /// Its segment, by base offset.
    pub segment: Offset,
    /// Where in the segment.
    pub position: u32,
    /// The segment was started for it.
    pub rolled: bool,
}

/// How far a log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visible {
    /// The high watermark: the first offset that can not be read.
    pub offset: Offset,
    /// The segment in which that is.
    pub segment: Offset,
    /// Where in that segment.
    pub position: u32,
}

/// One log.
#[derive(Clone, Debug)]
pub struct LogState {
    /// Its name.
    pub id: TopicPartition,
    /// The first offset that can be read.
    pub log_start: Offset,
    /// What the log start is once everything staged is durable: a checkpoint stores this one.
    pub log_start_staged: Offset,
    /// The next offset to be assigned.
    pub next_offset: Offset,
    /// The epoch in force.
    pub leader_epoch: LeaderEpoch,
    /// Which epoch wrote what.
    pub epochs: EpochHistory,
    /// Idempotent producers.
    pub producers: Producers,
    /// Its segments.
    pub segments: Segments,
    /// The batches in memory.
    pub tail: Tail,
    /// How far it can be read.
    pub visible: Visible,
    /// What recovery found damaged, once and for all: a restart does not mend it, even when the
    /// journal has been written over since.
    pub damaged: Option<String>,
    /// Records since the last forced barrier (`flush.messages`).
    pub records_since_barrier: u64,
}

impl LogState {
    /// An empty log that starts at offset 0.
    pub fn new(id: TopicPartition, leader_epoch: LeaderEpoch) -> Self {
        let visible = Visible { offset: Offset::ZERO, segment: Offset::NONE, position: 0 };
        Self {
            id,
            log_start: Offset::ZERO,
            log_start_staged: Offset::ZERO,
            next_offset: Offset::ZERO,
            leader_epoch,
            epochs: EpochHistory::default(),
            producers: Producers::default(),
            segments: Segments::default(),
            tail: Tail::default(),
            visible,
            damaged: None,
            records_since_barrier: 0,
        }
    }

    /// Assigns offset and place to a checked batch and notes it everywhere. `len` is its bytes.
    /// `None` if the log has no offsets left.
    pub fn place(
        &mut self,
        header: &BatchHeader,
        now: Timestamp,
        config: &LogConfig,
    ) -> Option<Placement> {
        let len = u32::try_from(header.total_len).expect("a batch is under 4 GiB");
        let base_offset = self.next_offset;
        let count = i64::from(header.last_offset_delta.0) + 1;
        assert!(count > 0, "a checked batch has records");
        let next_offset = base_offset.checked_add(count)?;
        let rolled = self.must_roll(len, now, config);
        if rolled {
            self.segments.roll(base_offset, now);
        }
        let segment = self.segments.active_mut().expect("there is one or it was just made");
        let (position, base) = (segment.end, segment.base);
        segment.append(base_offset, next_offset, len, header.max_timestamp);
        self.next_offset = next_offset;
        self.epochs.note(self.leader_epoch, base_offset);
        let leader_epoch = self.leader_epoch;
        self.producers.note(&BatchHeader { base_offset, leader_epoch, ..*header }, now);
        let segment = base;
        Some(Placement { base_offset, next_offset, leader_epoch, segment, position, rolled })
    }

    fn must_roll(&self, len: u32, now: Timestamp, config: &LogConfig) -> bool {
        let Some(active) = self.segments.active() else { return true };
        if active.end == 0 {
            return false;
        }
        active.end.checked_add(len).is_none_or(|end| end > config.segment_bytes)
            || now.0.saturating_sub(active.created.0) >= config.segment_ms
    }

    /// A closed commit holds this batch.
    pub fn staged(&mut self, span: Span) {
        self.tail.push(span);
    }

    /// Batches up to here are as safe as the topic asks. Whether the high watermark rose.
    pub fn committed(&mut self, visible: Visible) -> bool {
        assert!(visible.offset <= self.next_offset, "only what is staged is committed");
        if visible.offset <= self.visible.offset {
            return false;
        }
        self.visible = visible;
        true
    }

    /// An entry that raises the log start is staged.
    pub fn stage_log_start(&mut self, offset: Offset) {
        assert!(offset <= self.visible.offset, "a log starts where it can be read");
        self.log_start_staged = self.log_start_staged.max(offset);
    }

    /// Raises the log start; `None` if it is there already or the offset is not readable yet.
    pub fn raise_log_start(&mut self, offset: Offset) -> Option<()> {
        if offset <= self.log_start || offset > self.visible.offset {
            return None;
        }
        self.log_start = offset;
        self.log_start_staged = self.log_start_staged.max(offset);
        self.epochs.start_log_at(offset);
        Some(())
    }

    /// The oldest commit that recovery needs for this log's bytes; none if its files have all.
    pub fn needed_since(&self) -> Option<CommitSequence> {
        self.tail.needed_since()
    }

    /// Bytes that are readable but not yet in a file.
    pub fn unflushed_bytes(&self) -> u64 {
        self.segments
            .iter()
            .rev()
            .take_while(|segment| !segment.finished)
            .map(|segment| {
                u64::from(self.readable_end(segment.base).saturating_sub(segment.flushed))
            })
            .sum()
    }

    /// Up to where a segment can be read.
    pub fn readable_end(&self, segment: Offset) -> u32 {
        match segment.cmp(&self.visible.segment) {
            std::cmp::Ordering::Less => self.segments.get(segment).map_or(0, |found| found.end),
            std::cmp::Ordering::Equal => self.visible.position,
            std::cmp::Ordering::Greater => 0,
        }
    }

    /// Up to where the segment with these files can be read; none if it was let go or replaced.
    pub fn readable_end_of(&self, name: SegmentName) -> Option<u32> {
        self.segments.named(name).map(|segment| self.readable_end(segment.base))
    }

    /// Readable bytes from a place on, at most `enough`.
    pub fn readable_bytes(&self, segment: Offset, position: u32, enough: u64) -> u64 {
        let mut sum = 0;
        let mut base = segment;
        let mut from = position;
        loop {
            sum += u64::from(self.readable_end(base).saturating_sub(from));
            if sum >= enough || base >= self.visible.segment {
                return sum;
            }
            let Some(next) = self.segments.following(base) else { return sum };
            (base, from) = (next.base, 0);
        }
    }

    /// Bytes of all segments: what the log takes on disk, sooner or later.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.end)).sum()
    }
}
