//! The timer wheel of a shard with ten thousand timers: session timeouts, delayed fetches, lingers.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use runtime::Instant;
use runtime::timer::{RESOLUTION_US, TimerId, TimerWheel};

use crate::sequence::Sequence;

/// Timers that wait all the while.
const WAITING: u32 = 10_000;
/// Timers set, cancelled or fired in one round.
const ROUND: u32 = 1_000;
/// The furthest deadline: a session timeout.
const HORIZON_US: u64 = 45_000_000;
/// How often a shard's loop looks at its timers when it is busy.
const TURN_US: u64 = 200;

/// A wheel with [`WAITING`] timers, none of them due for as long as a measurement may last.
fn waiting(sequence: &mut Sequence) -> TimerWheel {
    let mut wheel = TimerWheel::new();
    for key in 0..WAITING {
        wheel.insert((1 << 50) + sequence.below(HORIZON_US), key);
    }
    wheel
}

/// The time that `rounds` of `timed` take, `prepare` before and `restore` after each not counted.
fn rounds<S>(
    rounds: u64,
    state: &mut S,
    prepare: impl Fn(&mut S),
    timed: impl Fn(&mut S),
    restore: impl Fn(&mut S),
) -> Duration {
    let mut nanos = 0;
    for _ in 0..rounds {
        prepare(state);
        let started = Instant::now();
        timed(state);
        nanos += Instant::now().nanos_since(started);
        restore(state);
    }
    Duration::from_nanos(nanos)
}

struct State {
    wheel: TimerWheel,
    deadlines: Vec<u64>,
    set: Vec<TimerId>,
    fired: Vec<u32>,
    now_us: u64,
}

impl State {
    fn new() -> Self {
        let mut sequence = Sequence::new(5);
        let wheel = waiting(&mut sequence);
        let deadlines = (0..ROUND).map(|_| sequence.below(HORIZON_US)).collect();
        Self { wheel, deadlines, set: Vec::new(), fired: Vec::new(), now_us: 0 }
    }

    fn set(&mut self) {
        for (key, deadline) in (0..).zip(&self.deadlines) {
            self.set.push(self.wheel.insert(black_box(self.now_us + deadline), key));
        }
    }

    fn cancel(&mut self) {
        for id in self.set.drain(..) {
            assert!(self.wheel.cancel(black_box(id)).is_some(), "it has not fired");
        }
    }

    /// Moves on past the last deadline, a turn at a time.
    fn expire(&mut self) {
        let end = self.now_us + HORIZON_US + RESOLUTION_US;
        while self.now_us < end {
            // A loop sleeps until the next deadline, so that an empty turn is not made.
            let next = self.wheel.next_deadline().map_or(end, |next| next.min(end));
            self.now_us = next.max(self.now_us + TURN_US);
            self.wheel.advance(self.now_us, &mut self.fired);
        }
    }

    fn count_fired(&mut self) {
        assert_eq!(self.fired.len(), self.set.len(), "all that were set have fired");
        self.fired.clear();
        self.set.clear();
    }
}

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("timer");
    group.throughput(Throughput::Elements(u64::from(ROUND)));
    group.bench_function("insert", |bencher| {
        let mut state = State::new();
        bencher.iter_custom(|n| rounds(n, &mut state, |_| (), State::set, State::cancel));
    });
    group.bench_function("cancel", |bencher| {
        let mut state = State::new();
        bencher.iter_custom(|n| rounds(n, &mut state, State::set, State::cancel, |_| ()));
    });
    group.bench_function("expire", |bencher| {
        let mut state = State::new();
        let (prepare, check) = (State::set, State::count_fired);
        bencher.iter_custom(|n| rounds(n, &mut state, prepare, State::expire, check));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("turn with nothing due", |bencher| {
        let mut state = State::new();
        bencher.iter(|| {
            state.now_us += 1;
            state.wheel.advance(black_box(state.now_us), &mut state.fired);
            state.wheel.next_deadline()
        });
    });
    group.finish();
}
