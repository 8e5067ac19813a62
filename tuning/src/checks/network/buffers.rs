//! How much may wait in a socket?

use super::EVERYBODY;
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, not_there, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// What a connection of 10 Gbit/s over 3 ms has under way.
const BYTES_MIN: u64 = 4 << 20;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tcp_receive_buffer",
        topic: Topic::Network,
        why: "The window grows up to this: a producer far away can not send faster than it allows.",
        severity: Severity::Advised,
        wanted: "4 MiB or more as the largest",
        remedy: "sysctl -w net.ipv4.tcp_rmem='4096 131072 6291456'",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| largest(snapshot, "proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456"),
    },
    Check {
        id: "tcp_send_buffer",
        topic: Topic::Network,
        why: "Records wait here until a consumer has them: too little, and each send is in parts.",
        severity: Severity::Advised,
        wanted: "4 MiB or more as the largest",
        remedy: "sysctl -w net.ipv4.tcp_wmem='4096 16384 4194304'",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| largest(snapshot, "proc/sys/net/ipv4/tcp_wmem", "4096\t16384\t4194304"),
    },
    Check {
        id: "socket_receive_limit",
        topic: Topic::Network,
        why: "Clients on this machine that set their own receive buffer get no more than this.",
        severity: Severity::Advised,
        wanted: "4 MiB or more",
        remedy: "sysctl -w net.core.rmem_max=4194304",
        needs: Needs::Root,
        evidence: Evidence::Folklore,
        profiles: EVERYBODY,
        look: |snapshot| number(snapshot, "proc/sys/net/core/rmem_max", is_enough, "4194304"),
    },
    Check {
        id: "socket_send_limit",
        topic: Topic::Network,
        why: "Clients on this machine that set their own send buffer get no more than this.",
        severity: Severity::Advised,
        wanted: "4 MiB or more",
        remedy: "sysctl -w net.core.wmem_max=4194304",
        needs: Needs::Root,
        evidence: Evidence::Folklore,
        profiles: EVERYBODY,
        look: |snapshot| number(snapshot, "proc/sys/net/core/wmem_max", is_enough, "4194304"),
    },
];

fn is_enough(bytes: i64) -> bool {
    u64::try_from(bytes).is_ok_and(|bytes| bytes >= BYTES_MIN)
}

/// The last of three numbers: least, at first, most.
fn largest(snapshot: &Snapshot, path: &str, value: &str) -> Looked {
    let Some(text) = snapshot.optional(path)? else { return not_there(snapshot, path) };
    let numbers: Option<Vec<u64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some([_, _, most]) => Ok(Answer::of(*most >= BYTES_MIN, most).set(path, value)),
        _ => Err(Blind::because(format_args!("{path} is not three numbers"))),
    }
}
