//! What the machine has counted since it started: the disk's work, stolen time, stalls.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of a sector in `/proc/diskstats`, whatever the device's own are.
const SECTOR_BYTES: u64 = 512;

/// The counters of one disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskCounters {
    /// Flushes that the device has completed.
    pub(crate) flushes: u64,
    /// Bytes written to it.
    pub(crate) write_bytes: u64,
}

/// The time of all CPUs, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuTicks {
    /// Taken by other machines.
    pub(crate) stolen: u64,
    pub(crate) all: u64,
}

/// The whole disk below a directory, as `/proc/diskstats` names it: flushes are counted there, not
/// for its partitions.
pub(crate) fn disk_name(directory: &Path) -> Option<String> {
    let directory = fs::canonicalize(directory).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let (number, ..) = super::environment::mount_of(&mounts, &directory)?;
    let device = fs::canonicalize(Path::new("/sys/dev/block").join(number)).ok()?;
    let is_partition = device.join("partition").exists();
    let disk: PathBuf = if is_partition { device.parent()?.to_owned() } else { device };
    Some(disk.file_name()?.to_string_lossy().into_owned())
}

/// The counters of a disk, by its name.
pub(crate) fn disk_counters(name: &str) -> Option<DiskCounters> {
    parse_disk(&fs::read_to_string("/proc/diskstats").ok()?, name)
}

/// Major, minor, name, then 10 counters of reads and writes, 3 of queues, 4 of discards and, since
/// Linux 5.5, 2 of flushes.
fn parse_disk(text: &str, name: &str) -> Option<DiskCounters> {
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.get(2) == Some(&name))?;
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(DiskCounters { flushes: number(18)?, write_bytes: number(9)? * SECTOR_BYTES })
}

/// The time of all CPUs since the machine started.
pub(crate) fn cpu_ticks() -> Option<CpuTicks> {
    super::environment::parse_ticks(&fs::read_to_string("/proc/stat").ok()?)
}

/// Microseconds since the machine started in which some task waited for the disk.
pub(crate) fn io_stall_micros() -> Option<u64> {
    parse_stall(&fs::read_to_string("/proc/pressure/io").ok()?)
}

fn parse_stall(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split("total=").nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_found_by_its_name() {
        let text = " 254 0 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n \
                    254 1 vda1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        let expected = DiskCounters { flushes: 16, write_bytes: 7 * 512 };
        assert_eq!(parse_disk(text, "vda"), Some(expected));
        assert_eq!(parse_disk(text, "vda1"), None);
        assert_eq!(parse_disk(text, "sda"), None);
    }

    #[test]
    fn stalls_are_read() {
        let text = "some avg10=0.00 avg60=0.00 avg300=0.01 total=1234\nfull avg10=0 total=9\n";
        assert_eq!(parse_stall(text), Some(1234));
        assert_eq!(parse_stall(""), None);
    }
}
