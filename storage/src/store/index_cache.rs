//! Indexes of finished segments, read when first needed and kept while there is room.

use std::cell::RefCell;
use std::rc::Rc;

use record::TopicPartition;
use runtime::hash::FixedMap;

use crate::limits::INDEX_CACHE_BYTES;
use crate::segment::index::Index;
use crate::segment::name::SegmentName;

type Key = (TopicPartition, SegmentName);

/// At most [`INDEX_CACHE_BYTES`] of indexes, the ones used last.
#[derive(Default)]
pub(super) struct IndexCache(RefCell<State>);

#[derive(Default)]
struct State {
    kept: FixedMap<Key, (Rc<Index>, u64)>,
    bytes: usize,
    clock: u64,
}

impl IndexCache {
    /// The index of a segment, if it is kept.
    pub(super) fn get(&self, log: TopicPartition, segment: SegmentName) -> Option<Rc<Index>> {
        let state = &mut *self.0.borrow_mut();
        let (index, used) = state.kept.get_mut(&(log, segment))?;
        state.clock += 1;
        *used = state.clock;
        Some(Rc::clone(index))
    }

    /// Keeps an index; others go if there is no room.
    pub(super) fn keep(&self, log: TopicPartition, segment: SegmentName, index: Rc<Index>) {
        let state = &mut *self.0.borrow_mut();
        state.bytes += index.memory();
        state.clock += 1;
        let replaced = state.kept.insert((log, segment), (index, state.clock));
        state.bytes -= replaced.map_or(0, |(old, _)| old.memory());
        while state.bytes > INDEX_CACHE_BYTES && state.kept.len() > 1 {
            let oldest = state.kept.iter().min_by_key(|(_, (_, used))| *used);
            let oldest = oldest.map(|(key, _)| *key).expect("it is not empty");
            let gone = state.kept.remove(&oldest);
            state.bytes -= gone.map_or(0, |(index, _)| index.memory());
        }
    }

    /// Lets go of a segment's index.
    pub(super) fn forget(&self, log: TopicPartition, segment: SegmentName) {
        let state = &mut *self.0.borrow_mut();
        let gone = state.kept.remove(&(log, segment));
        state.bytes -= gone.map_or(0, |(index, _)| index.memory());
    }
}
