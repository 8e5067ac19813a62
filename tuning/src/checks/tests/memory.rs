//! Memory of made-up machines.

use super::{Row, Table};
use crate::Verdict::{CannotSee, Fail, NotApplicable, Pass};

pub(super) fn table() -> Table {
    Table {
        base: &[("proc/cpuinfo", "flags : fpu hypervisor")],
        short: &[
            ("V/", "proc/sys/vm/"),
            ("H/", "sys/kernel/mm/transparent_hugepage/"),
            ("B/", "sys/bus/virtio/drivers/virtio_balloon/"),
        ],
        rows: ROWS,
    }
}

const SWAP: (&str, &str) = ("proc/meminfo", "MemTotal: 9 kB\nSwapTotal:       1048576 kB");
const NO_SWAP: (&str, &str) = ("proc/meminfo", "MemTotal: 9 kB\nSwapTotal:             0 kB");

const ROWS: &[Row] = &[
    ("huge_pages", Pass, "madvise", &[("H/enabled", "always [madvise] never")]),
    ("huge_pages", Pass, "never", &[("H/enabled", "always madvise [never]")]),
    ("huge_pages", Fail, "always", &[("H/enabled", "[always] madvise never")]),
    ("huge_pages", CannotSee, "does not say", &[("H/enabled", "always madvise never")]),
    ("huge_pages", NotApplicable, "not there", &[]),
    ("huge_pages_defrag", Pass, "madvise", &[("H/defrag", "always defer [madvise] never")]),
    ("huge_pages_defrag", Fail, "always", &[("H/defrag", "[always] defer madvise never")]),
    ("ksm", Pass, "0", &[("sys/kernel/mm/ksm/run", "0")]),
    ("ksm", Fail, "1", &[("sys/kernel/mm/ksm/run", "1")]),
    ("ksm", NotApplicable, "not there", &[]),
    ("ksm", CannotSee, "inside a container", &[(".dockerenv", "")]),
    ("compaction", Pass, "0", &[("V/compaction_proactiveness", "0")]),
    ("compaction", Fail, "20", &[("V/compaction_proactiveness", "20")]),
    ("compaction", CannotSee, "not understood", &[("V/compaction_proactiveness", "twenty")]),
    ("swap", Pass, "no swap, swappiness 60", &[NO_SWAP, ("V/swappiness", "60")]),
    ("swap", Pass, "no swap, swappiness not known", &[NO_SWAP]),
    ("swap", Pass, "swap, swappiness 10", &[SWAP, ("V/swappiness", "10")]),
    ("swap", Pass, "swap not known, swappiness 1", &[("V/swappiness", "1")]),
    ("swap", Fail, "swap, swappiness 11", &[SWAP, ("V/swappiness", "11")]),
    ("swap", CannotSee, "swappiness not known", &[SWAP]),
    ("swap", CannotSee, "swap not known", &[("V/swappiness", "60")]),
    ("zone_reclaim", Pass, "0", &[("V/zone_reclaim_mode", "0")]),
    ("zone_reclaim", Fail, "1", &[("V/zone_reclaim_mode", "1")]),
    ("stat_interval", Pass, "10", &[("V/stat_interval", "10")]),
    ("stat_interval", Fail, "1", &[("V/stat_interval", "1")]),
    ("balloon", Pass, "none", &[]),
    ("balloon", NotApplicable, "no guest", &[("proc/cpuinfo", "flags : fpu")]),
    ("balloon", Fail, "virtio3", &[("B/", "virtio3")]),
    ("balloon", CannotSee, "is not there", &[("proc/cpuinfo", "-")]),
    ("overcommit", Pass, "0", &[("V/overcommit_memory", "0")]),
    ("overcommit", Fail, "2", &[("V/overcommit_memory", "2")]),
    (
        "memlock",
        Pass,
        "unlimited",
        &[("proc/self/limits", "Max locked memory         unlimited            unlimited  bytes")],
    ),
    (
        "memlock",
        Fail,
        "8192 KiB",
        &[("proc/self/limits", "Max locked memory         8388608              8388608    bytes")],
    ),
    ("memlock", CannotSee, "does not say", &[("proc/self/limits", "Limit  Soft Limit")]),
];
