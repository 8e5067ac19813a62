//! Who is to read which partition: the assignors that the coordinator has itself (KIP-848).
//!
//! Each is a pure function of members, topics and what the members were meant to have before, and
//! gives the same for the same. Cost is linear in partitions and subscriptions, times a logarithm.

mod balance;
mod range;
mod uniform;

use record::{PartitionIndex, TopicId, TopicPartition};

use super::assignment::Assignment;

/// An assignor by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// Everybody gets as many partitions as the others, and keeps what it has.
    Uniform,
    /// Everybody gets a run of each topic's partitions, the same run of topics of the same size.
    Range,
}

impl Assignor {
    /// The assignor that clients call `name`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Uniform, Self::Range].into_iter().find(|assignor| assignor.name() == name)
    }

    /// What clients call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// What each of `members` is to have, in their order. Every partition of a topic that somebody
    /// subscribes to goes to exactly one of those who do.
    pub(crate) fn assign(self, members: &[Subscriber<'_>], topics: &[Extent]) -> Vec<Assignment> {
        match self {
            Self::Uniform => uniform::assign(members, topics),
            Self::Range => range::assign(members, topics),
        }
    }
}

/// A topic and its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) id: TopicId,
    pub(crate) partitions: usize,
}

/// A member as an assignor sees it.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber<'a> {
    /// What members are put in order by: static ones by their instance id, so that they find their
    /// place again, before the others by their member id.
    pub(crate) rank: (bool, &'a str),
    /// Which topics it subscribes to: places in the list of topics, in order, none twice.
    pub(crate) topics: Vec<usize>,
    /// What it was meant to have before.
    pub(crate) previous: &'a Assignment,
}

/// All partitions of all topics in one row, and whose each is.
struct Row<'a> {
    topics: &'a [Extent],
    /// Where each topic begins in `owners`; one more than there are topics.
    starts: Vec<usize>,
    owners: Vec<Option<usize>>,
}

impl<'a> Row<'a> {
    fn new(topics: &'a [Extent]) -> Self {
        let mut starts = vec![0];
        let mut end = 0;
        for topic in topics {
            end += topic.partitions;
            starts.push(end);
        }
        Self { topics, starts, owners: vec![None; end] }
    }

    /// The places of a topic's partitions.
    fn places(&self, topic: usize) -> std::ops::Range<usize> {
        match (self.starts.get(topic), self.starts.get(topic + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        }
    }

    /// The places, in order, of those of a member's previous partitions that still exist, belong
    /// to a topic that it subscribes to and to nobody else yet. `by_id` has all topics by id.
    fn kept(&self, member: &Subscriber<'_>, by_id: &[(TopicId, usize)]) -> Vec<usize> {
        let mut kept = Vec::new();
        for (id, partitions) in member.previous.by_topic() {
            let Ok(found) = by_id.binary_search_by_key(&id, |&(id, _)| id) else { continue };
            let topic = by_id.get(found).map_or(usize::MAX, |&(_, topic)| topic);
            if member.topics.binary_search(&topic).is_err() {
                continue;
            }
            let places = self.places(topic);
            let exist = partitions
                .iter()
                .filter_map(|partition| usize::try_from(partition.partition.0).ok())
                .map(|index| places.start + index)
                .filter(|place| places.contains(place))
                .filter(|&place| self.owners.get(place) == Some(&None));
            kept.extend(exist);
        }
        kept
    }

    fn by_id(&self) -> Vec<(TopicId, usize)> {
        let mut by_id: Vec<_> = (0..).zip(self.topics).map(|(at, topic)| (topic.id, at)).collect();
        by_id.sort_unstable();
        by_id
    }

    fn give(&mut self, place: usize, member: usize) {
        if let Some(owner) = self.owners.get_mut(place) {
            *owner = Some(member);
        }
    }

    fn into_assignments(self, members: usize) -> Vec<Assignment> {
        let mut lists = vec![Vec::new(); members];
        for (at, topic) in self.topics.iter().enumerate() {
            for (index, place) in (0..).zip(self.places(at)) {
                let owner = self.owners.get(place).copied().flatten();
                if let Some(list) = owner.and_then(|owner| lists.get_mut(owner)) {
                    let partition = PartitionIndex(index);
                    list.push(TopicPartition { topic: topic.id, partition });
                }
            }
        }
        lists.into_iter().map(Assignment::from_iter).collect()
    }
}

#[cfg(test)]
mod tests;
