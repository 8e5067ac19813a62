//! Which commits are valid, and where the journal ends.
//!
//! A start's commits beyond the end that a later start recorded are dead for ever. Of the last
//! start, the suffix behind a missing or damaged commit is dropped, but only if no later header
//! names that commit durable: then it was acknowledged, and its loss is damage.

use std::collections::BTreeMap;

use super::scan::FoundCommit;
use crate::identity::{CommitSequence, Generation};
use crate::journal::files::FileNumber;
use crate::superblock::Superblock;

/// The valid commits, and what is wrong with them.
pub(crate) struct Chosen {
    /// By number, without gaps from the floor on unless there is damage.
    pub(crate) commits: BTreeMap<CommitSequence, (FileNumber, FoundCommit)>,
    /// The last valid commit.
    pub(crate) last: CommitSequence,
    /// The last commit that is recorded as durable: by a later start, or by a later commit.
    pub(crate) durable: CommitSequence,
    /// A commit that was durable is missing: nobody knows what it held.
    pub(crate) missing: Option<CommitSequence>,
}

pub(crate) fn choose(
    found: Vec<(FileNumber, FoundCommit)>,
    superblock: &Superblock,
    floor: CommitSequence,
) -> Chosen {
    let mut commits = BTreeMap::new();
    for (file, commit) in found {
        let (generation, sequence) = (commit.header.generation, commit.header.sequence);
        // The same commit may be found twice, in its file and in the mirror: one may be torn.
        let known: Option<&(FileNumber, FoundCommit)> = commits.get(&sequence);
        let is_better = known.is_none_or(|(_, known)| commit.damaged.len() < known.damaged.len());
        if sequence >= floor && is_better && is_of_its_start(superblock, generation, sequence) {
            commits.insert(sequence, (file, commit));
        }
    }
    let recorded = superblock.recorded_end();
    let named = commits.values().map(|(_, commit)| commit.header.durable_through).max();
    let before_floor = CommitSequence(floor.0.saturating_sub(1));
    let durable = recorded.max(named).unwrap_or_default().max(before_floor);
    let mut last = before_floor;
    let mut missing = None;
    loop {
        let next = last.next();
        let found = commits.get(&next);
        let intact = found.is_some_and(|(_, commit)| commit.damaged.is_empty());
        if next <= durable {
            // A damaged payload hits only the logs of its entries; a missing header hits all.
            if found.is_none() {
                missing.get_or_insert(next);
            }
        } else if !intact {
            break;
        }
        last = next;
    }
    drop(commits.split_off(&last.next()));
    Chosen { commits, last, durable, missing }
}

