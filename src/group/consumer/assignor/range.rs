//! `range`: a run of each topic's partitions for each of its subscribers.
//!
//! Subscribers stand in one order for all topics, and the first of them get one partition more
//! where they do not divide evenly. Topics with the same partitions and subscribers are therefore
//! cut alike, which joins rely on: who has partition 3 of one has partition 3 of the other.

use super::{Extent, Row, Subscriber};
use crate::group::consumer::assignment::Assignment;

pub(super) fn assign(members: &[Subscriber<'_>], topics: &[Extent]) -> Vec<Assignment> {
    let mut order: Vec<_> = members.iter().enumerate().collect();
    order.sort_unstable_by_key(|(_, member)| member.rank);
    let mut subscribers = vec![Vec::new(); topics.len()];
    for (at, member) in order {
        for &topic in &member.topics {
            if let Some(list) = subscribers.get_mut(topic) {
                list.push(at);
            }
        }
    }
    let mut row = Row::new(topics);
    for (topic, subscribers) in subscribers.iter().enumerate() {
        let mut places = row.places(topic);
        let share = places.len().checked_div(subscribers.len()).unwrap_or(0);
        let longer = places.len().checked_rem(subscribers.len()).unwrap_or(0);
        for (nth, &member) in subscribers.iter().enumerate() {
            for place in places.by_ref().take(share + usize::from(nth < longer)) {
                row.give(place, member);
            }
        }
    }
    row.into_assignments(members.len())
}
