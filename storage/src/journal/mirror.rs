//! [`Mirror`]: copies of commits that are not written yet, in pages that outlive the process.
//!
//! A relaxed batch must survive the process, not a power cut, so it need not wait for the device:
//! once its commit is copied here, it does. The copy is the commit's own bytes, found again by the
//! same scan as any in the journal's files ([`crate::recovery`]); it is needed until the commit is
//! written, and its place is used again then, in the same order.

use std::collections::VecDeque;

use runtime::SharedFile;
use runtime::buffer::Slice;

use crate::limits::BLOCK_BYTES;

/// The copies of one journal.
pub(super) struct Mirror {
    memory: SharedFile,
    ring: Ring,
}

impl Mirror {
    pub(super) fn new(memory: SharedFile) -> Self {
        let ring = Ring { capacity: memory.len(), held: VecDeque::new() };
        Self { memory, ring }
    }

    /// Whether a commit of so many bytes can be copied now.
    pub(super) fn fits(&self, len: usize) -> bool {
        self.ring.place(len).is_some()
    }

    /// Copies a commit of `len` bytes; [`Mirror::fits`] must hold.
    pub(super) fn copy(&mut self, slices: &[Slice], len: usize) {
        let mut at = self.ring.hold(len).expect("room was asked for before");
        for slice in slices {
            self.memory.write(at, slice.as_slice());
            at += slice.len();
        }
    }

    /// The oldest copy is not needed any more: its commit is written.
    pub(super) fn release_oldest(&mut self) {
        self.ring.held.pop_front().expect("commits are written in the order of their copies");
    }
}

/// Which bytes are held, oldest first. None wraps around the end, each starts on a block.
#[derive(Debug)]
struct Ring {
    capacity: usize,
    held: VecDeque<(usize, usize)>,
}

impl Ring {
    /// Where the next `len` bytes go. An empty ring starts over: few pages are touched then.
    fn place(&self, len: usize) -> Option<usize> {
        let (Some((tail, _)), Some((last, last_len))) = (self.held.front(), self.held.back())
        else {
            return (len <= self.capacity).then_some(0);
        };
        let head = last + last_len;
        if last < tail {
            return (head + len <= *tail).then_some(head);
        }
        if head + len <= self.capacity {
            return Some(head);
        }
        (len <= *tail).then_some(0)
    }

    fn hold(&mut self, len: usize) -> Option<usize> {
        assert!(len > 0 && len.is_multiple_of(BLOCK_BYTES), "commits are whole blocks");
        let at = self.place(len)?;
        self.held.push_back((at, len));
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCKS: usize = 16;

    fn ring() -> Ring {
        Ring { capacity: BLOCKS * BLOCK_BYTES, held: VecDeque::new() }
    }

    fn hold(ring: &mut Ring, blocks: usize) -> Option<usize> {
        ring.hold(blocks * BLOCK_BYTES).map(|at| at / BLOCK_BYTES)
    }

    #[test]
    fn places_follow_each_other_and_start_over() {
        let mut ring = ring();
        assert_eq!([hold(&mut ring, 6), hold(&mut ring, 6)], [Some(0), Some(6)]);
        // Neither at the end nor at the front is room.
        assert_eq!(hold(&mut ring, 5), None);
        ring.held.pop_front();
        assert_eq!([hold(&mut ring, 5), hold(&mut ring, 2)], [Some(0), None]);
        assert_eq!(hold(&mut ring, 1), Some(5));
        ring.held.clear();
        assert_eq!(hold(&mut ring, BLOCKS), Some(0));
        assert_eq!(hold(&mut ring, 1), None);
    }

    proptest! {
        /// No byte is held twice, whatever comes and goes.
        #[test]
        fn places_never_overlap(steps in prop::collection::vec(0_usize..8, 1..200)) {
            let mut ring = ring();
            for blocks in steps {
                if blocks == 0 {
                    ring.held.pop_front();
                } else {
                    hold(&mut ring, blocks);
                }
                let mut ranges: Vec<_> = ring.held.iter().copied().collect();
                ranges.sort_unstable();
                for pair in ranges.windows(2) {
                    prop_assert!(pair[0].0 + pair[0].1 <= pair[1].0);
                }
                prop_assert!(ranges.iter().all(|(at, len)| at + len <= ring.capacity));
            }
        }
    }
}
