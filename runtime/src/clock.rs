//! Time, read once a turn: a monotonic clock for deadlines and latencies, a wall clock for
//! timestamps in records. Nothing outside of this crate reads a clock of its own.

use std::cell::Cell;

/// A moment on the monotonic clock, in nanoseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// Reads the clock now. Code on a shard uses its runtime's cached clock instead.
    pub fn now() -> Self {
        Self(read(libc::CLOCK_MONOTONIC))
    }

    /// Nanoseconds from `earlier` to this moment, zero if it is later.
    pub fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole microseconds since the clock's start, rounded down.
    pub fn micros(self) -> u64 {
        self.0 / 1000
    }

    /// Nanoseconds since the clock's start.
    pub fn nanos(self) -> u64 {
        self.0
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// How long from this moment until `later`; zero if that has passed.
    pub fn until(self, later: Self) -> std::time::Duration {
        std::time::Duration::from_nanos(later.nanos_since(self))
    }
}

/// Milliseconds since the Unix epoch, read now.
pub fn wall_millis() -> i64 {
    i64::try_from(read(libc::CLOCK_REALTIME) / 1_000_000).expect("the year is below 292 million")
}

/// The clock of one shard: refreshed by its loop, read by everything that runs in a turn.
pub(crate) struct Clock {
    monotonic: Cell<Instant>,
    wall_millis: Cell<i64>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let clock = Self { monotonic: Cell::default(), wall_millis: Cell::default() };
        clock.refresh();
        clock
    }

    pub(crate) fn refresh(&self) -> Instant {
        let now = Instant::now();
        self.monotonic.set(now);
        self.wall_millis.set(wall_millis());
        now
    }

    pub(crate) fn now(&self) -> Instant {
        self.monotonic.get()
    }

    pub(crate) fn wall_millis(&self) -> i64 {
        self.wall_millis.get()
    }
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec to be written, and both clocks exist on every Linux.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "the kernel's clocks can be read");
    let seconds = u64::try_from(time.tv_sec).expect("clocks are past their epoch");
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).expect("nanoseconds are not negative")
}
