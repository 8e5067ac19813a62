//! The segments of one log, as far as they are known without their files.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use record::{Offset, Timestamp};

use crate::segment::index::{Index, IndexWriter};
use crate::segment::name::SegmentName;

/// One segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its first offset, and its name.
    pub base: Offset,
    /// When its first batch was appended, by the broker's clock.
    pub created: Timestamp,
    /// Bytes that belong to it, durable or not.
    pub end: u32,
    /// Bytes that are in its file and synced: whole blocks, or all once it is finished.
    pub flushed: u32,
    /// Its largest timestamp.
    pub max_timestamp: Timestamp,
    /// The first offset of the batch with that timestamp.
    pub max_timestamp_offset: Offset,
    /// Behind its last offset; the base of the next segment once there is one.
    pub next_offset: Offset,
    /// Another segment follows: nothing more is appended.
    pub sealed: bool,
    /// Sealed, flushed to its last byte, cut to its length and synced, index included.
    pub finished: bool,
    /// How often compaction has written it.
    pub revision: u32,
    /// Of its records each was the last of its key when compaction last looked.
    pub cleaned: bool,
    /// Bytes that its file was given ahead of need.
    pub allocated: u64,
    /// The index while the segment is not finished.
    pub index: Rc<Index>,
    /// How many of the index's entries are in its file.
    pub index_stored: usize,
    /// The maker of further entries; none if it must first be resumed from the file.
    pub index_writer: Option<IndexWriter>,
    /// Responses that still refer to it.
    pub pins: Rc<Cell<u32>>,
}

impl Segment {
    /// An empty segment.
    pub fn new(base: Offset, created: Timestamp) -> Self {
        Self {
            base,
            created,
            end: 0,
            flushed: 0,
            max_timestamp: Timestamp::NONE,
            max_timestamp_offset: Offset::NONE,
            next_offset: base,
            sealed: false,
            finished: false,
            revision: 0,
            cleaned: false,
            allocated: 0,
            index: Rc::default(),
            index_stored: 0,
            index_writer: None,
            pins: Rc::default(),
        }
    }

    /// What its files are called.
    pub fn name(&self) -> SegmentName {
        SegmentName { base: self.base, revision: self.revision }
    }

    /// Notes a batch at its end.
    pub fn append(&mut self, base: Offset, next: Offset, len: u32, max_timestamp: Timestamp) {
        assert!(!self.sealed, "a sealed segment does not grow");
        assert!(base >= self.next_offset, "offsets rise");
        self.end = self.end.checked_add(len).expect("a segment is under 4 GiB");
        self.next_offset = next;
        if max_timestamp > self.max_timestamp {
            self.max_timestamp = max_timestamp;
            self.max_timestamp_offset = base;
        }
    }
}

/// A log's segments in the order of their offsets; the last one is active.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    list: VecDeque<Segment>,
}

impl Segments {
    /// Segments as they were stored; `None` if they do not rise.
    pub fn from_list(list: Vec<Segment>) -> Option<Self> {
        let rises = list.is_sorted_by(|a, b| a.base < b.base && a.next_offset <= b.base);
        rises.then(|| Self { list: list.into() })
    }

    /// The segment that takes appends.
    pub fn active(&self) -> Option<&Segment> {
        self.list.back()
    }

    /// The same, to be changed.
    pub fn active_mut(&mut self) -> Option<&mut Segment> {
        self.list.back_mut()
    }

    /// Seals the active segment and starts another.
    pub fn roll(&mut self, base: Offset, now: Timestamp) -> &mut Segment {
        if let Some(last) = self.list.back_mut() {
            assert!(last.next_offset <= base, "segments do not overlap");
            assert!(last.base < base, "a segment has a name of its own");
            last.sealed = true;
        }
        self.list.push_back(Segment::new(base, now));
        self.list.back_mut().expect("it was just pushed")
    }

    /// The segment with this base offset.
    pub fn get(&self, base: Offset) -> Option<&Segment> {
        self.list.get(self.position(base)?)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, base: Offset) -> Option<&mut Segment> {
        let position = self.position(base)?;
        self.list.get_mut(position)
    }

    /// The segment with these files; none if it was let go or replaced.
    pub fn named(&self, name: SegmentName) -> Option<&Segment> {
        self.get(name.base).filter(|segment| segment.revision == name.revision)
    }

    /// Puts `new` in place of finished segments that stand side by side, and gives those back.
    /// `None`, and nothing is changed, if they are not all there any more.
    pub fn replace(&mut self, old: &[SegmentName], new: Option<Segment>) -> Option<Vec<Segment>> {
        let first = self.position(old.first()?.base)?;
        let found = self.list.range(first..).zip(old);
        let same = found.filter(|(segment, name)| segment.name() == **name && segment.finished);
        if same.count() != old.len() {
            return None;
        }
        let removed = self.list.drain(first..first + old.len()).collect();
        if let Some(new) = new {
            self.list.insert(first, new);
        }
        let rises =
            self.list.iter().is_sorted_by(|a, b| a.base < b.base && a.next_offset <= b.base);
        assert!(rises, "a segment covers no more than those whose place it takes");
        Some(removed)
    }

    /// The segment that holds `offset`, or would.
    pub fn holding(&self, offset: Offset) -> Option<&Segment> {
        let after = self.list.partition_point(|segment| segment.base <= offset);
        self.list.get(after.checked_sub(1)?)
    }

    /// The segment behind the one with this base offset.
    pub fn following(&self, base: Offset) -> Option<&Segment> {
        self.list.get(self.list.partition_point(|segment| segment.base <= base))
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Segment> + ExactSizeIterator {
        self.list.iter()
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Segment> {
        self.list.iter_mut()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes out the sealed segments that lie wholly before `log_start`.
    pub fn remove_before(&mut self, log_start: Offset) -> Vec<Segment> {
        let mut removed = Vec::new();
        while let Some(front) = self.list.front() {
            if !front.sealed || front.next_offset > log_start {
                break;
            }
            removed.extend(self.list.pop_front());
        }
        removed
    }

    /// Puts back what [`Segments::remove_before`] took out last and may not go yet.
    pub fn put_back(&mut self, segments: Vec<Segment>) {
        for segment in segments.into_iter().rev() {
            assert!(self.list.front().is_none_or(|front| segment.base < front.base), "in order");
            self.list.push_front(segment);
        }
    }

    fn position(&self, base: Offset) -> Option<usize> {
        self.list.binary_search_by_key(&base, |segment| segment.base).ok()
    }
}
