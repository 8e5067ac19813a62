//! Assignors: everything is assigned once, evenly, and what can stay stays.

use record::TopicId;

use super::{Assignor, Extent, Subscriber};
use crate::group::consumer::assignment::Assignment;

struct Case {
    sizes: Vec<usize>,
    /// Which topics each member reads.
    members: Vec<(&'static str, Vec<usize>)>,
    previous: Vec<Assignment>,
}

impl Case {
    fn new(sizes: &[usize], members: &[(&'static str, &[usize])]) -> Self {
        let members: Vec<_> = members.iter().map(|&(id, topics)| (id, topics.to_vec())).collect();
        let previous = vec![Assignment::default(); members.len()];
        Self { sizes: sizes.to_vec(), members, previous }
    }

    /// Assigns, checks what holds for any assignor, and remembers; how many each member has, and
    /// how many partitions went from one member to another.
    fn check(&mut self, assignor: Assignor) -> (Vec<usize>, usize) {
        let extents: Vec<_> = (1_u8..)
            .zip(&self.sizes)
            .map(|(id, &partitions)| Extent { id: TopicId([id; 16]), partitions })
            .collect();
        let subscribers: Vec<_> = self
            .members
            .iter()
            .zip(&self.previous)
            .map(|((id, topics), previous)| Subscriber {
                rank: (true, *id),
                topics: topics.clone(),
                previous,
            })
            .collect();
        let assigned = assignor.assign(&subscribers, &extents);
        assert_eq!(assignor.assign(&subscribers, &extents), assigned, "it is deterministic");
        let mut all = Vec::new();
        for ((_, topics), assignment) in self.members.iter().zip(&assigned) {
            for (id, partitions) in assignment.by_topic() {
                let topic = usize::from(id.0[0]) - 1;
                assert!(topics.contains(&topic), "nobody gets what it does not read");
                all.extend(partitions);
            }
        }
        let wanted: usize = (0..self.sizes.len())
            .filter(|topic| self.members.iter().any(|(_, topics)| topics.contains(topic)))
            .map(|topic| self.sizes[topic])
            .sum();
        assert_eq!(all.len(), wanted);
        assert_eq!(all.into_iter().collect::<Assignment>().len(), wanted, "none is given twice");
        let had_before: usize = self.previous.iter().map(Assignment::len).sum();
        let kept: usize =
            assigned.iter().zip(&self.previous).map(|(new, old)| new.intersect(old).len()).sum();
        let counts = assigned.iter().map(Assignment::len).collect();
        self.previous = assigned;
        if assignor == Assignor::Uniform {
            self.check_even();
        }
        (counts, had_before - kept)
    }

    /// Nobody has two partitions more than another who could take one of them.
    fn check_even(&self) {
        for (giver, has) in self.previous.iter().enumerate() {
            for (id, _) in has.by_topic() {
                let topic = usize::from(id.0[0]) - 1;
                for (taker, (_, topics)) in self.members.iter().enumerate() {
                    let takes = &self.previous[taker];
                    let is_even = has.len() <= takes.len() + 1;
                    assert!(is_even || !topics.contains(&topic), "{giver} to {taker}: {topic}");
                }
            }
        }
    }
}

#[test]
fn uniform_gives_everybody_the_same_number() {
    let mut case = Case::new(&[5, 5], &[("a", &[0, 1]), ("b", &[0, 1]), ("c", &[0, 1])]);
    assert_eq!(case.check(Assignor::Uniform), (vec![4, 3, 3], 0));
    assert_eq!(case.check(Assignor::Uniform), (vec![4, 3, 3], 0), "and stays as it is");
}

#[test]
fn uniform_moves_no_more_than_it_must() {
    let mut case = Case::new(&[12], &[("a", &[0]), ("b", &[0])]);
    assert_eq!(case.check(Assignor::Uniform), (vec![6, 6], 0));
    case.members.push(("c", vec![0]));
    case.previous.push(Assignment::default());
    assert_eq!(case.check(Assignor::Uniform), (vec![4, 4, 4], 4));
    case.sizes = vec![13];
    assert_eq!(case.check(Assignor::Uniform), (vec![5, 4, 4], 0));
    case.members.remove(0);
    case.previous.remove(0);
    assert_eq!(case.check(Assignor::Uniform), (vec![7, 6], 0));
    case.sizes = vec![3];
    let (counts, _) = case.check(Assignor::Uniform);
    assert_eq!(counts.iter().sum::<usize>(), 3);
}

#[test]
fn uniform_spreads_each_topic() {
    let mut case = Case::new(&[2, 2], &[("a", &[0, 1]), ("b", &[0, 1])]);
    case.check(Assignor::Uniform);
    assert!(case.previous.iter().all(|assignment| assignment.by_topic().count() == 2));
}

#[test]
fn uniform_is_even_where_subscriptions_differ() {
    let mut case = Case::new(&[6, 6, 6], &[("a", &[0]), ("b", &[0, 1]), ("c", &[1, 2])]);
    assert_eq!(case.check(Assignor::Uniform).1, 0);
    case.members.push(("d", vec![0, 1, 2]));
    case.previous.push(Assignment::default());
    let (counts, moved) = case.check(Assignor::Uniform);
    assert_eq!(moved, counts[3], "only what the new member gets has moved");
    assert_eq!(case.check(Assignor::Uniform), (counts, 0), "and then nothing");
    case.members[3].1 = vec![2];
    case.check(Assignor::Uniform);
    case.sizes = vec![9, 1, 30];
    case.check(Assignor::Uniform);
    case.members.truncate(3);
    case.previous.truncate(3);
    case.check(Assignor::Uniform);
}

#[test]
fn uniform_gives_a_topic_only_to_those_who_read_it() {
    let mut case = Case::new(&[10, 1], &[("a", &[0]), ("b", &[1]), ("c", &[])]);
    assert_eq!(case.check(Assignor::Uniform).0, [10, 1, 0]);
}

#[test]
fn range_cuts_topics_alike() {
    let mut case = Case::new(&[5, 5], &[("b", &[0, 1]), ("a", &[0, 1])]);
    assert_eq!(case.check(Assignor::Range).0, [4, 6]);
    let indexes = |assignment: &Assignment| -> Vec<Vec<i32>> {
        let topics = assignment.by_topic();
        topics.map(|(_, run)| run.iter().map(|it| it.partition.0).collect()).collect()
    };
    assert_eq!(indexes(&case.previous[1]), [[0, 1, 2], [0, 1, 2]]);
    assert_eq!(indexes(&case.previous[0]), [[3, 4], [3, 4]]);
}

#[test]
fn range_with_more_members_than_partitions_leaves_the_last_without() {
    let mut case = Case::new(&[2], &[("a", &[0]), ("b", &[0]), ("c", &[0]), ("d", &[])]);
    assert_eq!(case.check(Assignor::Range).0, [1, 1, 0, 0]);
}

#[test]
fn nobody_and_nothing_are_assigned() {
    for assignor in [Assignor::Uniform, Assignor::Range] {
        assert_eq!(Case::new(&[3], &[]).check(assignor).0, Vec::<usize>::new());
        assert_eq!(Case::new(&[], &[("a", &[]), ("b", &[])]).check(assignor).0, [0, 0]);
        assert_eq!(Case::new(&[0], &[("a", &[0])]).check(assignor).0, [0]);
    }
}

#[test]
fn large_groups_are_assigned_evenly() {
    for is_mixed in [false, true] {
        let topics: Vec<usize> = (0..100).collect();
        let members: Vec<(&'static str, &[usize])> = (0..300)
            .map(|at| ("m", if is_mixed && at % 3 == 0 { &topics[..50] } else { &topics[..] }))
            .collect();
        let mut case = Case::new(&[100; 100], &members);
        let (counts, _) = case.check(Assignor::Uniform);
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(most - least <= 1, "{least}..{most}");
    }
}
