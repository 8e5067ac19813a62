//! `uniform`: everybody gets as many partitions as the others, and keeps what it has.

use super::{Extent, Row, Subscriber, balance};
use crate::group::consumer::assignment::Assignment;

pub(super) fn assign(members: &[Subscriber<'_>], topics: &[Extent]) -> Vec<Assignment> {
    let is_homogeneous = members.windows(2).all(|pair| match pair {
        [left, right] => left.topics == right.topics,
        _ => true,
    });
    if is_homogeneous { assign_alike(members, topics) } else { balance::assign(members, topics) }
}

/// All subscribe to the same topics: each gets the total over the number of members, rounded up
/// for as many as it takes, and first for those who have more than their share already.
fn assign_alike(members: &[Subscriber<'_>], topics: &[Extent]) -> Vec<Assignment> {
    let Some(first) = members.first() else { return Vec::new() };
    let mut row = Row::new(topics);
    let by_id = row.by_id();
    let total: usize = first.topics.iter().map(|&topic| row.places(topic).len()).sum();
    let share = total / members.len();
    let mut longer = total % members.len();
    let mut wants = Vec::with_capacity(members.len());
    let mut shorter = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let kept = row.kept(member, &by_id);
        let is_longer = kept.len() > share && longer > 0;
        longer -= usize::from(is_longer);
        let quota = share + usize::from(is_longer);
        for &place in kept.iter().take(quota) {
            row.give(place, at);
        }
        wants.push((at, quota.saturating_sub(kept.len())));
        if !is_longer {
            shorter.push(at);
        }
    }
    for at in shorter.into_iter().take(longer) {
        if let Some((_, wanted)) = wants.get_mut(at) {
            *wanted += 1;
        }
    }
    deal(&mut row, &first.topics, wants);
    row.into_assignments(members.len())
}

/// Deals what is nobody's, one partition a turn, so that a topic's partitions spread.
fn deal(row: &mut Row<'_>, topics: &[usize], mut wants: Vec<(usize, usize)>) {
    wants.retain(|&(_, wanted)| wanted > 0);
    let places: Vec<_> = topics.iter().flat_map(|&topic| row.places(topic)).collect();
    let mut turn = 0;
    for place in places {
        if row.owners.get(place) != Some(&None) {
            continue;
        }
        if turn >= wants.len() {
            wants.retain(|&(_, wanted)| wanted > 0);
            turn = 0;
        }
        let Some((member, wanted)) = wants.get_mut(turn) else { return };
        row.give(place, *member);
        *wanted -= 1;
        turn += 1;
    }
}
