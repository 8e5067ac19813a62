//! Where packets wait for a core, and whether some were dropped there.

use super::{EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

const QUEUE_MIN: i64 = 1_000;

/// In a million packets so many turns may have ended for want of time.
const SQUEEZED_PER_MILLION_MAX: u128 = 1_000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "netdev_backlog",
        topic: Topic::Network,
        why: "Packets of the loopback, and those given to another core, wait here or are dropped.",
        severity: Severity::Advised,
        wanted: "1000 or more",
        remedy: "sysctl -w net.core.netdev_max_backlog=4096",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| {
            let holds = |packets| packets >= QUEUE_MIN;
            number(snapshot, "proc/sys/net/core/netdev_max_backlog", holds, "4096")
        },
    },
    Check {
        id: "packets_dropped",
        topic: Topic::Network,
        why: "A packet that was dropped is sent again after 200 ms: that is the p99.9.",
        severity: Severity::Advised,
        wanted: "none dropped since the start for want of room in a core's queue",
        remedy: "raise net.core.netdev_max_backlog, and find out which core has too much to do",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: dropped,
    },
    Check {
        id: "softirq_budget",
        topic: Topic::Network,
        why: "A core that ran out of its budget left packets to a later turn.",
        severity: Severity::Advised,
        wanted: "under once in 1000 packets since the start",
        remedy: "sysctl -w net.core.netdev_budget=600 net.core.netdev_budget_usecs=8000",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: squeezed,
    },
];

/// Sums of the first three columns: packets, those dropped, turns that ended for want of time.
fn sums(snapshot: &Snapshot) -> Result<[u64; 3], Blind> {
    let mut sums = [0u64; 3];
    let text = snapshot.text("proc/net/softnet_stat")?;
    for line in text.lines() {
        let mut columns = line.split_whitespace();
        for sum in &mut sums {
            let column = columns.next().and_then(|word| u64::from_str_radix(word, 16).ok());
            let column =
                column.ok_or_else(|| Blind::because("proc/net/softnet_stat is not understood"))?;
            *sum = sum.saturating_add(column);
        }
    }
    Ok(sums)
}

fn dropped(snapshot: &Snapshot) -> Looked {
    let [packets, dropped, _] = sums(snapshot)?;
    Ok(Answer::of(dropped == 0, format_args!("{dropped} of {packets}")))
}

fn squeezed(snapshot: &Snapshot) -> Looked {
    let [packets, _, squeezed] = sums(snapshot)?;
    let parts = u128::from(squeezed) * 1_000_000 / u128::from(packets.max(1));
    let current = format_args!("{squeezed} times in {packets} packets");
    Ok(Answer::of(parts <= SQUEEZED_PER_MILLION_MAX, current))
}
