//! How far a command is, once a second on standard error, if a person looks at it.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use runtime::{Instant, Runtime};

/// How often it is told.
const INTERVAL: Duration = Duration::from_secs(1);

/// Records, bytes and their rate.
pub(super) struct Progress {
    runtime: Runtime,
    begun: Instant,
    told: Instant,
    shown: bool,
}

impl Progress {
    pub(super) fn new(runtime: &Runtime) -> Self {
        let begun = runtime.now();
        let shown = std::io::stderr().is_terminal();
        Self { runtime: runtime.clone(), begun, told: begun, shown }
    }

    /// Tells it if it is time to. `count` gives records and bytes.
    pub(super) fn tick(&mut self, count: impl FnOnce() -> (u64, u64)) {
        let now = self.runtime.now();
        if self.shown && self.told.until(now) >= INTERVAL {
            self.told = now;
            self.tell(count(), '\r');
        }
    }

    /// Tells it for the last time.
    pub(super) fn end(&self, count: (u64, u64)) {
        if self.shown {
            self.tell(count, '\n');
        }
    }

    fn tell(&self, (records, bytes): (u64, u64), end: char) {
        let text = line(records, bytes, self.begun.until(self.runtime.now()));
        let mut stderr = std::io::stderr();
        // Whoever closed standard error does not want to know.
        drop(write!(stderr, "\r{text:<70}{end}").and_then(|()| stderr.flush()));
    }
}

fn line(records: u64, bytes: u64, time: Duration) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = u128::from(records) * 1000 / u128::from(millis);
    let mib = |bytes: u128| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
    let byte_rate = u128::from(bytes) * 1000 / u128::from(millis);
    format!("{records} records, {}; {rate} records/s, {}/s", mib(bytes.into()), mib(byte_rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_over_all_of_the_time() {
        assert_eq!(
            line(1000, 3 << 20, Duration::from_secs(2)),
            "1000 records, 3.0 MiB; 500 records/s, 1.5 MiB/s"
        );
        assert_eq!(line(0, 0, Duration::ZERO), "0 records, 0.0 MiB; 0 records/s, 0.0 MiB/s");
    }
}
