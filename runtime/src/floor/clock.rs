//! Monotonic time for the floor, in nanoseconds.
//!
//! The floor runs outside the shard's driver, so it reads the clock itself: through the vDSO, about
//! 25 ns a read. Nothing here knows the time of day.

/// Nanoseconds of `CLOCK_MONOTONIC`, a clock that never goes back.
pub(super) fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a live timespec that the call fills in.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    assert!(result == 0, "CLOCK_MONOTONIC exists on every Linux");
    let seconds = u64::try_from(time.tv_sec).expect("monotonic time is not negative");
    let nanos = u64::try_from(time.tv_nsec).expect("nanoseconds are not negative");
    seconds * 1_000_000_000 + nanos
}
