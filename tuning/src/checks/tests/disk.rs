//! Disks of made-up machines: `nvme0n1` with one partition, unless a row says otherwise.

use super::{Row, Table};
use crate::Verdict::{CannotSee, Fail, NotApplicable, Pass};

pub(super) fn table() -> Table {
    Table {
        base: &[
            ("given/data", "/data/tidemill"),
            ("C/online", "0-3"),
            MOUNT,
            ("sys/block/nvme0n1/dev", "259:0"),
            ("P/dev", "259:1"),
            ("proc/#/comm", "kthreadd\nsystemd"),
        ],
        short: &[
            ("C/", "sys/devices/system/cpu/"),
            ("M/", "sys/module/"),
            ("P/", "sys/block/nvme0n1/nvme0n1p1/"),
            ("Q/", "sys/block/nvme0n1/queue/"),
            ("mq/", "sys/block/nvme0n1/mq/"),
        ],
        rows: ROWS,
    }
}

const MOUNT: (&str, &str) = mount("20 1 259:1 / /data rw,noatime shared:1 - xfs /dev/nvme0n1p1 rw");
const WHOLE_DISK: (&str, &str) = mount("20 1 259:0 / / rw,relatime - ext4 /dev/nvme0n1 rw");
const NO_DATA: (&str, &str) = ("given/data", "-");
const TOLERANCE: &str = "sys/class/nvme/nvme0/power/pm_qos_latency_tolerance_us";

const fn mount(line: &'static str) -> (&'static str, &'static str) {
    ("proc/self/mountinfo", line)
}

