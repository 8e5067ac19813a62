//! Scripts as they are run: on a tree of files, applied, checked and undone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::*;
use crate::{Given, Profile, Snapshot, all, examine};

/// Files of a machine on which most of what a file can set is wrong.
const WRONG: &[(&str, &str)] = &[
    ("proc/cpuinfo", "flags : fpu\n"),
    ("proc/meminfo", "SwapTotal: 1024 kB\n"),
    ("proc/self/mountinfo", "20 1 254:1 / / rw - ext4 /dev/vda1 rw\n"),
    ("proc/sys/kernel/io_uring_disabled", "2\n"),
    ("proc/sys/kernel/nmi_watchdog", "1\n"),
    ("proc/sys/kernel/sched_rt_runtime_us", "-1\n"),
    ("proc/sys/kernel/timer_migration", "1\n"),
    ("proc/sys/net/core/busy_poll", "50\n"),
    ("proc/sys/net/core/busy_read", "0\n"),
    ("proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t65536\n"),
    ("proc/sys/vm/swappiness", "60\n"),
    ("sys/block/vda/dev", "254:0\n"),
    ("sys/block/vda/queue/nomerges", "0\n"),
    ("sys/block/vda/queue/scheduler", "none [mq-deadline] kyber\n"),
    ("sys/block/vda/queue/wbt_lat_usec", "75000\n"),
    ("sys/block/vda/vda1/dev", "254:1\n"),
    ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
    ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/online", "0-1\n"),
    ("sys/devices/virtual/workqueue/cpumask", "3\n"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"),
    ("sys/module/pcie_aspm/parameters/policy", "[default] performance powersave\n"),
    // Without a line's end, and empty: both are to come back as they were.
    ("proc/sys/vm/stat_interval", "1"),
    ("run/other", ""),
];

/// What of it the script sets.
const SET: [&str; 15] = [
    "busy_poll",
    "cpu_governor",
    "disk_nomerges",
    "disk_scheduler",
    "disk_writeback_throttling",
    "huge_pages",
    "io_uring",
    "nmi_watchdog",
    "pcie_power",
    "rt_throttling",
    "stat_interval",
    "swap",
    "tcp_receive_buffer",
    "timer_migration",
    "workqueue_cpumask",
];

fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    for (file, text) in WRONG {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("made");
        fs::write(path, text).expect("written");
    }
    root
}

fn look(root: &Path) -> Vec<Finding> {
    let given = Given {
        data: Some("/var/lib/tidemill".to_owned()),
        cores: Some("1".to_owned()),
        ..Given::default()
    };
    examine(&Snapshot::capture(root, given), Profile::Latency)
}

/// The checks that fail and could be mended by writing files.
fn mendable(findings: &[Finding]) -> Vec<&'static str> {
    let mendable = findings.iter().filter(|finding| !finding.settings.is_empty());
    let mut ids: Vec<_> = mendable.map(|finding| finding.check.id).collect();
    ids.sort_unstable();
    ids
}

/// Every file and directory below a root, with its bytes.
fn contents(root: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("readable") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("it is below").display().to_string();
            if path.is_dir() {
                found.insert(name, None);
                directories.push(path);
            } else {
                found.insert(name, Some(fs::read(&path).expect("readable")));
            }
        }
    }
    found
}

fn run(script: &str, root: &Path, argument: &str) -> Output {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), script).expect("written");
    let mut shell = Command::new("sh");
    shell.arg(file.path()).arg(argument).env("TIDEMILL_ROOT", root);
    shell.output().expect("there is a shell")
}

#[test]
fn what_was_applied_passes_and_what_was_undone_is_as_it_was() {
    let root = tree();
    let before = contents(root.path());
    let findings = look(root.path());
    assert_eq!(mendable(&findings), SET);
    let script = script(&findings);
    let applied = run(&script, root.path(), "apply");
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let after = look(root.path());
    assert_eq!(mendable(&after), [""; 0]);
    for id in SET {
        let finding = after.iter().find(|finding| finding.check.id == id).expect("it is asked");
        assert_eq!(finding.verdict, Verdict::Pass, "{id}: {}", finding.current);
    }
    // A script that was written after all was set has nothing to set, and still knows what was.
    let undone = run(&super::script(&after), root.path(), "undo");
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    assert_eq!(contents(root.path()), before);
}

#[test]
fn applying_twice_is_refused_and_changes_nothing() {
    let root = tree();
    let script = script(&look(root.path()));
    assert!(run(&script, root.path(), "apply").status.success());
    let applied = contents(root.path());
    let again = run(&script, root.path(), "apply");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("undo first"));
    assert_eq!(contents(root.path()), applied);
    assert!(run(&script, root.path(), "undo").status.success());
    assert_eq!(run(&script, root.path(), "undo").status.code(), Some(1), "nothing is left");
}

#[test]
fn a_script_without_an_argument_does_nothing() {
    let root = tree();
    let before = contents(root.path());
    let script = script(&look(root.path()));
    for argument in ["", "--help", "aply"] {
        assert_eq!(run(&script, root.path(), argument).status.code(), Some(2));
    }
    assert_eq!(contents(root.path()), before);
}

#[test]
fn a_file_that_has_gone_is_told_and_the_others_can_be_undone() {
    let root = tree();
    let before = contents(root.path());
    let script = script(&look(root.path()));
    fs::remove_file(root.path().join("proc/sys/vm/swappiness")).expect("it was there");
    let applied = run(&script, root.path(), "apply");
    assert_eq!(applied.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&applied.stderr).contains("swappiness is not there"));
    assert!(run(&script, root.path(), "undo").status.success());
    fs::write(root.path().join("proc/sys/vm/swappiness"), "60\n").expect("written");
    assert_eq!(contents(root.path()), before);
}

#[test]
fn no_stranger_gets_words_into_a_script() {
    let check = all().next().expect("there are checks");
    let finding = |path: &str, value: &str| Finding {
        check,
        verdict: Verdict::Fail,
        current: "'; rm -rf /; '".to_owned(),
        settings: vec![Setting { path: path.to_owned(), value: value.to_owned() }],
    };
    for (path, value) in [
        ("proc/sys/vm/x'; touch bad; '", "1"),
        ("proc/sys/../../etc/passwd", "1"),
        ("etc/passwd", "1"),
        ("/proc/sys/vm/x", "1"),
        ("proc/sys/vm/$(touch bad)", "1"),
        ("proc/sys/vm/x\n", "1"),
        ("proc/sys/vm/x", "1'; touch bad; '"),
        ("proc/sys/vm/x", "1\n:"),
        ("proc/sys/vm/x", ""),
    ] {
        let script = script(&[finding(path, value)]);
        assert!(!script.contains(path) || path == "proc/sys/vm/x", "{path}");
        assert!(!script.contains("\"$1\" '"), "{path} {value}");
        assert!(!script.contains("rm -rf"), "what was found is not said in a script");
    }
    let script = script(&[finding("proc/sys/vm/x", "4096\t1 2")]);
    assert!(script.contains("    \"$1\" 'proc/sys/vm/x' '4096\t1 2'\n"));
}
