//! A set of partitions: what a member owns, gives up or is meant to get.

use std::sync::Arc;

use record::{TopicId, TopicPartition};

/// Partitions in order, none twice. Cloning copies a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment(Arc<[TopicPartition]>);

impl Default for Assignment {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl FromIterator<TopicPartition> for Assignment {
    fn from_iter<I: IntoIterator<Item = TopicPartition>>(partitions: I) -> Self {
        let mut partitions: Vec<_> = partitions.into_iter().collect();
        partitions.sort_unstable();
        partitions.dedup();
        Self(partitions.into())
    }
}

impl Assignment {
    /// The partitions in order.
    pub fn as_slice(&self) -> &[TopicPartition] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many partitions.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether `partition` is one of them.
    pub fn contains(&self, partition: TopicPartition) -> bool {
        self.0.binary_search(&partition).is_ok()
    }

    /// Each topic with its partitions, in order.
    pub fn by_topic(&self) -> impl Iterator<Item = (TopicId, &[TopicPartition])> {
        self.0
            .chunk_by(|left, right| left.topic == right.topic)
            .filter_map(|run| run.first().map(|first| (first.topic, run)))
    }

    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        self.keep(|partition| other.contains(partition))
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.keep(|partition| !other.contains(partition))
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.0.iter().chain(other.0.iter()).copied().collect()
    }

    /// What passes `wanted`; the same memory if everything does.
    #[must_use]
    pub fn keep(&self, mut wanted: impl FnMut(TopicPartition) -> bool) -> Self {
        let kept: Vec<_> = self.0.iter().copied().filter(|&partition| wanted(partition)).collect();
        if kept.len() == self.0.len() { self.clone() } else { Self(kept.into()) }
    }
}

#[cfg(test)]
mod tests {
    use record::PartitionIndex;

    use super::*;

    fn set(partitions: &[(u8, i32)]) -> Assignment {
        let partition = |&(topic, index): &(u8, i32)| TopicPartition {
            topic: TopicId([topic; 16]),
            partition: PartitionIndex(index),
        };
        partitions.iter().map(partition).collect()
    }

    #[test]
    fn sets_are_ordered_and_hold_nothing_twice() {
        let all = set(&[(2, 0), (1, 1), (1, 0), (1, 1)]);
        assert_eq!(all.len(), 3);
        let topics: Vec<_> = all.by_topic().map(|(id, run)| (id.0[0], run.len())).collect();
        assert_eq!(topics, [(1, 2), (2, 1)]);
    }

    #[test]
    fn sets_are_joined_and_parted() {
        let (left, right) = (set(&[(1, 0), (1, 1)]), set(&[(1, 1), (1, 2)]));
        assert_eq!(left.intersect(&right), set(&[(1, 1)]));
        assert_eq!(left.minus(&right), set(&[(1, 0)]));
        assert_eq!(left.union(&right), set(&[(1, 0), (1, 1), (1, 2)]));
        assert!(left.minus(&left).is_empty());
    }
}
