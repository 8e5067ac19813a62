//! How late a sleeping thread is woken by its own timer. It knows nothing of why.

use std::io;
use std::time::Duration;

use super::clock::now_ns;
use super::pin::pin_to;

const SECOND_NS: u64 = 1_000_000_000;

/// Sleeps again and again for `interval` on `core`, for `duration` in all, on the calling thread,
/// which it pins. Tells how many nanoseconds late each sleep ended.
pub fn timers(
    core: usize,
    interval: Duration,
    duration: Duration,
    each: &mut dyn FnMut(u64),
) -> io::Result<()> {
    pin_to(core)?;
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).map_err(io::Error::other);
    let (interval_ns, duration_ns) = (nanos(interval)?, nanos(duration)?);
    let end_ns = now_ns() + duration_ns;
    loop {
        let due_ns = now_ns() + interval_ns;
        if due_ns > end_ns {
            return Ok(());
        }
        sleep_until(due_ns)?;
        each(now_ns().saturating_sub(due_ns));
    }
}

/// Sleeps until a moment of the monotonic clock.
fn sleep_until(due_ns: u64) -> io::Result<()> {
    let time = libc::timespec {
        tv_sec: libc::time_t::try_from(due_ns / SECOND_NS).map_err(io::Error::other)?,
        tv_nsec: libc::c_long::try_from(due_ns % SECOND_NS).map_err(io::Error::other)?,
    };
    loop {
        // SAFETY: `time` is a live timespec; of an absolute sleep nothing remains to be written.
        let result = unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &raw const time,
                std::ptr::null_mut(),
            )
        };
        match result {
            0 => return Ok(()),
            libc::EINTR => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sleep_is_told_and_none_ends_behind_the_end() {
        let mut count = 0;
        let (interval, duration) = (Duration::from_millis(1), Duration::from_millis(10));
        timers(0, interval, duration, &mut |_| count += 1).unwrap();
        assert!((1..=10).contains(&count), "{count}");
        timers(0, Duration::from_secs(1), duration, &mut |_| panic!("too long")).unwrap();
    }
}
