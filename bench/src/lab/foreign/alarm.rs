//! Wakes a task at a moment, to the microsecond: the runtime's own timers know milliseconds only.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const SECOND_NS: u64 = 1_000_000_000;

/// A timer of the kernel.
pub(super) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// One that is not set. Within a runtime only.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe; an `OwnedFd` is what that asks for"
        )]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// Resolves after so many nanoseconds. Dropping it loses nothing: the next call sets it anew.
    pub(super) async fn after(&self, nanos: u64) -> io::Result<()> {
        let wait = nanos.max(1);
        let value = Timespec {
            tv_sec: i64::try_from(wait / SECOND_NS).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(wait % SECOND_NS).unwrap_or(0),
        };
        let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: interval, it_value: value };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut ready = self.0.readable().await?;
            let mut expirations = [0; 8];
            match rustix::io::read(self.0.get_ref(), &mut expirations) {
                Ok(_) => return Ok(()),
                // An earlier setting's wake; this one is still to come.
                Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::Instant;

    #[test]
    fn it_is_never_early_and_can_be_set_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let alarm = Alarm::new().unwrap();
            // Given up before it rings.
            let given_up = alarm.after(60 * SECOND_NS);
            assert!(futures_util::FutureExt::now_or_never(given_up).is_none());
            for nanos in [0, 50_000, 2_000_000] {
                let start = Instant::now();
                alarm.after(nanos).await.unwrap();
                assert!(Instant::now().nanos_since(start) >= nanos);
            }
        });
    }
}
