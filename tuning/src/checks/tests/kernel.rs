//! Kernels, limits and daemons of made-up machines.

use super::{Row, Table};
use crate::Verdict::{CannotSee, Fail, NotApplicable, Pass};

pub(super) fn table() -> Table {
    Table {
        base: &[
            ("proc/self/cgroup", "0::/a/b"),
            ("proc/cmdline", "quiet"),
            ("proc/version", "Linux version 6.12.0"),
            ("sys/devices/system/cpu/online", "0-3"),
            ("proc/#/comm", "kthreadd\nsystemd"),
        ],
        short: &[("K/", "proc/sys/kernel/"), ("G/", "sys/fs/cgroup/"), ("P/", "proc/pressure/")],
        rows: ROWS,
    }
}

const CONTAINER: (&str, &str) = ("proc/#/comm", "tini");
const TUNED: (&str, &str) = ("proc/#/comm", "kthreadd\ntuned");
const TUNED_PROFILE: &str = "etc/tuned/active_profile";

const ROWS: &[Row] = &[
    ("kernel", Pass, "6.1.0-18-amd64", &[("K/osrelease", "6.1.0-18-amd64")]),
    ("kernel", Pass, "7.0", &[("K/osrelease", "7.0")]),
    ("kernel", Fail, "6.0.19", &[("K/osrelease", "6.0.19")]),
    ("kernel", Fail, "5.15.0", &[("K/osrelease", "5.15.0")]),
    ("kernel", CannotSee, "is no release", &[("K/osrelease", "unheard of")]),
    ("io_uring", Pass, "enabled", &[("K/io_uring_disabled", "0")]),
    ("io_uring", Fail, "disabled", &[("K/io_uring_disabled", "2")]),
    ("io_uring", CannotSee, "for CAP_SYS_ADMIN only", &[("K/io_uring_disabled", "1")]),
    (
        "io_uring",
        CannotSee,
        "and group 9 only",
        &[("K/io_uring_disabled", "1"), ("K/io_uring_group", "9")],
    ),
    ("io_uring", CannotSee, "is not there", &[]),
    (
        "open_files",
        Pass,
        "1024, may be raised to 65536",
        &[("proc/self/limits", "Max open files            1024                 65536  files")],
    ),
    (
        "open_files",
        Fail,
        "20000, may be raised to 65535",
        &[("proc/self/limits", "Max open files            20000                65535  files")],
    ),
    ("open_files", CannotSee, "is not there", &[]),
    (
        "cores_allowed",
        Pass,
        "0-3 can be used",
        &[("given/cores", "1-2"), ("proc/self/status", "Cpus_allowed_list:\t0-63")],
    ),
    (
        "cores_allowed",
        Fail,
        "0-1 can be used",
        &[("given/cores", "1-2"), ("proc/self/status", "Cpus_allowed_list:\t0-1")],
    ),
    (
        "cores_allowed",
        Fail,
        "0-3 can be used",
        &[("given/cores", "4"), ("proc/self/status", "Cpus_allowed_list:\t0-63")],
    ),
    ("cores_allowed", NotApplicable, "--cores", &[]),
    ("group_cpu_limit", Pass, "none", &[("G/a/b/cpu.max", "max 100000")]),
    (
        "group_cpu_limit",
        Fail,
        "200000 100000 (sys/fs/cgroup/a/cpu.max)",
        &[("G/a/b/cpu.max", "max 100000"), ("G/a/cpu.max", "200000 100000")],
    ),
    ("group_cpu_limit", NotApplicable, "no control group", &[]),
    ("group_cpu_limit", CannotSee, "inside a container", &[CONTAINER]),
    (
        "group_cpu_limit",
        CannotSee,
        "version 1",
        &[("proc/self/cgroup", "4:cpu,cpuacct:/a\n0::/"), ("G/unified/cpu.max", "max 100000")],
    ),
    ("group_throttled", Pass, "never", &[("G/a/cpu.stat", "usage_usec 9\nnr_throttled 0")]),
    ("group_throttled", Fail, "12 times", &[("G/a/cpu.stat", "usage_usec 9\nnr_throttled 12")]),
    ("group_throttled", NotApplicable, "no control group", &[("G/cpu.stat", "usage_usec 9")]),
    ("group_io_limit", Pass, "none", &[("G/a/b/io.max", "")]),
    (
        "group_io_limit",
        Fail,
        "wbps=1048576",
        &[("G/a/b/io.max", "254:0 rbps=max wbps=1048576 riops=max wiops=max")],
    ),
    ("pressure_cpu", Pass, "3.50 %", &[("P/cpu", "some avg10=0.00 avg60=3.50 avg300=0 total=9")]),
    ("pressure_cpu", Fail, "10.00 %", &[("P/cpu", "some avg10=0.00 avg60=10.00 avg300=0")]),
    ("pressure_cpu", CannotSee, "not understood", &[("P/cpu", "some avg60=much")]),
    ("pressure_cpu", CannotSee, "is not there", &[]),
    ("pressure_memory", Pass, "0.00 %", &[("P/memory", "some avg60=9.00\nfull avg60=0.00")]),
    ("pressure_memory", Fail, "0.10 %", &[("P/memory", "some avg60=9.00\nfull avg60=0.10")]),
    ("pressure_io", Pass, "9.99 %", &[("P/io", "some avg60=50.00\nfull avg60=9.99")]),
    ("pressure_io", Fail, "45.00 %", &[("P/io", "some avg60=50.00\nfull avg60=45.00")]),
    ("seccomp", Pass, "no filter", &[("proc/self/status", "Seccomp:\t0\nSeccomp_filters:\t0")]),
    ("seccomp", Fail, "a filter", &[("proc/self/status", "Seccomp:\t2\nSeccomp_filters:\t1")]),
    ("seccomp", CannotSee, "does not say", &[("proc/self/status", "Name:\tx")]),
    ("audit", Pass, "off since boot", &[("proc/cmdline", "audit=0"), CONTAINER]),
    ("audit", Pass, "no auditd", &[]),
    ("audit", Fail, "auditd runs", &[("proc/#/comm", "auditd\nkthreadd")]),
    ("audit", CannotSee, "inside a container", &[CONTAINER]),
    ("lock_debugging", Pass, "not built in", &[]),
    ("lock_debugging", Fail, "built in", &[("proc/lockdep_stats", "lock-classes: 9")]),
    ("lock_debugging", Fail, "built in", &[("proc/lockdep_stats", "denied")]),
    ("lock_debugging", CannotSee, "is not there", &[("proc/version", "-")]),
    ("tracer", Pass, "nop", &[("sys/kernel/tracing/current_tracer", "nop")]),
    ("tracer", Fail, "function", &[("sys/kernel/tracing/current_tracer", "function")]),
    ("tracer", CannotSee, "may not be read", &[("sys/kernel/tracing/current_tracer", "denied")]),
    ("tracer", NotApplicable, "no tracing", &[]),
    ("tuned", Pass, "does not run", &[]),
    ("tuned", Pass, "network-latency", &[TUNED, (TUNED_PROFILE, "network-latency")]),
    ("tuned", Fail, "balanced", &[TUNED, (TUNED_PROFILE, "balanced")]),
    ("tuned", CannotSee, "is not there", &[TUNED]),
    ("tuned", CannotSee, "inside a container", &[CONTAINER]),
    ("power_profiles", Pass, "does not run", &[]),
    ("power_profiles", Fail, "it runs", &[("proc/#/comm", "kthreadd\npower-profiles-")]),
];
