//! What the kernel does on every core besides running threads.

use super::{DEDICATED, EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::{chosen, parameter};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "preemption",
        topic: Topic::Cpu,
        why: "A shard that wakes up waits until what is in the kernel on its core gives way.",
        severity: Severity::Advised,
        wanted: "full, lazy or real time",
        remedy: "boot with preempt=full (or preempt=lazy from 6.13 on)",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: preemption,
    },
    Check {
        id: "timer_migration",
        topic: Topic::Cpu,
        why: "Timers of idle cores move to busy ones, and fire there as interrupts.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "sysctl -w kernel.timer_migration=0",
        needs: Needs::Root,
        evidence: Evidence::Folklore,
        profiles: LATENCY,
        look: |snapshot| number(snapshot, "proc/sys/kernel/timer_migration", |on| on == 0, "0"),
    },
    Check {
        id: "nmi_watchdog",
        topic: Topic::Cpu,
        why: "It interrupts every core about once in ten seconds, and takes a counter from perf.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "sysctl -w kernel.nmi_watchdog=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| number(snapshot, "proc/sys/kernel/nmi_watchdog", |on| on == 0, "0"),
    },
    Check {
        id: "rt_throttling",
        topic: Topic::Cpu,
        why: "Shards are ordinary threads: without a limit a real-time thread that spins starves \
              one for ever.",
        severity: Severity::Advised,
        wanted: "a limit (950000 us of each second is built in), not -1",
        remedy: "sysctl -w kernel.sched_rt_runtime_us=950000",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| {
            let path = "proc/sys/kernel/sched_rt_runtime_us";
            number(snapshot, path, |runtime_us| runtime_us >= 0, "950000")
        },
    },
    Check {
        id: "mitigations",
        topic: Topic::Cpu,
        why: "Some mitigations make each entry to the kernel, and each way back, dearer.",
        severity: Severity::Advised,
        wanted: "none that costs at each entry (page table isolation, IBRS, cleared buffers)",
        remedy: "a processor that is not affected; mitigations=off only where nobody else's code \
                 ever runs, see GUIDE.md",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: mitigations,
    },
];

/// What the kernel says of mitigations that work at each entry or exit.
const DEAR: [&str; 5] =
    ["Mitigation: PTI", "Mitigation: IBRS", "Clear CPU buffers", "untrained return", "Safe RET"];

fn preemption(snapshot: &Snapshot) -> Looked {
    let gives_way = |mode: &str| ["full", "lazy"].contains(&mode);
    let version = snapshot.text("proc/version")?;
    if version.contains("PREEMPT_RT") {
        return Ok(Answer::of(true, "real time"));
    }
    if !version.contains("PREEMPT_DYNAMIC") {
        // A model that was chosen when the kernel was built.
        let mode = if version.contains("PREEMPT") { "full" } else { "none or voluntary" };
        return Ok(Answer::of(gives_way(mode), mode));
    }
    let file = snapshot.optional("sys/kernel/debug/sched/preempt");
    if let Ok(Some(mode)) = file.map(|modes| modes.and_then(chosen)) {
        return Ok(Answer::of(gives_way(mode), mode));
    }
    match parameter(snapshot.text("proc/cmdline")?, "preempt") {
        Some(mode) => Ok(Answer::of(gives_way(mode), mode)),
        None => Err(Blind::because(
            "only root sees it, in sys/kernel/debug/sched/preempt, where debugfs is mounted",
        )),
    }
}

fn mitigations(snapshot: &Snapshot) -> Looked {
    let directory = "sys/devices/system/cpu/vulnerabilities";
    let names = snapshot.names(directory)?;
    if names.is_empty() {
        return Err(Blind::because(format_args!("{directory} is not there")));
    }
    let mut dear = Vec::new();
    for name in names {
        let text = snapshot.text(&format!("{directory}/{name}"))?;
        if !text.starts_with("Vulnerable") && DEAR.iter().any(|words| text.contains(words)) {
            dear.push(name.as_str());
        }
    }
    let current = if dear.is_empty() { "none that is dear".to_owned() } else { dear.join(", ") };
    Ok(Answer::of(dear.is_empty(), current))
}
