//! How much memory may be promised, and how much of it locked?

use super::EVERYBODY;
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// Enough for the rings of 64 shards, on kernels that count them as locked memory.
const LOCKED_BYTES_MIN: u64 = 64 << 20;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "overcommit",
        topic: Topic::Memory,
        why: "With strict accounting memory that is only reserved counts, and a start may fail.",
        severity: Severity::Advised,
        wanted: "0 or 1",
        remedy: "sysctl -w vm.overcommit_memory=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| number(snapshot, "proc/sys/vm/overcommit_memory", |mode| mode < 2, "0"),
    },
    Check {
        id: "memlock",
        topic: Topic::Memory,
        why: "The rings' memory is locked; without enough of it a shard has none.",
        severity: Severity::Advised,
        wanted: "64 MiB or more, best unlimited",
        remedy: "LimitMEMLOCK=infinity in the unit, or ulimit -l unlimited",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: memlock,
    },
];

fn memlock(snapshot: &Snapshot) -> Looked {
    let limits = snapshot.limit("Max locked memory")?;
    let (soft, hard) = limits.ok_or_else(|| Blind::because("proc/self/limits does not say"))?;
    let words = |limit| match limit {
        u64::MAX => "unlimited".to_owned(),
        bytes => format!("{} KiB", bytes >> 10),
    };
    let current = format!("{}, may be raised to {}", words(soft), words(hard));
    Ok(Answer::of(soft >= LOCKED_BYTES_MIN, current))
}