/// Whether a start could have written this commit: behind the end of the starts before it, and
/// not behind its own.
pub(crate) fn is_of_its_start(
    superblock: &Superblock,
    generation: Generation,
    sequence: CommitSequence,
) -> bool {
    let earlier = superblock.ends.iter().filter(|end| end.generation < generation.0);
    let begins_behind = earlier.map(|end| end.last).max().unwrap_or(0);
    if sequence.0 <= begins_behind {
        return false;
    }
    generation.0 == superblock.generation
        || superblock.end_of(generation).is_some_and(|end| sequence <= end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::JournalId;
    use crate::journal::commit::CommitHeader;

    const JOURNAL: JournalId = JournalId([5; 16]);

    fn commit(generation: u64, sequence: u64, durable: u64) -> (FileNumber, FoundCommit) {
        let header = CommitHeader {
            journal: JOURNAL,
            generation: Generation(generation),
            sequence: CommitSequence(sequence),
            durable_through: CommitSequence(durable),
            entries: Vec::new(),
        };
        let (damaged, kept) = (Vec::new(), BTreeMap::new());
        (FileNumber(0), FoundCommit { offset: 0, len: 4096, header, damaged, kept })
    }

    fn first_start() -> Superblock {
        Superblock::new(JOURNAL, Generation(1), 1 << 20)
    }

    fn chosen(
        found: Vec<(FileNumber, FoundCommit)>,
        superblock: &Superblock,
        floor: u64,
    ) -> (Vec<u64>, u64, Option<u64>) {
        let chosen = choose(found, superblock, CommitSequence(floor));
        let numbers = chosen.commits.keys().map(|sequence| sequence.0).collect();
        (numbers, chosen.last.0, chosen.missing.map(|sequence| sequence.0))
    }

    #[test]
    fn a_torn_last_commit_is_dropped_with_what_follows_it() {
        let mut found = vec![commit(1, 1, 0), commit(1, 2, 1), commit(1, 4, 1)];
        assert_eq!(chosen(found, &first_start(), 1), (vec![1, 2], 2, None));
        found = vec![commit(1, 1, 0), commit(1, 2, 1), commit(1, 3, 2)];
        found[2].1.damaged.push(0);
        assert_eq!(chosen(found, &first_start(), 1), (vec![1, 2], 2, None));
    }

    #[test]
    fn of_two_copies_of_a_commit_the_whole_one_counts() {
        for torn_first in [true, false] {
            let mut found = vec![commit(1, 1, 0), commit(1, 2, 1), commit(1, 2, 1)];
            found[if torn_first { 1 } else { 2 }].1.damaged.push(0);
            found[2].0 = FileNumber(9);
            let chosen = choose(found, &first_start(), CommitSequence(1));
            assert_eq!(chosen.last, CommitSequence(2));
            let file = chosen.commits[&CommitSequence(2)].0;
            assert_eq!(file, FileNumber(if torn_first { 9 } else { 0 }));
        }
    }

    #[test]
    fn a_commit_that_a_later_one_names_durable_is_not_dropped() {
        let found = vec![commit(1, 1, 0), commit(1, 3, 2)];
        assert_eq!(chosen(found, &first_start(), 1), (vec![1, 3], 3, Some(2)));
        let mut found = vec![commit(1, 1, 0), commit(1, 2, 1), commit(1, 3, 2)];
        found[1].1.damaged.push(0);
        assert_eq!(chosen(found, &first_start(), 1), (vec![1, 2, 3], 3, None));
    }

    #[test]
    fn what_lies_beyond_a_recorded_end_is_dead() {
        let mut superblock = first_start();
        assert!(superblock.begin(Generation(2), CommitSequence(2), CommitSequence(1)));
        // The first start's torn commit 3 came to light late; the second start wrote its own.
        let found = vec![commit(1, 1, 0), commit(1, 2, 1), commit(1, 3, 2), commit(2, 3, 2)];
        let chosen = choose(found, &superblock, CommitSequence(1));
        assert_eq!(chosen.last, CommitSequence(3));
        assert_eq!(chosen.commits[&CommitSequence(3)].1.header.generation, Generation(2));
    }

    #[test]
    fn a_commit_before_a_recorded_end_must_be_there() {
        let mut superblock = first_start();
        assert!(superblock.begin(Generation(2), CommitSequence(2), CommitSequence(1)));
        assert_eq!(chosen(vec![commit(1, 1, 0)], &superblock, 1), (vec![1], 2, Some(2)));
        assert_eq!(chosen(vec![], &superblock, 3), (vec![], 2, None));
    }

    #[test]
    fn the_last_commit_of_an_orderly_stop_must_be_there() {
        let mut superblock = first_start();
        superblock.stopped_at = Some(2);
        let found = vec![commit(1, 1, 0), commit(1, 2, 1)];
        assert_eq!(chosen(found, &superblock, 1), (vec![1, 2], 2, None));
        assert_eq!(chosen(vec![commit(1, 1, 0)], &superblock, 1), (vec![1], 2, Some(2)));
    }

    #[test]
    fn an_empty_journal_ends_before_its_first_commit() {
        assert_eq!(chosen(vec![], &first_start(), 1), (vec![], 0, None));
    }
}
