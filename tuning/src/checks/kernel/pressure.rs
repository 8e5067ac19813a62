//! Who waits for what: pressure stall information of the last minute.

use super::EVERYBODY;
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "pressure_cpu",
        topic: Topic::Kernel,
        why: "Somebody is ready to run and finds no core: next time it may be a shard.",
        severity: Severity::Advised,
        wanted: "some waiting under 10 % of the last minute, before the broker runs",
        remedy: "less beside the broker, or more cores",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| waited(snapshot, "proc/pressure/cpu", "some", 1_000),
    },
    Check {
        id: "pressure_memory",
        topic: Topic::Kernel,
        why: "Everybody stands still while the kernel looks for memory.",
        severity: Severity::Advised,
        wanted: "all waiting under 0.1 % of the last minute",
        remedy: "less beside the broker, or more memory",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| waited(snapshot, "proc/pressure/memory", "full", 10),
    },
    Check {
        id: "pressure_io",
        topic: Topic::Kernel,
        why: "Something keeps the disks busy already, and every barrier queues behind it.",
        severity: Severity::Advised,
        wanted: "all waiting under 10 % of the last minute, before the broker runs",
        remedy: "find who reads and writes (iotop, /proc/*/io), or another disk",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| waited(snapshot, "proc/pressure/io", "full", 1_000),
    },
];

/// Hundredths of a percent of the last minute in which some, or all, waited.
fn waited(snapshot: &Snapshot, path: &str, who: &str, most: u64) -> Looked {
    let unknown = || Blind::because(format_args!("{path} is not understood"));
    let lines = snapshot.text(path)?.lines();
    let mut lines = lines.filter(|line| line.split(' ').next() == Some(who));
    let line = lines.next().ok_or_else(unknown)?;
    let share = line.split(' ').find_map(|word| word.strip_prefix("avg60=")).ok_or_else(unknown)?;
    let (whole, part) = share.split_once('.').ok_or_else(unknown)?;
    let hundredths = |whole: &str, part: &str| {
        let whole: u64 = whole.parse().ok().filter(|whole| *whole <= 100)?;
        let part: u64 = part.parse().ok().filter(|_| part.len() == 2)?;
        Some(whole * 100 + part)
    };
    let share = hundredths(whole, part).ok_or_else(unknown)?;
    Ok(Answer::of(share < most, format_args!("{whole}.{part} %")))
}
