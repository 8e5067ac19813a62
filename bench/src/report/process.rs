//! What a process uses, from its directory in `/proc`.

use std::fs;
use std::path::PathBuf;

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessUse {
    /// Open descriptors.
    pub(crate) descriptors: u64,
    /// CPU time of all its threads since it started, in milliseconds.
    pub(crate) cpu_ms: u64,
    /// Memory that it has, in KiB.
    pub(crate) resident_kib: u64,
    /// How often its threads went to sleep or were put off, since it started.
    pub(crate) switches: u64,
    /// How long its threads were ready and did not run, since they started, in nanoseconds.
    pub(crate) run_delay_ns: u64,
}

/// Milliseconds of a tick: Linux tells programs 100 ticks a second on every machine.
const TICK_MS: u64 = 10;

impl ProcessUse {
    /// The CPU time of a process alone, in milliseconds: one file, not one for each thread.
    pub(crate) fn cpu_ms(id: u32) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        cpu_ticks(&stat) * TICK_MS
    }

    /// Reads the process; what can not be read is 0.
    pub(crate) fn read(id: u32) -> Self {
        let root = PathBuf::from(format!("/proc/{id}"));
        let text = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
        let descriptors = fs::read_dir(root.join("fd")).map_or(0, |entries| entries.count() as u64);
        let threads = fs::read_dir(root.join("task")).into_iter().flatten().filter_map(Result::ok);
        let (mut switches, mut run_delay_ns) = (0, 0);
        for thread in threads {
            let of = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            let status = of("status");
            switches += number(&status, "voluntary_ctxt_switches:")
                + number(&status, "nonvoluntary_ctxt_switches:");
            run_delay_ns += run_delay(&of("schedstat"));
        }
        Self {
            descriptors,
            cpu_ms: cpu_ticks(&text("stat")) * TICK_MS,
            resident_kib: number(&text("status"), "VmRSS:"),
            switches,
            run_delay_ns,
        }
    }
}

/// The number behind a key at the start of a line; 0 if there is none.
fn number(status: &str, key: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(key));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The second of three numbers: run time, run delay, time slices.
fn run_delay(schedstat: &str) -> u64 {
    schedstat.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Fields 14 and 15, counted behind the name, which may hold spaces and ends with a bracket.
fn cpu_ticks(stat: &str) -> u64 {
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let fields = behind.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_s_own_use_is_read() {
        let own = ProcessUse::read(std::process::id());
        assert!(own.descriptors >= 3 && own.resident_kib > 100, "{own:?}");
        assert_eq!(ProcessUse::read(u32::MAX), ProcessUse::default());
    }

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(cpu_ticks(stat), 300);
        assert_eq!(cpu_ticks(""), 0);
        assert_eq!((run_delay("5 77 3\n"), run_delay("")), (77, 0));
        assert_eq!(number("VmRSS:\t  120 kB\nx: 1", "VmRSS:"), 120);
    }
}
