//! Does the host keep the CPUs for itself?

use super::EVERYBODY;
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// From a thousandth on, every other p99.9 has been somewhere else.
const PER_MILLION_MAX: u64 = 1_000;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "steal",
    topic: Topic::Cpu,
    why: "While the host runs somebody else, a shard stands still and can not know it.",
    severity: Severity::Advised,
    wanted: "under 0.1 % of the time since the start",
    remedy: "CPUs of one's own: a dedicated or larger instance, or pinned vCPUs",
    needs: Needs::User,
    evidence: Evidence::Documented,
    profiles: EVERYBODY,
    look: steal,
}];

fn steal(snapshot: &Snapshot) -> Looked {
    if !snapshot.is_virtual()? {
        return Ok(Answer::not_applicable("no guest"));
    }
    let unknown = || Blind::because("proc/stat is not understood");
    let line = snapshot.text("proc/stat")?.lines().find_map(|line| line.strip_prefix("cpu "));
    let times = line.ok_or_else(unknown)?.split_whitespace().map(str::parse::<u64>);
    // User, nice, system, idle, iowait, irq, softirq, steal; what follows is part of the first.
    let times: Vec<u64> = times.take(8).collect::<Result<_, _>>().map_err(|_| unknown())?;
    let &[.., stolen] = times.as_slice() else { return Err(unknown()) };
    let all = times.iter().fold(0u64, |all, time| all.saturating_add(*time)).max(1);
    if times.len() < 8 {
        return Err(unknown());
    }
    let parts = u128::from(stolen) * 1_000_000 / u128::from(all);
    let parts = u64::try_from(parts).unwrap_or(u64::MAX);
    let current = format!("{}.{:03} %", parts / 10_000, parts % 10_000 / 10);
    Ok(Answer::of(parts < PER_MILLION_MAX, current))
}
