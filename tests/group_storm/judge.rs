//! Whether what the members did was right.

use std::collections::{BTreeMap, BTreeSet};

use super::journal::{Epoch, Event};

/// What there was, for whoever wants to know whether the storm was one.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) records: usize,
    pub(crate) processed_again: usize,
    pub(crate) members: usize,
    pub(crate) changes: usize,
    pub(crate) restarts: usize,
    pub(crate) epochs: usize,
    pub(crate) fenced: usize,
    pub(crate) commits: usize,
    pub(crate) longest_calm_ms: u128,
}

/// A commit of one partition: from when until when, in which epoch, by whom, of which offset.
type Commit<'a> = (u64, u64, Epoch, &'a str, i64);

/// Everything that members did, and the ends of the logs; what is wrong with it.
pub(crate) fn judge(
    events: &[(String, Vec<Event>)],
    ends: &[i64],
    tally: &mut Tally,
) -> Vec<String> {
    let mut faults = lost(events, ends, tally);
    faults.extend(two_owners(events, tally));
    faults.extend(late_commits(events, tally));
    let all = events.iter().flat_map(|(_, events)| events);
    tally.fenced = all.filter(|event| matches!(event, Event::Fenced { .. })).count();
    faults
}

/// Each record was processed by somebody.
fn lost(events: &[(String, Vec<Event>)], ends: &[i64], tally: &mut Tally) -> Vec<String> {
    let mut processed: Vec<Vec<u32>> =
        ends.iter().map(|&end| vec![0; usize::try_from(end).expect("an offset")]).collect();
    let index = |offset: i64| usize::try_from(offset).expect("an offset");
    for event in events.iter().flat_map(|(_, events)| events) {
        let Event::Read { partition, first, last, .. } = event else { continue };
        let log = &mut processed[usize::try_from(*partition).expect("a partition")];
        for count in &mut log[index(*first)..=index(*last)] {
            *count += 1;
        }
    }
    let mut faults = Vec::new();
    for (partition, counts) in processed.iter().enumerate() {
        tally.records += counts.len();
        tally.processed_again += counts.iter().filter(|&&count| count > 1).count();
        let lost = counts.iter().filter(|&&count| count == 0).count();
        if let Some(first) = counts.iter().position(|&count| count == 0) {
            faults.push(format!("partition {partition}: {lost} records lost from {first} on"));
        }
    }
    faults
}

/// In one epoch, a partition has one owner.
fn two_owners(events: &[(String, Vec<Event>)], tally: &mut Tally) -> Vec<String> {
    let mut owners: BTreeMap<(Epoch, i32), BTreeSet<&str>> = BTreeMap::new();
    for (member, events) in events {
        for event in events {
            if let Event::Read { epoch, partition, .. } = event {
                owners.entry((*epoch, *partition)).or_default().insert(member);
            }
        }
    }
    let epochs: BTreeSet<Epoch> = owners.keys().map(|(epoch, _)| *epoch).collect();
    tally.epochs = epochs.len();
    let several = owners.iter().filter(|(_, owners)| owners.len() > 1);
    several
        .map(|((epoch, partition), owners)| {
            format!("partition {partition} in epoch {epoch} was processed by {owners:?}")
        })
        .collect()
}

/// Once a later owner has committed, an earlier one can not: it is fenced. And no offset is less
/// than one that was committed before.
fn late_commits(events: &[(String, Vec<Event>)], tally: &mut Tally) -> Vec<String> {
    let mut commits: BTreeMap<i32, Vec<Commit<'_>>> = BTreeMap::new();
    for (member, events) in events {
        for event in events {
            if let &Event::Committed { from, until, epoch, partition, offset } = event {
                let commit = (from, until, epoch, member.as_str(), offset);
                commits.entry(partition).or_default().push(commit);
            }
        }
    }
    let mut faults = Vec::new();
    for (partition, commits) in &mut commits {
        tally.commits += commits.len();
        let mut by_end: Vec<_> = commits.clone();
        by_end.sort_by_key(|&(_, until, ..)| until);
        commits.sort_by_key(|&(from, ..)| from);
        let (mut newest, mut furthest) = (Epoch::MIN, 0);
        let mut ended = by_end.into_iter().peekable();
        for &(from, _, epoch, member, offset) in commits.iter() {
            while let Some(ended) = ended.next_if(|&(_, until, ..)| until < from) {
                (newest, furthest) = (newest.max(ended.2), furthest.max(ended.4));
            }
            if epoch < newest {
                faults.push(format!(
                    "partition {partition}: {member} committed in epoch {epoch} after {newest}"
                ));
            }
            if offset < furthest {
                faults.push(format!(
                    "partition {partition}: {member} committed {offset} after {furthest}"
                ));
            }
        }
    }
    faults
}

/// The judge finds what is wrong, which no run of the storm should ever show.
pub(crate) fn check() {
    let read = |epoch, partition, first, last| Event::Read { at: 0, epoch, partition, first, last };
    let committed_at = |from, epoch, offset| {
        let until = from + 5;
        Event::Committed { from, until, epoch, partition: 0, offset }
    };
    let committed = |from, epoch| committed_at(from, epoch, 1);
    let judged = |a: &[Event], b: &[Event]| {
        let events = [("a".to_owned(), a.to_vec()), ("b".to_owned(), b.to_vec())];
        judge(&events, &[3, 1], &mut Tally::default()).len()
    };
    let all = [read(1, 0, 0, 2), read(1, 1, 0, 0)];
    assert_eq!(judged(&all, &[]), 0);
    assert_eq!(judged(&all, &[read(2, 0, 1, 2)]), 0, "again, in a later epoch");
    assert_eq!(judged(&all, &[read(1, 0, 1, 1)]), 1, "two owners");
    assert_eq!(judged(&all[..1], &[]), 1, "one is lost");
    assert_eq!(judged(&[read(1, 0, 0, 0), read(1, 0, 2, 2)], &[]), 2, "lost in both");
    let with = |event| [all[0].clone(), all[1].clone(), event];
    assert_eq!(judged(&with(committed(10, 1)), &[committed(20, 2)]), 0);
    assert_eq!(judged(&with(committed(18, 1)), &[committed(15, 2)]), 0, "at the same time");
    assert_eq!(judged(&with(committed(30, 1)), &[committed(20, 2)]), 1, "too late");
    assert_eq!(judged(&with(committed_at(20, 1, 3)), &[committed_at(30, 2, 2)]), 1, "back");
    assert_eq!(judged(&with(committed_at(20, 1, 3)), &[committed_at(22, 2, 2)]), 0, "or not");
}
