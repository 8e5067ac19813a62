//! The machine of a report: what `tuning` knows of it, the disk below a directory, and what other
//! tenants took of it while it was measured.

use std::fs;
use std::path::Path;

use tuning::Machine;

use super::counters::{CpuTicks, cpu_ticks};

/// Facts with their names, and the counters that are looked at twice.
pub(crate) struct Environment {
    facts: Vec<(&'static str, String)>,
    started: Option<CpuTicks>,
}

impl Environment {
    /// Reads the machine; the disk is the one that holds `directory`.
    pub(crate) fn read(directory: &Path) -> Self {
        let mut facts = Machine::read(Path::new("/")).facts();
        facts.push(("mitigations", mitigations()));
        facts.push(("disk", disk(directory)));
        Self { facts, started: cpu_ticks() }
    }

    /// Adds what was taken since `read`.
    pub(crate) fn end(&mut self) {
        let stolen = self.started.zip(cpu_ticks()).map(|(from, to)| {
            let all = to.all.saturating_sub(from.all).max(1) as f64;
            to.stolen.saturating_sub(from.stolen) as f64 / all * 100.0
        });
        let stolen =
            stolen.map_or("not known".to_owned(), |share| format!("{share:.2} % of the run"));
        self.facts.push(("steal", stolen));
        self.facts.push(("load average at the end", line("/proc/loadavg")));
    }

    /// All facts.
    pub(crate) fn facts(&self) -> &[(&'static str, String)] {
        &self.facts
    }
}

/// What of the kernel's settings bears on latency and is often changed.
const SYSCTLS: [&str; 12] = [
    "kernel/numa_balancing",
    "kernel/sched_rt_runtime_us",
    "kernel/timer_migration",
    "net/core/busy_poll",
    "net/core/rmem_max",
    "net/core/somaxconn",
    "net/core/wmem_max",
    "net/ipv4/tcp_congestion_control",
    "vm/dirty_background_ratio",
    "vm/dirty_ratio",
    "vm/stat_interval",
    "vm/swappiness",
];

/// Kernel settings with their names; those that this kernel lacks are left out.
pub(crate) fn sysctls() -> Vec<(String, String)> {
    let values = SYSCTLS.iter().filter_map(|name| {
        let value = fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?;
        Some((format!("sysctl {}", name.replace('/', ".")), value.trim().to_owned()))
    });
    values.collect()
}

fn line(file: impl AsRef<Path>) -> String {
    fs::read_to_string(file).map_or("not known".to_owned(), |text| text.trim().to_owned())
}

/// The first line: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user.
pub(super) fn parse_ticks(text: &str) -> Option<CpuTicks> {
    let numbers = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let numbers: Vec<u64> = numbers.map_while(|number| number.parse().ok()).take(8).collect();
    Some(CpuTicks { stolen: *numbers.get(7)?, all: numbers.iter().sum() })
}

/// The vulnerabilities that cost something, with what is done against them.
fn mitigations() -> String {
    let Ok(directory) = fs::read_dir("/sys/devices/system/cpu/vulnerabilities") else {
        return "not known".to_owned();
    };
    let mut active: Vec<String> = directory
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let what = line(entry.path());
            let name = entry.file_name().to_string_lossy().into_owned();
            let first = what.split([';', ',']).next().unwrap_or_default().to_owned();
            (what != "Not affected").then(|| format!("{name}: {first}"))
        })
        .collect();
    active.sort_unstable();
    if active.is_empty() { "none needed".to_owned() } else { active.join("; ") }
}

/// The device below a directory: file system, name, cache, scheduler, block sizes.
fn disk(directory: &Path) -> String {
    let Ok(directory) = fs::canonicalize(directory) else { return "not known".to_owned() };
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let Some((number, system, source)) = mount_of(&mounts, &directory) else {
        return "not known".to_owned();
    };
    let device = Path::new("/sys/dev/block").join(&number);
    // A partition has its queue in the disk above it.
    let queue = [device.join("queue"), device.join("../queue")]
        .into_iter()
        .find(|queue| fs::metadata(queue).is_ok());
    let of =
        |name: &str| queue.as_ref().map_or("not known".to_owned(), |queue| line(queue.join(name)));
    format!(
        "{source} ({system}), write cache {}, scheduler {}, blocks {}/{}",
        of("write_cache"),
        of("scheduler"),
        of("logical_block_size"),
        of("physical_block_size"),
    )
}

/// The device number, file system and source of the mount that holds a path.
pub(super) fn mount_of(mounts: &str, path: &Path) -> Option<(String, String, String)> {
    let mounts = mounts.lines().filter_map(|line| {
        let (mount, rest) = line.split_once(" - ")?;
        let fields: Vec<&str> = mount.split(' ').collect();
        let (number, point) = (*fields.get(2)?, *fields.get(4)?);
        let mut rest = rest.split(' ');
        let (system, source) = (rest.next()?, rest.next()?);
        path.starts_with(point).then_some((point, number, system, source))
    });
    let (_, number, system, source) = mounts.max_by_key(|(point, ..)| point.len())?;
    Some((number.to_owned(), system.to_owned(), source.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_holds_a_path() {
        let mounts = "22 1 254:0 / / rw - ext4 /dev/vda rw\n\
                      30 22 0:25 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw\n";
        let of = |path: &str| mount_of(mounts, Path::new(path)).unwrap().2;
        assert_eq!(of("/var/lib"), "/dev/vda");
        assert_eq!(of("/tmp/x"), "tmpfs");
        assert_eq!(of("/tmpx"), "/dev/vda");
        assert_eq!(mount_of("", Path::new("/")), None);
    }

    #[test]
    fn stolen_time_is_the_eighth_number() {
        let text = "cpu  10 0 20 100 5 0 1 64 3 0\ncpu0 1 2 3\n";
        assert_eq!(parse_ticks(text), Some(CpuTicks { stolen: 64, all: 200 }));
        assert_eq!(parse_ticks("cpu  10 0 20"), None);
        assert_eq!(parse_ticks(""), None);
    }
}