const ROWS: &[Row] = &[
    ("disk_scheduler", Pass, "nvme0n1: [none]", &[("Q/scheduler", "[none] mq-deadline")]),
    ("disk_scheduler", Fail, "[mq-deadline]", &[("Q/scheduler", "none [mq-deadline]")]),
    ("disk_scheduler", CannotSee, "not understood", &[("Q/scheduler", "none mq-deadline")]),
    ("disk_scheduler", NotApplicable, "no disk", &[]),
    ("disk_scheduler", NotApplicable, "--data", &[NO_DATA]),
    (
        "disk_scheduler",
        CannotSee,
        "host:/export (nfs4)",
        &[mount("20 1 0:50 / / rw - nfs4 host:/export rw")],
    ),
    ("disk_nomerges", Pass, "2", &[("Q/nomerges", "2")]),
    ("disk_nomerges", Fail, "0", &[("Q/nomerges", "0")]),
    ("disk_writeback_throttling", Pass, "0", &[("Q/wbt_lat_usec", "0")]),
    ("disk_writeback_throttling", Fail, "2000", &[("Q/wbt_lat_usec", "2000")]),
    ("disk_writeback_throttling", NotApplicable, "no disk", &[]),
    ("disk_read_ahead", Pass, "128", &[("Q/read_ahead_kb", "128")]),
    ("disk_read_ahead", Fail, "0", &[("Q/read_ahead_kb", "0")]),
    ("disk_read_ahead", Fail, "65536", &[("Q/read_ahead_kb", "65536")]),
    ("disk_completion_core", Pass, "2", &[("Q/rq_affinity", "2")]),
    ("disk_completion_core", Fail, "1", &[("Q/rq_affinity", "1")]),
    ("disk_entropy", Pass, "0", &[("Q/add_random", "0")]),
    ("disk_entropy", Fail, "1", &[("Q/add_random", "1")]),
    ("disk_queues", Pass, "4 for 4 shards", &[("mq/", "0\n1\n2\n3")]),
    ("disk_queues", Pass, "1 for 1 shards", &[("mq/", "0"), ("given/cores", "3")]),
    ("disk_queues", Fail, "1 for 4 shards", &[("mq/", "0")]),
    ("disk_queues", NotApplicable, "no hardware queues", &[]),
    ("disk_write_cache", Pass, "write through", &[("Q/write_cache", "write through")]),
    ("disk_write_cache", Fail, "write back", &[("Q/write_cache", "write back")]),
    ("disk_write_cache", CannotSee, "not understood", &[("Q/write_cache", "perhaps")]),
    ("disk_fua", Pass, "1", &[("Q/write_cache", "write back"), ("Q/fua", "1")]),
    ("disk_fua", Fail, "0", &[("Q/write_cache", "write back"), ("Q/fua", "0")]),
    (
        "disk_fua",
        NotApplicable,
        "no volatile",
        &[("Q/write_cache", "write through"), ("Q/fua", "0")],
    ),
    (
        "nvme_power_states",
        Pass,
        "off for all",
        &[("M/nvme_core/parameters/default_ps_max_latency_us", "0")],
    ),
    (
        "nvme_power_states",
        Fail,
        "100000 us for all",
        &[("M/nvme_core/parameters/default_ps_max_latency_us", "100000")],
    ),
    (
        "nvme_power_states",
        Pass,
        "off",
        &[("M/nvme_core/parameters/default_ps_max_latency_us", "100000"), (TOLERANCE, "0")],
    ),
    ("nvme_power_states", Fail, "nvme0: 100000 us", &[(TOLERANCE, "100000")]),
    (
        "nvme_power_states",
        NotApplicable,
        "no NVMe",
        &[WHOLE_DISK, ("sys/block/nvme0n1/dev", "1:1"), ("sys/block/sda/dev", "259:0")],
    ),
    ("nvme_poll_queues", Pass, "0", &[("M/nvme/parameters/poll_queues", "0")]),
    ("nvme_poll_queues", Fail, "4", &[("M/nvme/parameters/poll_queues", "4")]),
    ("nvme_poll_queues", NotApplicable, "no NVMe", &[]),
    (
        "pcie_power",
        Pass,
        "performance",
        &[("M/pcie_aspm/parameters/policy", "default [performance] powersave")],
    ),
    (
        "pcie_power",
        Fail,
        "default",
        &[("M/pcie_aspm/parameters/policy", "[default] performance powersave")],
    ),
    ("pcie_power", NotApplicable, "no links", &[]),
    ("file_system", Pass, "xfs at /data", &[]),
    ("file_system", Fail, "btrfs at /", &[mount("20 1 0:9 / / rw - btrfs /dev/sda rw")]),
    ("file_system", NotApplicable, "--data", &[NO_DATA]),
    ("file_system", CannotSee, "is not there", &[("proc/self/mountinfo", "-")]),
    ("mount_barrier", Pass, "none", &[]),
    (
        "mount_barrier",
        Fail,
        "nobarrier",
        &[mount("20 1 259:1 / / rw - ext4 /dev/nvme0n1p1 rw,nobarrier")],
    ),
    ("mount_options", Pass, "none", &[]),
    (
        "mount_options",
        Fail,
        "sync,data=journal",
        &[mount("20 1 259:1 / / rw,sync - ext4 /dev/nvme0n1p1 rw,data=journal")],
    ),
    ("online_discard", Pass, "none", &[]),
    (
        "online_discard",
        Fail,
        "discard",
        &[mount("20 1 259:1 / / rw - ext4 /dev/nvme0n1p1 rw,discard")],
    ),
    ("ext4_lazy_init", Pass, "finished", &[WHOLE_DISK]),
    ("ext4_lazy_init", Fail, "at it", &[WHOLE_DISK, ("proc/#/comm", "ext4lazyinit\nkthreadd")]),
    ("ext4_lazy_init", NotApplicable, "xfs", &[]),
    ("ext4_lazy_init", CannotSee, "inside a container", &[WHOLE_DISK, ("proc/#/comm", "tini")]),
    ("partition_alignment", Pass, "sector 2048", &[("P/start", "2048")]),
    ("partition_alignment", Fail, "sector 63", &[("P/start", "63")]),
    (
        "partition_alignment",
        Fail,
        "off by 512",
        &[("P/start", "2048"), ("P/alignment_offset", "512")],
    ),
    ("partition_alignment", NotApplicable, "whole disk", &[WHOLE_DISK]),
    (
        "disk_free",
        Pass,
        "5120 MiB of 20480 MiB",
        &[("given/free", "5368709120"), ("given/total", "21474836480")],
    ),
    ("disk_free", Fail, "1024 MiB", &[("given/free", "1073741824"), ("given/total", "2147483648")]),
    (
        "disk_free",
        Fail,
        "5120 MiB of 102400 MiB",
        &[("given/free", "5368709120"), ("given/total", "107374182400")],
    ),
    ("disk_free", CannotSee, "was not asked", &[]),
    ("disk_free", NotApplicable, "--data", &[NO_DATA]),
];
