//! Do the chosen cores share their execution units with anybody?

use super::{DEDICATED, LATENCY, NO_CORES};
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::{CpuList, Snapshot};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "smt_shared_core",
        topic: Topic::Cpu,
        why: "Two shards on the threads of one core take its caches and units from each other.",
        severity: Severity::Advised,
        wanted: "one shard a physical core",
        remedy: "--cores with one thread of each core, see thread_siblings_list",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: shared_core,
    },
    Check {
        id: "smt_sibling",
        topic: Topic::Cpu,
        why: "Whatever runs on the other thread of a shard's core slows the shard down.",
        severity: Severity::Advised,
        wanted: "siblings of chosen cores offline, or isolated and unused",
        remedy: "echo off > /sys/devices/system/cpu/smt/control, or isolate them too",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: sibling,
    },
];

/// The other threads of a core that are online.
fn siblings(snapshot: &Snapshot, cpu: u32) -> Result<CpuList, Blind> {
    let path = format!("sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    let threads = snapshot.cpus(&path)?.within(&snapshot.online()?);
    Ok(threads.iter().filter(|thread| *thread != cpu).collect())
}

fn shared_core(snapshot: &Snapshot) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let mut shared = Vec::new();
    for cpu in chosen.iter() {
        if !siblings(snapshot, cpu)?.within(&chosen).is_empty() {
            shared.push(cpu);
        }
    }
    let shared: CpuList = shared.into_iter().collect();
    Ok(Answer::of(shared.is_empty(), format_args!("chosen beside a sibling: {shared}")))
}

fn sibling(snapshot: &Snapshot) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let isolated = snapshot.optional("sys/devices/system/cpu/isolated")?.unwrap_or_default();
    let isolated = CpuList::parse(isolated).unwrap_or_default();
    let mut busy = Vec::new();
    for cpu in chosen.iter() {
        let others = siblings(snapshot, cpu)?.without(&chosen);
        busy.extend(others.without(&isolated).iter());
    }
    let busy: CpuList = busy.into_iter().collect();
    Ok(Answer::of(busy.is_empty(), format_args!("siblings open to others: {busy}")))
}
