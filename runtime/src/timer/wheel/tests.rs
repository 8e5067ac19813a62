//! The wheel against a sorted map, and its edges one by one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{RESOLUTION_US, TimerId, TimerWheel};

fn advance(wheel: &mut TimerWheel, now_us: u64) -> Vec<u32> {
    let mut fired = Vec::new();
    wheel.advance(now_us, &mut fired);
    fired
}

/// What the wheel should do, in the plainest way: timers by the tick they are due at and the
/// order they were set in.
#[derive(Default)]
struct Model {
    tick: u64,
    timers: BTreeMap<(u64, u32), TimerId>,
}

impl Model {
    fn insert(&mut self, deadline_us: u64, key: u32, id: TimerId) {
        let tick = deadline_us.div_ceil(RESOLUTION_US).max(self.tick);
        self.timers.insert((tick, key), id);
    }

    fn advance(&mut self, now_us: u64) -> Vec<u32> {
        self.tick = self.tick.max(now_us / RESOLUTION_US);
        let later = self.timers.split_off(&(self.tick + 1, 0));
        let due = std::mem::replace(&mut self.timers, later);
        due.into_keys().map(|(_, key)| key).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert { ahead_us: u64 },
    Cancel { which: prop::sample::Index },
    CancelAgain { which: prop::sample::Index },
    Advance { by_us: u64 },
    FollowNextDeadline,
}

/// Spans of every length: each level of the wheel is as likely.
fn any_span() -> impl Strategy<Value = u64> {
    (0_u32..50, any::<u64>()).prop_map(|(bits, noise)| noise & ((1 << bits) - 1))
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_span().prop_map(|ahead_us| Step::Insert { ahead_us }),
        1 => any::<prop::sample::Index>().prop_map(|which| Step::Cancel { which }),
        1 => any::<prop::sample::Index>().prop_map(|which| Step::CancelAgain { which }),
        2 => any_span().prop_map(|by_us| Step::Advance { by_us }),
        2 => Just(Step::FollowNextDeadline),
    ]
}

proptest! {
    #[test]
    fn the_wheel_is_a_sorted_map_of_deadlines(
        start_us in any_span(),
        steps in prop::collection::vec(any_step(), 1..120),
    ) {
        let (mut wheel, mut model) = (TimerWheel::new(), Model::default());
        let mut now_us = start_us;
        prop_assert_eq!(advance(&mut wheel, now_us), model.advance(now_us));
        let mut ended = Vec::new();
        for (key, step) in (0..).zip(steps) {
            match step {
                Step::Insert { ahead_us } => {
                    let deadline_us = now_us + ahead_us;
                    model.insert(deadline_us, key, wheel.insert(deadline_us, key));
                }
                Step::Cancel { which } if !model.timers.is_empty() => {
                    let at = which.index(model.timers.len());
                    let (&place, &id) = model.timers.iter().nth(at).expect("within its length");
                    model.timers.remove(&place);
                    prop_assert_eq!(wheel.cancel(id), Some(place.1));
                    ended.push(id);
                }
                Step::CancelAgain { which } if !ended.is_empty() => {
                    prop_assert_eq!(wheel.cancel(*which.get(&ended)), None);
                }
                Step::Cancel { .. } | Step::CancelAgain { .. } => {}
                Step::Advance { by_us } => {
                    now_us += by_us;
                    let waiting = model.timers.clone();
                    prop_assert_eq!(advance(&mut wheel, now_us), model.advance(now_us));
                    let still = &model.timers;
                    let fired = waiting.into_iter().filter(|(at, _)| !still.contains_key(at));
                    ended.extend(fired.map(|(_, id)| id));
                }
                Step::FollowNextDeadline => {
                    follow_next_deadline(&mut wheel, &mut model, &mut now_us)?;
                }
            }
            prop_assert_eq!(wheel.len(), model.timers.len());
            prop_assert_eq!(wheel.is_empty(), model.timers.is_empty());
        }
    }
}

/// Advances to each `next_deadline` until timers fire: that is the moment the first is due, no
/// sooner and no later, and it takes at most a step a level.
fn follow_next_deadline(
    wheel: &mut TimerWheel,
    model: &mut Model,
    now_us: &mut u64,
) -> Result<(), TestCaseError> {
    let Some(&(first_tick, _)) = model.timers.keys().next() else {
        prop_assert_eq!(wheel.next_deadline(), None);
        return Ok(());
    };
    for _ in 0..super::LEVELS {
        let next_us = wheel.next_deadline().expect("a timer waits");
        prop_assert!(next_us <= first_tick * RESOLUTION_US);
        *now_us = (*now_us).max(next_us);
        let fired = advance(wheel, *now_us);
        prop_assert_eq!(&fired, &model.advance(*now_us));
        if !fired.is_empty() {
            return Ok(());
        }
    }
    prop_assert!(false, "followed a deadline for more than a step a level");
    Ok(())
}

