//! A member's next step towards its target (KIP-848, "Reconciliation").
//!
//! A member first gives up what it is not meant to have, and stays in its epoch until it says that
//! it did. Then it enters the target's epoch with what it kept and what is free; what others still
//! have it gets later. So no partition is with two members, in any epoch.

use record::TopicPartition;

use super::assignment::Assignment;
use super::member::{Current, MemberState};

/// Where a member is to go.
pub(crate) struct Step<'a> {
    /// Where it is.
    pub(crate) current: &'a Current,
    /// What it is meant to get.
    pub(crate) target: &'a Assignment,
    /// The epoch of that.
    pub(crate) target_epoch: i32,
    /// What it says it has; `None` if it says nothing.
    pub(crate) owned: Option<&'a [TopicPartition]>,
    /// Whether its subscription just changed, so that it may hold what it does not want.
    pub(crate) is_resubscribed: bool,
}

impl Step<'_> {
    /// Where the member is after the step; `None` if it stays. `is_free` tells whether nobody else
    /// has a partition.
    pub(crate) fn next(&self, is_free: impl Fn(TopicPartition) -> bool) -> Option<Current> {
        let current = self.current;
        match current.state {
            MemberState::Stable if current.epoch == self.target_epoch => None,
            MemberState::UnrevokedPartitions if self.still_owns(&current.revoking) => {
                if self.is_resubscribed { self.revoke_more() } else { None }
            }
            _ => Some(self.advance(is_free)).filter(|next| !is_same_place(next, current)),
        }
    }

    /// A member that says nothing may own anything.
    fn still_owns(&self, revoking: &Assignment) -> bool {
        self.owned.is_none_or(|owned| owned.iter().any(|&partition| revoking.contains(partition)))
    }

    /// Still busy with the last revocation, the member gives up what it no longer wants.
    fn revoke_more(&self) -> Option<Current> {
        let assigned = self.current.assigned.intersect(self.target);
        if assigned.len() == self.current.assigned.len() {
            return None;
        }
        let more = self.current.assigned.minus(&assigned);
        let revoking = self.current.revoking.union(&more);
        let Current { epoch, state, .. } = *self.current;
        Some(Current { epoch, previous_epoch: epoch, state, assigned, revoking })
    }

    fn advance(&self, is_free: impl Fn(TopicPartition) -> bool) -> Current {
        let kept = self.current.assigned.intersect(self.target);
        let revoking = self.current.assigned.minus(&kept);
        if !revoking.is_empty() && self.still_owns(&revoking) {
            return Current {
                epoch: self.current.epoch,
                previous_epoch: self.current.epoch,
                state: MemberState::UnrevokedPartitions,
                assigned: kept,
                revoking,
            };
        }
        let missing = self.target.minus(&kept);
        let free = missing.keep(is_free);
        let state = if free.len() == missing.len() {
            MemberState::Stable
        } else {
            MemberState::UnreleasedPartitions
        };
        Current {
            epoch: self.target_epoch,
            previous_epoch: self.current.epoch,
            state,
            assigned: kept.union(&free),
            revoking: Assignment::default(),
        }
    }
}

/// Whether nothing moved: the previous epoch then stays good for a member that heard nothing.
fn is_same_place(next: &Current, current: &Current) -> bool {
    next.epoch == current.epoch
        && next.state == current.state
        && next.assigned == current.assigned
        && next.revoking == current.revoking
}

#[cfg(test)]
mod tests {
    use record::{PartitionIndex, TopicId};

    use super::*;

    fn set(partitions: &[i32]) -> Assignment {
        partitions.iter().map(|&index| partition(index)).collect()
    }

    fn partition(index: i32) -> TopicPartition {
        TopicPartition { topic: TopicId([1; 16]), partition: PartitionIndex(index) }
    }

    fn stable(epoch: i32, assigned: &[i32]) -> Current {
        Current { epoch, assigned: set(assigned), ..Current::default() }
    }

    fn step(current: &Current, target: &[i32], owned: Option<&[i32]>, taken: &[i32]) -> Current {
        let owned: Option<Vec<_>> = owned.map(|all| all.iter().map(|&i| partition(i)).collect());
        let step = Step {
            current,
            target: &set(target),
            target_epoch: 9,
            owned: owned.as_deref(),
            is_resubscribed: false,
        };
        let taken = set(taken);
        step.next(|partition| !taken.contains(partition)).unwrap_or_else(|| current.clone())
    }

    #[test]
    fn a_member_at_its_target_stays() {
        assert_eq!(step(&stable(9, &[1]), &[1], Some(&[1]), &[]), stable(9, &[1]));
    }

    #[test]
    fn a_member_keeps_its_epoch_until_it_gave_up_what_it_must() {
        let revoking = step(&stable(5, &[1, 2]), &[2, 3], Some(&[1, 2]), &[]);
        assert_eq!((revoking.epoch, revoking.state), (5, MemberState::UnrevokedPartitions));
        assert_eq!((&revoking.assigned, &revoking.revoking), (&set(&[2]), &set(&[1])));
        for owned in [None, Some([1, 2].as_slice()), Some(&[1])] {
            assert_eq!(step(&revoking, &[2, 3], owned, &[]), revoking, "{owned:?}");
        }
        let done = step(&revoking, &[2, 3], Some(&[2]), &[]);
        assert_eq!((done.epoch, done.previous_epoch, done.state), (9, 5, MemberState::Stable));
        assert_eq!(done.assigned, set(&[2, 3]));
        assert!(done.revoking.is_empty());
    }

    #[test]
    fn a_member_waits_for_partitions_that_others_have() {
        let waiting = step(&stable(5, &[1]), &[1, 2, 3], None, &[2]);
        assert_eq!((waiting.epoch, waiting.state), (9, MemberState::UnreleasedPartitions));
        assert_eq!(waiting.assigned, set(&[1, 3]));
        assert_eq!(step(&waiting, &[1, 2, 3], None, &[2]), waiting);
        let whole = step(&waiting, &[1, 2, 3], None, &[]);
        assert_eq!((whole.state, whole.assigned), (MemberState::Stable, set(&[1, 2, 3])));
    }

    #[test]
    fn a_member_that_says_it_owns_nothing_gives_up_at_once() {
        let next = step(&stable(5, &[1]), &[2], Some(&[]), &[]);
        assert_eq!((next.epoch, next.state, next.assigned), (9, MemberState::Stable, set(&[2])));
    }

    #[test]
    fn a_resubscribed_member_gives_up_more_while_still_revoking() {
        let current = step(&stable(5, &[1, 2]), &[2], Some(&[1, 2]), &[]);
        let owned = [partition(1), partition(2)];
        let step = Step {
            current: &current,
            target: &set(&[]),
            target_epoch: 10,
            owned: Some(&owned),
            is_resubscribed: true,
        };
        let next = step.next(|_| true).unwrap();
        assert_eq!((next.epoch, &next.revoking), (5, &set(&[1, 2])));
        assert!(next.assigned.is_empty());
    }
}
