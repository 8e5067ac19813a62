//! Networks of made-up machines.

use super::{Row, Table};
use crate::Verdict::{CannotSee, Fail, NotApplicable, Pass};

pub(super) fn table() -> Table {
    Table {
        base: &[
            ("given/nic", "eth0"),
            ("sys/devices/system/cpu/online", "0-1"),
            ("E/gro_flush_timeout", "0"),
        ],
        short: &[
            ("C/", "proc/sys/net/core/"),
            ("T/", "proc/sys/net/ipv4/"),
            ("F/", "proc/sys/net/netfilter/"),
            ("E/", "sys/class/net/eth0/"),
        ],
        rows: ROWS,
    }
}

const NO_NIC: (&str, &str) = ("given/nic", "-");
const WITHOUT_COALESCING: &str = "1111111111111111111111111111111111111111111111111111001111111111";
const WITH_COALESCING: &str = "1111111111111111111111111111111111111111111111111111010000000000";

const ROWS: &[Row] = &[
    ("tcp_receive_buffer", Pass, "6291456", &[("T/tcp_rmem", "4096\t131072\t6291456")]),
    ("tcp_receive_buffer", Fail, "1000000", &[("T/tcp_rmem", "4096\t131072\t1000000")]),
    ("tcp_receive_buffer", CannotSee, "three numbers", &[("T/tcp_rmem", "4096 many")]),
    ("tcp_receive_buffer", CannotSee, "inside a container", &[(".dockerenv", "")]),
    ("tcp_send_buffer", Pass, "4194304", &[("T/tcp_wmem", "4096\t16384\t4194304")]),
    ("tcp_send_buffer", Fail, "65536", &[("T/tcp_wmem", "4096\t16384\t65536")]),
    ("socket_receive_limit", Pass, "4194304", &[("C/rmem_max", "4194304")]),
    ("socket_receive_limit", Fail, "212992", &[("C/rmem_max", "212992")]),
    ("socket_send_limit", Pass, "4194304", &[("C/wmem_max", "4194304")]),
    ("socket_send_limit", Fail, "212992", &[("C/wmem_max", "212992")]),
    ("netdev_backlog", Pass, "1000", &[("C/netdev_max_backlog", "1000")]),
    ("netdev_backlog", Fail, "300", &[("C/netdev_max_backlog", "300")]),
    (
        "packets_dropped",
        Pass,
        "0 of 272",
        &[("proc/net/softnet_stat", "00000100 00000000 00000000 0\n00000010 00000000 00000000 0")],
    ),
    (
        "packets_dropped",
        Fail,
        "10 of 272",
        &[("proc/net/softnet_stat", "00000100 00000000 00000000 0\n00000010 0000000a 00000000 0")],
    ),
    ("packets_dropped", CannotSee, "not understood", &[("proc/net/softnet_stat", "xyz")]),
    ("softirq_budget", Pass, "0 times in 256", &[("proc/net/softnet_stat", "00000100 0 00000000")]),
    (
        "softirq_budget",
        Fail,
        "16 times in 256",
        &[("proc/net/softnet_stat", "00000100 0 00000010")],
    ),
    ("congestion_control", Pass, "bbr", &[("T/tcp_congestion_control", "bbr")]),
    ("congestion_control", Fail, "reno", &[("T/tcp_congestion_control", "reno")]),
    ("slow_start_after_idle", Pass, "0", &[("T/tcp_slow_start_after_idle", "0")]),
    ("slow_start_after_idle", Fail, "1", &[("T/tcp_slow_start_after_idle", "1")]),
    ("listen_backlog", Pass, "4096", &[("C/somaxconn", "4096")]),
    ("listen_backlog", Fail, "128", &[("C/somaxconn", "128")]),
    ("busy_poll", Pass, "0 us, 0 us", &[("C/busy_poll", "0"), ("C/busy_read", "0")]),
    ("busy_poll", Fail, "0 us, 50 us", &[("C/busy_poll", "0"), ("C/busy_read", "50")]),
    ("busy_poll", NotApplicable, "not there", &[]),
    ("connection_tracking", Pass, "not loaded", &[]),
    (
        "connection_tracking",
        Pass,
        "0 of 9",
        &[("F/nf_conntrack_count", "0"), ("F/nf_conntrack_max", "9")],
    ),
    ("connection_tracking", Fail, "7 of ?", &[("F/nf_conntrack_count", "7")]),
    ("connection_tracking", CannotSee, "inside a container", &[(".dockerenv", "")]),
    (
        "nic_rings",
        Pass,
        "0 missed",
        &[("E/statistics/rx_missed_errors", "0"), ("E/statistics/rx_fifo_errors", "0")],
    ),
    (
        "nic_rings",
        Fail,
        "5 missed",
        &[("E/statistics/rx_missed_errors", "5"), ("E/statistics/rx_fifo_errors", "0")],
    ),
    ("nic_rings", CannotSee, "is not there", &[]),
    ("nic_rings", NotApplicable, "--nic", &[NO_NIC]),
    ("nic_rings", CannotSee, "there is no network device", &[("given/nic", "eth7")]),
    (
        "nic_coalescing",
        Pass,
        "can not",
        &[("E/device/uevent", "DRIVER=virtio_net"), ("E/device/features", WITHOUT_COALESCING)],
    ),
    ("nic_coalescing", Fail, "20000 ns", &[("E/gro_flush_timeout", "20000")]),
    (
        "nic_coalescing",
        CannotSee,
        "ethtool -c eth0",
        &[("E/device/uevent", "DRIVER=virtio_net"), ("E/device/features", WITH_COALESCING)],
    ),
    ("nic_coalescing", CannotSee, "ethtool -c eth0", &[("E/device/uevent", "DRIVER=ixgbe")]),
    (
        "nic_queues",
        Pass,
        "2 for 2 shards",
        &[("E/queues/rx-0/rps_cpus", "0"), ("E/queues/rx-1/rps_cpus", "0")],
    ),
    ("nic_queues", Fail, "1 for 2 shards", &[("E/queues/rx-0/rps_cpus", "0")]),
    (
        "nic_queues",
        Pass,
        "1 for 1 shards",
        &[("E/queues/rx-0/rps_cpus", "0"), ("given/cores", "1")],
    ),
    ("nic_queues", CannotSee, "can not be seen", &[]),
    ("receive_steering", Pass, "on for 1 of 1", &[("E/queues/rx-0/rps_cpus", "3")]),
    ("receive_steering", Fail, "on for 0 of 1", &[("E/queues/rx-0/rps_cpus", "0")]),
    (
        "receive_steering",
        Fail,
        "on for 1 of 2",
        &[("E/queues/rx-0/rps_cpus", "0"), ("E/queues/rx-1/rps_cpus", "3")],
    ),
    (
        "receive_steering",
        NotApplicable,
        "one CPU",
        &[("E/queues/rx-0/rps_cpus", "0"), ("sys/devices/system/cpu/online", "0")],
    ),
    ("receive_steering", CannotSee, "is no mask", &[("E/queues/rx-0/rps_cpus", "many")]),
    (
        "transmit_steering",
        Pass,
        "0 of 2",
        &[("E/queues/tx-0/xps_cpus", "1"), ("E/queues/tx-1/xps_cpus", "2")],
    ),
    (
        "transmit_steering",
        Fail,
        "1 of 2",
        &[("E/queues/tx-0/xps_cpus", "1"), ("E/queues/tx-1/xps_cpus", "0")],
    ),
    ("transmit_steering", NotApplicable, "one transmit", &[("E/queues/tx-0/xps_cpus", "denied")]),
];