#[test]
fn a_timer_fires_no_sooner_than_its_deadline_and_at_most_a_tick_later() {
    for deadline_us in [1, 63, 64, 65, 100, 4_095, 4_096, 4_097, 262_145, 16_777_217, 1 << 40] {
        let mut wheel = TimerWheel::new();
        wheel.insert(deadline_us, 7);
        assert_eq!(advance(&mut wheel, deadline_us - 1), [], "{deadline_us} early");
        let due_us = deadline_us.next_multiple_of(RESOLUTION_US);
        assert_eq!(advance(&mut wheel, due_us - 1), [], "{deadline_us} before its tick");
        assert_eq!(advance(&mut wheel, due_us), [7], "{deadline_us} due");
        assert!(wheel.is_empty());
    }
}

#[test]
fn a_deadline_that_has_passed_fires_at_the_next_advance() {
    let mut wheel = TimerWheel::new();
    advance(&mut wheel, 1_000);
    wheel.insert(0, 1);
    wheel.insert(960, 2);
    assert_eq!(wheel.next_deadline(), Some(960));
    assert_eq!(advance(&mut wheel, 1_000), [1, 2]);
}

#[test]
fn time_does_not_go_back() {
    let mut wheel = TimerWheel::new();
    wheel.insert(10_000, 1);
    assert_eq!(advance(&mut wheel, 6_400), []);
    wheel.insert(6_000, 2);
    assert_eq!(advance(&mut wheel, 0), [2]);
    assert_eq!(advance(&mut wheel, 9_999), []);
    assert_eq!(advance(&mut wheel, 10_048), [1]);
}

#[test]
fn timers_of_one_tick_fire_in_the_order_they_were_set() {
    let mut wheel = TimerWheel::new();
    for key in 0..3 {
        wheel.insert(300_000, key);
    }
    advance(&mut wheel, 299_000);
    wheel.insert(299_990, 3);
    assert_eq!(advance(&mut wheel, 400_000), [0, 1, 2, 3]);
}

#[test]
fn an_id_is_never_taken_for_another_timers() {
    let mut wheel = TimerWheel::new();
    let first = wheel.insert(100, 1);
    assert_eq!(wheel.cancel(first), Some(1));
    let second = wheel.insert(100, 2);
    assert_eq!((first.index, wheel.cancel(first)), (second.index, None));
    assert_eq!(advance(&mut wheel, 128), [2]);
    assert_eq!(wheel.cancel(second), None);
    assert_eq!(wheel.cancel(TimerId { index: 9, generation: 0 }), None);
}

#[test]
fn an_entry_whose_ids_are_used_up_is_left_alone() {
    let mut wheel = TimerWheel::new();
    let first = wheel.insert(100, 1);
    wheel.entries[0].generation = u32::MAX;
    let last = TimerId { generation: u32::MAX, ..first };
    assert_eq!(wheel.cancel(last), Some(1));
    assert_eq!(wheel.insert(100, 2), TimerId { index: 1, generation: 0 });
    assert_eq!((wheel.cancel(first), wheel.cancel(last), wheel.len()), (None, None, 1));
}

#[test]
fn memory_is_that_of_the_most_timers_at_once() {
    let mut wheel = TimerWheel::new();
    for round in 0..10_000 {
        let ids = [0, 1, 2].map(|key| wheel.insert(round * 100 + 5_000_000, key));
        assert!(ids.into_iter().all(|id| wheel.cancel(id).is_some()));
        wheel.insert(round * 100, 3);
        assert_eq!(advance(&mut wheel, round * 100 + 64), [3]);
    }
    assert_eq!(wheel.entries.len(), 3);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn the_end_of_time_is_no_deadline() {
    let mut wheel = TimerWheel::new();
    let never = wheel.insert(u64::MAX, 1);
    let last_us = u64::MAX - RESOLUTION_US + 1;
    wheel.insert(last_us, 2);
    assert_eq!(advance(&mut wheel, last_us - 1), []);
    assert_eq!(wheel.next_deadline(), Some(last_us));
    assert_eq!(advance(&mut wheel, u64::MAX), [2]);
    assert_eq!(wheel.next_deadline(), None);
    assert_eq!(wheel.cancel(never), Some(1));
}
