//! Which paths a snapshot has.
//!
//! A pattern is a path in whose parts `*` stands for any letters and `#` for a number (each at
//! most once in a part); one that ends in a slash stands for the names in a directory. A part with
//! either takes the names of its directory too.

/// Directories, and what is wanted below each.
const WANTED: &[(&str, &[&str])] = &[
    ("", &[".dockerenv", "run/.containerenv", "run/systemd/container"]),
    ("etc/tuned", &["active_profile"]),
    ("proc", &["cmdline", "cpuinfo", "lockdep_stats", "meminfo", "stat", "version"]),
    ("proc/irq/#", &["effective_affinity_list", "smp_affinity_list"]),
    ("proc/net", &["softnet_stat"]),
    ("proc/pressure", &["cpu", "io", "memory"]),
    ("proc/self", &["cgroup", "limits", "mountinfo", "status"]),
    (
        "proc/sys/kernel",
        &[
            "io_uring_disabled",
            "io_uring_group",
            "nmi_watchdog",
            "numa_balancing",
            "osrelease",
            "sched_rt_runtime_us",
            "timer_migration",
        ],
    ),
    (
        "proc/sys/net/core",
        &["busy_poll", "busy_read", "netdev_max_backlog", "rmem_max", "somaxconn", "wmem_max"],
    ),
    (
        "proc/sys/net/ipv4",
        &["tcp_congestion_control", "tcp_rmem", "tcp_slow_start_after_idle", "tcp_wmem"],
    ),
    ("proc/sys/net/netfilter", &["nf_conntrack_count", "nf_conntrack_max"]),
    (
        "proc/sys/vm",
        &[
            "compaction_proactiveness",
            "overcommit_memory",
            "stat_interval",
            "swappiness",
            "zone_reclaim_mode",
        ],
    ),
    ("sys/block/*", &["dev", "device/numa_node", "mq/", "slaves/"]),
    ("sys/block/*/device", &["../msi_irqs/", "device/msi_irqs/"]),
    ("sys/block/*/*", &["alignment_offset", "dev", "start"]),
    (
        "sys/block/*/queue",
        &[
            "add_random",
            "fua",
            "nomerges",
            "read_ahead_kb",
            "rotational",
            "rq_affinity",
            "scheduler",
            "wbt_lat_usec",
            "write_cache",
        ],
    ),
    ("sys/bus/virtio/drivers/virtio_balloon", &[""]),
    ("sys/class/dmi/id", &["product_name", "sys_vendor"]),
    (
        "sys/class/net/*",
        &[
            "device/features",
            "device/numa_node",
            "device/uevent",
            "gro_flush_timeout",
            "napi_defer_hard_irqs",
            "queues/rx-#/rps_cpus",
            "queues/tx-#/xps_cpus",
            "statistics/rx_fifo_errors",
            "statistics/rx_missed_errors",
        ],
    ),
    ("sys/class/net/*/device", &["../msi_irqs/", "msi_irqs/"]),
    ("sys/class/nvme/*/power", &["pm_qos_latency_tolerance_us"]),
    ("sys/devices/system/clocksource/clocksource0", &["available_clocksource", CURRENT_SOURCE]),
    ("sys/devices/system/cpu", &["isolated", "nohz_full", "online"]),
    ("sys/devices/system/cpu/cpu#/cpufreq", &["cpuinfo_max_freq", PREFERENCE, "scaling_governor"]),
    ("sys/devices/system/cpu/cpu#/cpufreq", &["scaling_max_freq"]),
    ("sys/devices/system/cpu/cpu#/cpuidle/state#", &["disable", "latency", "name"]),
    ("sys/devices/system/cpu/cpu#/power", &["pm_qos_resume_latency_us"]),
    ("sys/devices/system/cpu/cpu#/thermal_throttle", &["core_throttle_count"]),
    ("sys/devices/system/cpu/cpu#/topology", &["thread_siblings_list"]),
    ("sys/devices/system/cpu/cpufreq", &["boost"]),
    ("sys/devices/system/cpu/cpuidle", &["current_driver"]),
    ("sys/devices/system/cpu/intel_pstate", &["no_turbo"]),
    ("sys/devices/system/cpu/vulnerabilities", &["*"]),
    ("sys/devices/system/node", &["online"]),
    ("sys/devices/system/node/node#", &["cpulist"]),
    ("sys/devices/virtual/workqueue", &["cpumask"]),
    ("sys/hypervisor", &["type"]),
    ("sys/kernel/debug/sched", &["preempt"]),
    ("sys/kernel/irq/#", &["actions"]),
    ("sys/kernel/mm/ksm", &["run"]),
    ("sys/kernel/mm/transparent_hugepage", &["defrag", "enabled"]),
    ("sys/kernel/tracing", &["current_tracer"]),
    ("sys/module/nvme/parameters", &["poll_queues"]),
    ("sys/module/nvme_core/parameters", &["default_ps_max_latency_us"]),
    ("sys/module/pcie_aspm/parameters", &["policy"]),
];

