//! Machines made up of files: a whole one, an empty one, broken ones.

use std::fs;
use std::path::Path;

use super::{IoUring, Machine, Memory};

/// A machine of these files, each named from its root.
fn machine(files: &[(&str, &str)]) -> Machine {
    let root = tempfile::tempdir().expect("a temporary directory");
    for (file, text) in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("made");
        fs::write(path, text).expect("written");
    }
    Machine::read(root.path())
}

const WHOLE: [(&str, &str); 14] = [
    ("proc/sys/kernel/osrelease", "6.18.44-fc\n"),
    (
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu hypervisor tsc\n\n\
         processor\t: 1\nmodel name\t: Other\nflags\t\t: fpu\n",
    ),
    (
        "proc/meminfo",
        "MemTotal:       24684084 kB\nMemFree:        23306316 kB\n\
         MemAvailable:   24139756 kB\nSwapCached:            0 kB\nSwapTotal:       1048576 kB\n",
    ),
    ("proc/sys/vm/swappiness", "60\n"),
    ("proc/sys/kernel/io_uring_disabled", "0\n"),
    ("proc/sys/kernel/io_uring_group", "-1\n"),
    ("sys/devices/system/cpu/online", "0-2,5\n"),
    ("sys/devices/system/cpu/isolated", "1-2\n"),
    ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
    ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/cpu7/cpufreq/scaling_governor", "ondemand\n"),
    ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
];

/// The whole machine with one file's text changed.
fn changed(file: &str, text: &str) -> Machine {
    let files = WHOLE.map(|entry| if entry.0 == file { (file, text) } else { entry });
    assert_ne!(files, WHOLE, "{file} is one of the files, and has another text");
    machine(&files)
}

#[test]
fn every_fact_is_read() {
    let machine = machine(&WHOLE);
    let kernel = machine.kernel.as_ref().expect("a release");
    assert_eq!((kernel.major, kernel.minor, kernel.patch), (6, 18, 44));
    assert_eq!(machine.cpu_model.as_deref(), Some("AMD EPYC"));
    assert_eq!(machine.virtualized, Some(true));
    assert_eq!(machine.cpus_online.as_ref().expect("a list").len(), 4);
    assert_eq!(machine.cpus_isolated.as_ref().expect("a list").to_string(), "1-2");
    let governors: Vec<_> =
        machine.governors.iter().map(|(cpu, governor)| (*cpu, governor.as_str())).collect();
    assert_eq!(governors, [(0, "powersave"), (1, "performance"), (2, "performance")]);
    assert_eq!(machine.clocksource.as_deref(), Some("tsc"));
    let memory = Memory {
        total_bytes: 24_684_084 * 1024,
        available_bytes: 24_139_756 * 1024,
        swap_bytes: 1 << 30,
        limit_bytes: None,
    };
    assert_eq!(machine.memory, Some(memory));
    assert_eq!(machine.transparent_huge_pages.as_deref(), Some("madvise"));
    assert_eq!(machine.swappiness, Some(60));
    assert_eq!(machine.io_uring, Some(IoUring::Enabled));
}

#[test]
fn a_machine_without_files_has_no_facts() {
    let machine = machine(&[]);
    assert_eq!(machine, Machine::default());
    assert!(machine.facts().iter().all(|(_, fact)| fact == "not known"));
}

#[test]
fn what_is_not_understood_is_not_known() {
    assert_eq!(changed("proc/sys/kernel/osrelease", "plan9").kernel, None);
    assert_eq!(changed("proc/sys/vm/swappiness", "-1").swappiness, None);
    assert_eq!(changed("proc/sys/kernel/io_uring_disabled", "3").io_uring, None);
    assert_eq!(changed("sys/devices/system/cpu/online", "all").cpus_online, None);
    assert_eq!(changed("sys/devices/system/cpu/online", "all").governors, []);
    assert_eq!(changed("proc/meminfo", "MemTotal: 5 kB\n").memory, None);
    assert_eq!(changed("proc/cpuinfo", "").virtualized, None);
    let huge = "MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\nSwapTotal: 0 kB\n";
    assert_eq!(changed("proc/meminfo", huge).memory, None);
    let pages = changed("sys/kernel/mm/transparent_hugepage/enabled", "always never");
    assert_eq!(pages.transparent_huge_pages, None);
}

#[test]
fn who_may_use_io_uring_is_read_with_its_group() {
    let disabled = "proc/sys/kernel/io_uring_disabled";
    assert_eq!(changed(disabled, "2\n").io_uring, Some(IoUring::Disabled));
    let restricted = Some(IoUring::Restricted { group: None });
    assert_eq!(changed(disabled, "1\n").io_uring, restricted);
    let group = "proc/sys/kernel/io_uring_group";
    let machine = machine(&[(disabled, "1\n"), (group, "107\n")]);
    assert_eq!(machine.io_uring, Some(IoUring::Restricted { group: Some(107) }));
}

#[test]
fn the_lowest_limit_of_the_control_groups_counts() {
    let group = ("proc/self/cgroup", "1:name=x:/other\n0::/work/broker\n");
    let limits = [
        WHOLE[2],
        group,
        ("sys/fs/cgroup/work/broker/memory.max", "max\n"),
        ("sys/fs/cgroup/work/memory.max", "1073741824\n"),
        ("sys/fs/cgroup/memory.max", "2147483648\n"),
    ];
    let memory = machine(&limits).memory.expect("it is known");
    assert_eq!((memory.limit_bytes, memory.usable_bytes()), (Some(1 << 30), 1 << 30));
    let memory = machine(&limits[..3]).memory.expect("it is known");
    assert_eq!((memory.limit_bytes, memory.usable_bytes()), (None, memory.total_bytes));
}

#[test]
fn facts_are_named_for_a_report() {
    let facts = machine(&WHOLE).facts();
    for wanted in [
        ("kernel", "6.18.44-fc"),
        ("virtualized", "yes"),
        ("cpus online", "0-2,5"),
        ("cpu governor", "performance (1-2), powersave (0)"),
        ("memory total", "24105 MiB"),
        ("swap", "1024 MiB"),
        ("io_uring", "enabled"),
    ] {
        assert!(facts.iter().any(|(name, fact)| (*name, fact.as_str()) == wanted), "{wanted:?}");
    }
}

#[test]
fn this_machine_can_be_read() {
    let machine = Machine::read(Path::new("/"));
    assert!(machine.kernel.is_some(), "every Linux has a release");
    assert!(machine.memory.is_some_and(|memory| memory.available_bytes <= memory.total_bytes));
    assert!(machine.cpus_online.is_some_and(|cpus| !cpus.is_empty()));
}
