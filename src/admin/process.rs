//! The process as the kernel sees it, from `/proc/self`.

use std::fs;

use crate::metrics::Process;

/// The kernel counts CPU time for `/proc` in hundredths of a second, on every architecture.
const TICK_MS: u64 = 10;

/// Reads it; `None` where there is no `/proc`. `started_ms` is told by the caller, as the kernel
/// counts from the boot.
pub(super) fn read(started_ms: i64) -> Option<Process> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // One of them is the directory's own.
    let open_files = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    Some(Process {
        resident_bytes: field(&status, "VmRSS:")?.saturating_mul(1024),
        cpu_ms: cpu_ticks(&stat)?.saturating_mul(TICK_MS),
        open_files: u64::try_from(open_files).ok()?,
        threads: field(&status, "Threads:")?,
        start_ms: u64::try_from(started_ms).unwrap_or(0),
    })
}

/// The number behind a name in `/proc/self/status`.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `utime` and `stime`, the 14th and 15th of `/proc/self/stat`. The second is the process's name in
/// parentheses, which may hold spaces and parentheses itself.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(ticks()? + ticks()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_can_be_read() {
        let process = read(5).unwrap();
        assert!(process.resident_bytes > 1 << 20 && process.threads > 0 && process.open_files > 2);
        assert_eq!(process.start_ms, 5);
    }

    #[test]
    fn a_strange_name_does_not_shift_the_fields() {
        let stat = "1 (a) b (c)) R 2 3 4 5 6 7 8 9 10 11 120 30 14";
        assert_eq!(cpu_ticks(stat), Some(150));
        assert_eq!(cpu_ticks("1 (a) R 2"), None);
        assert_eq!(field("Name:\tx\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12));
        assert_eq!(field("Name:\tx\n", "VmRSS:"), None);
    }
}
