//! Are the chosen cores left alone by the scheduler, the tick and the kernel's own work?

use super::{LATENCY, NO_CORES};
use crate::answer::{Answer, Blind, Looked, not_there};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::parameter;
use crate::{CpuList, Snapshot};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "cpu_isolated",
        topic: Topic::Cpu,
        why: "On a core that is not isolated the scheduler puts other threads beside the shard.",
        severity: Severity::Advised,
        wanted: "every chosen core",
        remedy: "boot with isolcpus=managed_irq,domain,LIST, or a cpuset partition 'isolated'",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: |snapshot| among(snapshot, "sys/devices/system/cpu/isolated"),
    },
    Check {
        id: "cpu_nohz_full",
        topic: Topic::Cpu,
        why: "The tick stops a lone thread 100 to 1,000 times a second for nothing.",
        severity: Severity::Advised,
        wanted: "every chosen core",
        remedy: "boot with nohz_full=LIST",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: |snapshot| among(snapshot, "sys/devices/system/cpu/nohz_full"),
    },
    Check {
        id: "rcu_callbacks",
        topic: Topic::Cpu,
        why: "Callbacks of RCU run as softirqs on the core that queued them, shards' cores too.",
        severity: Severity::Advised,
        wanted: "every chosen core in rcu_nocbs or nohz_full",
        remedy: "boot with rcu_nocbs=LIST",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: rcu_callbacks,
    },
    Check {
        id: "workqueue_cpumask",
        topic: Topic::Cpu,
        why: "Work of drivers and file systems that belongs to no core runs on any in this mask.",
        severity: Severity::Advised,
        wanted: "no chosen core in it",
        remedy: "write the mask of the other cores to /sys/devices/virtual/workqueue/cpumask",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: workqueues,
    },
];

/// Whether all chosen cores are in the list of a file.
fn among(snapshot: &Snapshot, path: &str) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let list = listed(snapshot, path)?.unwrap_or_default();
    Ok(Answer::of(chosen.without(&list).is_empty(), list))
}

/// A list of CPUs; without any the kernel writes an empty line or `(null)`.
fn listed(snapshot: &Snapshot, path: &str) -> Result<Option<CpuList>, Blind> {
    match snapshot.optional(path)? {
        None => Ok(None),
        Some("(null)") => Ok(Some(CpuList::default())),
        Some(_) => snapshot.cpus(path).map(Some),
    }
}

fn rcu_callbacks(snapshot: &Snapshot) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let full = listed(snapshot, "sys/devices/system/cpu/nohz_full")?.unwrap_or_default();
    let list = match parameter(snapshot.text("proc/cmdline")?, "rcu_nocbs") {
        None => CpuList::default(),
        Some("all") => snapshot.online()?,
        Some(text) => CpuList::parse(text)
            .ok_or_else(|| Blind::because("rcu_nocbs= in proc/cmdline is not understood"))?,
    };
    let free = chosen.without(&list).without(&full).is_empty();
    Ok(Answer::of(free, format_args!("rcu_nocbs {list}, nohz_full {full}")))
}

fn workqueues(snapshot: &Snapshot) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let others = snapshot.online()?.without(&chosen);
    if others.is_empty() {
        return Ok(Answer::not_applicable("all cores are chosen"));
    }
    let path = "sys/devices/virtual/workqueue/cpumask";
    let Some(text) = snapshot.optional(path)? else { return not_there(snapshot, path) };
    let mask = CpuList::parse_mask(text)
        .ok_or_else(|| Blind::because(format_args!("{path} is no mask")))?;
    let is_apart = mask.within(&chosen).is_empty();
    Ok(Answer::of(is_apart, mask).set(path, others.to_mask()))
}
