//! Where a consumer is in each of its partitions: pure.

use std::collections::BTreeMap;

use record::{Offset, PartitionIndex};

/// Where a consumer is in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The offset that comes next.
    pub(super) next: Offset,
    /// Where to stop, if anywhere: the first offset that is not wanted any more.
    pub(super) end: Option<Offset>,
}

impl Position {
    /// Whether nothing more is wanted.
    pub(super) fn is_done(self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }
}

/// The positions of all partitions.
#[derive(Debug, Default)]
pub(super) struct Positions {
    by_partition: BTreeMap<PartitionIndex, Position>,
    turn: usize,
}

impl Positions {
    pub(super) fn insert(&mut self, partition: PartitionIndex, position: Position) {
        self.by_partition.insert(partition, position);
    }

    pub(super) fn get(&self, partition: PartitionIndex) -> Option<Position> {
        self.by_partition.get(&partition).copied()
    }

    pub(super) fn advance(&mut self, partition: PartitionIndex, next: Offset) {
        if let Some(position) = self.by_partition.get_mut(&partition) {
            position.next = next;
        }
    }

    /// The partitions of which something is still wanted.
    pub(super) fn wanted(&self) -> impl Iterator<Item = PartitionIndex> {
        let wanted = self.by_partition.iter().filter(|(_, position)| !position.is_done());
        wanted.map(|(partition, _)| *partition)
    }

    /// Those partitions, beginning with another one each time.
    pub(super) fn in_turn(&mut self) -> Vec<PartitionIndex> {
        let mut partitions: Vec<_> = self.wanted().collect();
        if !partitions.is_empty() {
            let first = self.turn % partitions.len();
            partitions.rotate_left(first);
        }
        self.turn = self.turn.wrapping_add(1);
        partitions
    }

    /// Whether nothing more is wanted of any partition.
    pub(super) fn all_done(&self) -> bool {
        self.wanted().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(list: &[(i32, i64, Option<i64>)]) -> Positions {
        let mut positions = Positions::default();
        for (partition, next, end) in list {
            let position = Position { next: Offset(*next), end: end.map(Offset) };
            positions.insert(PartitionIndex(*partition), position);
        }
        positions
    }

    #[test]
    fn a_partition_is_done_at_its_end_and_an_endless_one_never() {
        let mut positions = positions(&[(0, 5, Some(7)), (1, 3, Some(3)), (2, 9, None)]);
        assert_eq!(positions.wanted().map(|p| p.0).collect::<Vec<_>>(), [0, 2]);
        positions.advance(PartitionIndex(0), Offset(8));
        assert_eq!(positions.wanted().map(|p| p.0).collect::<Vec<_>>(), [2]);
        assert!(!positions.all_done());
    }

    #[test]
    fn every_partition_comes_first_in_its_turn() {
        let mut positions = positions(&[(0, 0, None), (1, 0, None), (2, 0, None)]);
        let firsts: Vec<_> = (0..4).map(|_| positions.in_turn()[0].0).collect();
        assert_eq!(firsts, [0, 1, 2, 0]);
        assert_eq!(positions.in_turn().len(), 3);
    }

    #[test]
    fn nothing_wanted_is_all_done() {
        assert!(positions(&[(0, 0, Some(0))]).all_done());
        assert!(positions(&[]).in_turn().is_empty());
    }
}