const CURRENT_SOURCE: &str = "current_clocksource";
const PREFERENCE: &str = "energy_performance_preference";

/// All patterns of this version.
pub(super) fn wanted() -> Vec<String> {
    let rows = WANTED.iter().flat_map(|(directory, leaves)| {
        leaves.iter().map(move |leaf| match *directory {
            "" => (*leaf).to_owned(),
            directory => format!("{directory}/{leaf}"),
        })
    });
    rows.chain([super::PROCESSES.to_owned()]).collect()
}

/// Whether a part of a pattern stands for more than one name.
pub(super) fn is_open(part: &str) -> bool {
    part.is_empty() || part.contains(['*', '#'])
}

/// Whether a name is one that a part of a pattern stands for.
pub(super) fn fits(part: &str, name: &str) -> bool {
    let (open, any) = match (part.split_once('*'), part.split_once('#')) {
        (Some(around), _) => (around, true),
        (None, Some(around)) => (around, false),
        (None, None) => return part == name,
    };
    let middle = name.strip_prefix(open.0).and_then(|rest| rest.strip_suffix(open.1));
    middle.is_some_and(|middle| {
        any || !middle.is_empty() && middle.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a file was looked for.
pub(super) fn covers(asked: &[String], path: &str) -> bool {
    asked.iter().any(|pattern| {
        let mut names = path.split('/');
        let is_it =
            pattern.split('/').all(|part| names.next().is_some_and(|name| fits(part, name)));
        pattern == path || is_it && names.next().is_none()
    })
}

/// Whether the names in a directory were looked for.
pub(super) fn lists(asked: &[String], path: &str) -> bool {
    asked.iter().any(|pattern| {
        let mut parts = pattern.split('/');
        let is_above =
            path.split('/').all(|name| parts.next().is_some_and(|part| fits(part, name)));
        is_above && parts.next().is_some_and(is_open)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_a_number_sign_a_number() {
        for (part, name, does) in [
            ("cpu#", "cpu0", true),
            ("cpu#", "cpu128", true),
            ("cpu#", "cpufreq", false),
            ("cpu#", "cpu", false),
            ("*", "anything", true),
            ("rx-#", "rx-12", true),
            ("rx-#", "tx-12", false),
            ("stat", "stat", true),
            ("stat", "status", false),
        ] {
            assert_eq!(fits(part, name), does, "{part} {name}");
        }
    }

    #[test]
    fn what_was_asked_for_is_known() {
        let asked = ["a/cpu#/b", "a/list/", "c"].map(str::to_owned);
        assert!(covers(&asked, "a/cpu7/b") && covers(&asked, "c"));
        assert!(!covers(&asked, "a/cpu7") && !covers(&asked, "a/cpux/b") && !covers(&asked, "d"));
        assert!(lists(&asked, "a") && lists(&asked, "a/list"));
        assert!(!lists(&asked, "a/cpu7") && !lists(&asked, "c"));
    }

    #[test]
    fn no_pattern_is_there_twice() {
        let mut wanted = wanted();
        let count = wanted.len();
        wanted.sort();
        wanted.dedup();
        assert_eq!(wanted.len(), count);
    }
}
