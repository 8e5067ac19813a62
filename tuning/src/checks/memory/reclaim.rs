//! Can our memory be taken away, and who stops to look for more?

use super::{DEDICATED, EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::value;

/// Up to here the kernel drops page cache long before it swaps a process out; the default is 60.
const SWAPPINESS_MAX: u32 = 10;

/// Seconds between two rounds of folding counters, on every core; 1 is built in.
const STAT_INTERVAL_MIN: i64 = 10;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "swap",
        topic: Topic::Memory,
        why: "A page that was swapped out stops the whole shard while it is read back.",
        severity: Severity::Advised,
        wanted: "no swap, or swappiness 10 at most",
        remedy: "sysctl -w vm.swappiness=1",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: swap,
    },
    Check {
        id: "zone_reclaim",
        topic: Topic::Memory,
        why: "It drops page cache of a node that is full rather than use another node's memory.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "sysctl -w vm.zone_reclaim_mode=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| number(snapshot, "proc/sys/vm/zone_reclaim_mode", |mode| mode == 0, "0"),
    },
    Check {
        id: "stat_interval",
        topic: Topic::Memory,
        why: "Each round of counting memory interrupts every core that is not isolated.",
        severity: Severity::Advised,
        wanted: "10 s or more",
        remedy: "sysctl -w vm.stat_interval=10",
        needs: Needs::Root,
        evidence: Evidence::Folklore,
        profiles: LATENCY,
        look: |snapshot| {
            let holds = |seconds| seconds >= STAT_INTERVAL_MIN;
            number(snapshot, "proc/sys/vm/stat_interval", holds, "10")
        },
    },
    Check {
        id: "balloon",
        topic: Topic::Memory,
        why: "Through a balloon the host takes memory back whenever it likes, page cache first.",
        severity: Severity::Advised,
        wanted: "none, in a guest",
        remedy: "take the virtio balloon out of the guest's definition, reserve its memory",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: balloon,
    },
];

fn swap(snapshot: &Snapshot) -> Looked {
    let swap_off = snapshot.text("proc/meminfo").ok().and_then(|info| {
        let kib: u64 = value(info, "SwapTotal")?.strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib == 0)
    });
    let path = "proc/sys/vm/swappiness";
    let swappiness = snapshot.number::<u32>(path).ok();
    let swap = match swap_off {
        Some(true) => "no swap",
        Some(false) => "swap",
        None => "swap not known",
    };
    let current = match swappiness {
        Some(swappiness) => format!("{swap}, swappiness {swappiness}"),
        None => format!("{swap}, swappiness not known"),
    };
    let rarely = swappiness.map(|swappiness| swappiness <= SWAPPINESS_MAX);
    // One of the two is enough, and "no" needs both to be known.
    match (swap_off, rarely) {
        (Some(true), _) | (_, Some(true)) => Ok(Answer::of(true, current)),
        (Some(false), Some(false)) => Ok(Answer::of(false, current).set(path, "1")),
        _ => Err(Blind(current)),
    }
}

fn balloon(snapshot: &Snapshot) -> Looked {
    if !snapshot.is_virtual()? {
        return Ok(Answer::not_applicable("no guest"));
    }
    let bound = snapshot.names("sys/bus/virtio/drivers/virtio_balloon")?;
    let devices = bound.iter().map(String::as_str).filter(|name| name.starts_with("virtio"));
    let devices: Vec<_> = devices.collect();
    let current = if devices.is_empty() { "none".to_owned() } else { devices.join(", ") };
    Ok(Answer::of(devices.is_empty(), current))
}
