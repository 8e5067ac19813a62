//! How TCP paces, queues and tracks connections.

use super::{DEDICATED, EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, not_there, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// Those that come back soon after a loss, in a data centre and beyond it.
const CONTROLS: [&str; 3] = ["cubic", "bbr", "dctcp"];

/// Connections that wait to be accepted after a restart, when all clients come at once.
const WAITING_MIN: i64 = 1_024;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "congestion_control",
        topic: Topic::Network,
        why: "How long a connection is slow after one lost packet is decided here.",
        severity: Severity::Advised,
        wanted: "cubic, bbr or dctcp",
        remedy: "sysctl -w net.ipv4.tcp_congestion_control=cubic",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| {
            let path = "proc/sys/net/ipv4/tcp_congestion_control";
            let Some(text) = snapshot.optional(path)? else { return not_there(snapshot, path) };
            Ok(Answer::of(CONTROLS.contains(&text), text).set(path, "cubic"))
        },
    },
    Check {
        id: "slow_start_after_idle",
        topic: Topic::Network,
        why: "A connection that was quiet for a moment begins its next burst with ten packets.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "sysctl -w net.ipv4.tcp_slow_start_after_idle=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| {
            let path = "proc/sys/net/ipv4/tcp_slow_start_after_idle";
            number(snapshot, path, |on| on == 0, "0")
        },
    },
    Check {
        id: "listen_backlog",
        topic: Topic::Network,
        why: "After a restart all clients come at once; who finds no room tries again in 1 s.",
        severity: Severity::Advised,
        wanted: "1024 or more",
        remedy: "sysctl -w net.core.somaxconn=4096",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| {
            let holds = |connections| connections >= WAITING_MIN;
            number(snapshot, "proc/sys/net/core/somaxconn", holds, "4096")
        },
    },
    Check {
        id: "busy_poll",
        topic: Topic::Network,
        why: "Sockets that spin for packets in poll() of other programs take the cores' time; the \
              ring does not use it.",
        severity: Severity::Advised,
        wanted: "0 for both busy_poll and busy_read",
        remedy: "sysctl -w net.core.busy_poll=0 net.core.busy_read=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: busy_poll,
    },
    Check {
        id: "connection_tracking",
        topic: Topic::Network,
        why: "Each packet is looked up in a table, and once that is full new clients are dropped.",
        severity: Severity::Advised,
        wanted: "no connection tracked",
        remedy: "no stateful rules on the broker's ports (notrack), or unload nf_conntrack",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: tracked,
    },
];

fn busy_poll(snapshot: &Snapshot) -> Looked {
    let poll = "proc/sys/net/core/busy_poll";
    let read = "proc/sys/net/core/busy_read";
    if snapshot.optional(poll)?.is_none() {
        return not_there(snapshot, poll);
    }
    let (poll_us, read_us): (u64, u64) = (snapshot.number(poll)?, snapshot.number(read)?);
    let mut answer =
        Answer::of(poll_us == 0 && read_us == 0, format_args!("{poll_us} us, {read_us} us"));
    for (path, us) in [(poll, poll_us), (read, read_us)] {
        if us > 0 {
            answer = answer.set(path, "0");
        }
    }
    Ok(answer)
}

fn tracked(snapshot: &Snapshot) -> Looked {
    let path = "proc/sys/net/netfilter/nf_conntrack_count";
    if snapshot.optional(path)?.is_none() {
        return match snapshot.container() {
            Some(_) => Err(Blind::because("the host's is not seen inside a container")),
            None => Ok(Answer::of(true, "not loaded")),
        };
    }
    let count: u64 = snapshot.number(path)?;
    let most = snapshot.optional("proc/sys/net/netfilter/nf_conntrack_max")?.unwrap_or("?");
    Ok(Answer::of(count == 0, format_args!("{count} of {most}")))
}
