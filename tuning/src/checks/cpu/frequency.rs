//! Do the cores run as fast as they can, all the time?

use super::{DEDICATED, EVERYBODY, LATENCY};
use crate::answer::{Answer, Blind, Looked, every_cpu, number, of_cpus};
use crate::check::{Check, Evidence, Needs, Setting, Severity, Topic, Verdict};
use crate::{CpuList, Snapshot};

pub(super) const CHECKS: &[Check] = &[
    // Before the governor: once that is set, the kernel refuses to change the preference.
    Check {
        id: "cpu_energy_preference",
        topic: Topic::Cpu,
        why: "The processor itself saves energy by raising its clock late, unless told not to.",
        severity: Severity::Advised,
        wanted: "performance on every CPU",
        remedy: "cpupower set --epp performance",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: energy_preference,
    },
    Check {
        id: "cpu_governor",
        topic: Topic::Cpu,
        why: "Under any other governor a shard that wakes up finds its core slowed down.",
        severity: Severity::Advised,
        wanted: "performance on every CPU",
        remedy: "cpupower frequency-set -g performance",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: governor,
    },
    Check {
        id: "cpu_turbo",
        topic: Topic::Cpu,
        why: "Without turbo a core runs at its base clock even where there is heat to spare.",
        severity: Severity::Advised,
        wanted: "on",
        remedy: "echo 0 > /sys/devices/system/cpu/intel_pstate/no_turbo, or 1 > .../cpufreq/boost",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: turbo,
    },
    Check {
        id: "cpu_frequency_limit",
        topic: Topic::Cpu,
        why: "A limit below what the processor can do slows every shard down, always.",
        severity: Severity::Advised,
        wanted: "the processor's own maximum",
        remedy: "cpupower frequency-set --max of cpuinfo_max_freq",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: frequency_limit,
    },
    Check {
        id: "cpu_throttled",
        topic: Topic::Cpu,
        why: "A core that was too hot was slowed down, at the very load that was to be served.",
        severity: Severity::Advised,
        wanted: "never since the start",
        remedy: "better cooling, or a lower power limit that is never reached",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: throttled,
    },
];

fn governor(snapshot: &Snapshot) -> Looked {
    let file = "cpufreq/scaling_governor";
    let answer = every_cpu(snapshot, file, |text| text == "performance", "performance")?;
    if answer.verdict == Verdict::NotApplicable {
        // In most virtual machines there is none: the host decides, and does not say.
        return Err(Blind::because("no CPU has a governor"));
    }
    Ok(answer)
}

fn energy_preference(snapshot: &Snapshot) -> Looked {
    let is_highest = |text: &str| text == "performance" || text == "0";
    every_cpu(snapshot, "cpufreq/energy_performance_preference", is_highest, "performance")
}

fn turbo(snapshot: &Snapshot) -> Looked {
    let intel = "sys/devices/system/cpu/intel_pstate/no_turbo";
    if snapshot.optional(intel)?.is_some() {
        let answer = number(snapshot, intel, |off| off == 0, "0")?;
        let current = if answer.verdict == Verdict::Pass { "on" } else { "off" };
        return Ok(Answer { current: current.to_owned(), ..answer });
    }
    let boost = "sys/devices/system/cpu/cpufreq/boost";
    if snapshot.optional(boost)?.is_none() {
        return Ok(Answer::not_applicable("the kernel has no switch for it"));
    }
    let is_on = snapshot.number::<u32>(boost)? == 1;
    Ok(Answer::of(is_on, if is_on { "on" } else { "off" }).set(boost, "1"))
}

fn frequency_limit(snapshot: &Snapshot) -> Looked {
    let limits = of_cpus(snapshot, "cpufreq/scaling_max_freq")?;
    let mut settings = Vec::new();
    let mut words = Vec::new();
    for (cpu, path, limit) in &limits {
        let most = format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/cpuinfo_max_freq");
        let most: u64 = snapshot.number(&most)?;
        if snapshot.number::<u64>(path)? < most {
            settings.push(Setting { path: path.clone(), value: most.to_string() });
        }
        words.push((*cpu, *limit));
    }
    if limits.is_empty() {
        return Ok(Answer::not_applicable("no CPU has a limit"));
    }
    let answer = Answer::of(settings.is_empty(), format_args!("kHz: {}", CpuList::grouped(&words)));
    Ok(Answer { settings, ..answer })
}

fn throttled(snapshot: &Snapshot) -> Looked {
    let counts = of_cpus(snapshot, "thermal_throttle/core_throttle_count")?;
    let mut times = 0u64;
    for (_, path, _) in &counts {
        times = times.saturating_add(snapshot.number(path)?);
    }
    if counts.is_empty() {
        return Ok(Answer::not_applicable("no CPU counts it"));
    }
    Ok(Answer::of(times == 0, format_args!("{times} times")))
}
