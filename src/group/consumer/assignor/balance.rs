//! `uniform` where subscriptions differ: keep, deal, then even out.
//!
//! What is nobody's goes to the subscriber with the fewest partitions, topics with the fewest
//! subscribers first, as those leave the least choice. Then each topic in turn moves partitions
//! from whoever has most to whoever has least, while they differ by more than one; a partition
//! moves at most once in a topic's turn. Passes over all topics end when nothing moves, and are
//! bounded, so the result is even as far as those reach.

use std::collections::{BTreeMap, BTreeSet};

use super::{Extent, Row, Subscriber};
use crate::group::consumer::assignment::Assignment;
use crate::group::consumer::limits::BALANCE_PASSES_MAX;

pub(super) fn assign(members: &[Subscriber<'_>], topics: &[Extent]) -> Vec<Assignment> {
    let mut balance = Balance {
        row: Row::new(topics),
        loads: vec![0; members.len()],
        subscribers: vec![Vec::new(); topics.len()],
    };
    let by_id = balance.row.by_id();
    for (at, member) in members.iter().enumerate() {
        for &topic in &member.topics {
            if let Some(list) = balance.subscribers.get_mut(topic) {
                list.push(at);
            }
        }
        for place in balance.row.kept(member, &by_id) {
            balance.give(place, at);
        }
    }
    let mut order: Vec<_> = (0..topics.len()).collect();
    order.sort_by_key(|&topic| balance.subscribers.get(topic).map_or(0, Vec::len));
    for &topic in &order {
        balance.deal(topic);
    }
    for _ in 0..BALANCE_PASSES_MAX {
        let moved: usize = order.iter().map(|&topic| balance.even_out(topic)).sum();
        if moved == 0 {
            break;
        }
    }
    balance.row.into_assignments(members.len())
}

struct Balance<'a> {
    row: Row<'a>,
    /// How many partitions each member has.
    loads: Vec<usize>,
    /// Who subscribes to each topic.
    subscribers: Vec<Vec<usize>>,
}

impl Balance<'_> {
    fn load(&self, member: usize) -> usize {
        self.loads.get(member).copied().unwrap_or(0)
    }

    /// Gives a partition that is nobody's.
    fn give(&mut self, place: usize, member: usize) {
        self.row.give(place, member);
        if let Some(load) = self.loads.get_mut(member) {
            *load += 1;
        }
    }

    /// A topic's subscribers with their loads, least first.
    fn by_load(&self, topic: usize) -> BTreeSet<(usize, usize)> {
        let subscribers = self.subscribers.get(topic).into_iter().flatten();
        subscribers.map(|&member| (self.load(member), member)).collect()
    }

    fn deal(&mut self, topic: usize) {
        let mut by_load = self.by_load(topic);
        for place in self.row.places(topic) {
            if self.row.owners.get(place) != Some(&None) {
                continue;
            }
            let Some((load, member)) = by_load.pop_first() else { return };
            self.give(place, member);
            by_load.insert((load + 1, member));
        }
    }

    /// Moves partitions of one topic; how many.
    fn even_out(&mut self, topic: usize) -> usize {
        let mut by_load = self.by_load(topic);
        let mut held = BTreeMap::<usize, Vec<usize>>::new();
        for place in self.row.places(topic) {
            if let Some(owner) = self.row.owners.get(place).copied().flatten() {
                held.entry(owner).or_default().push(place);
            }
        }
        let mut givers: BTreeSet<_> =
            held.keys().map(|&member| (self.load(member), member)).collect();
        let mut moved = 0;
        while let (Some(&most), Some(&least)) = (givers.last(), by_load.first()) {
            if most.0 <= least.0 + 1 {
                break;
            }
            let (giver, taker) = (most.1, least.1);
            givers.remove(&most);
            let Some(place) = held.get_mut(&giver).and_then(Vec::pop) else { continue };
            self.row.give(place, taker);
            self.shift(giver, taker);
            by_load.remove(&most);
            by_load.remove(&least);
            by_load.insert((most.0 - 1, giver));
            by_load.insert((least.0 + 1, taker));
            if held.get(&giver).is_some_and(|places| !places.is_empty()) {
                givers.insert((most.0 - 1, giver));
            }
            if givers.remove(&least) {
                givers.insert((least.0 + 1, taker));
            }
            moved += 1;
        }
        moved
    }

    fn shift(&mut self, giver: usize, taker: usize) {
        if let Some(load) = self.loads.get_mut(giver) {
            *load -= 1;
        }
        if let Some(load) = self.loads.get_mut(taker) {
            *load += 1;
        }
    }
}
