//! How deeply do idle cores sleep, and how long do they take to wake up?

use super::LATENCY;
use crate::answer::{Answer, Looked, of_cpus};
use crate::check::{Check, Evidence, Needs, Setting, Severity, Topic};
use crate::{CpuList, Snapshot};

/// Longer than this to wake up, and it shows beside a network's and a disk's 50 us.
const WAKE_US_MAX: u64 = 10;

/// The deepest state that is looked for; the kernel's own limit is 10.
const STATES_MAX: usize = 10;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "cpu_idle_states",
        topic: Topic::Cpu,
        why: "A core in a deep sleep takes up to 100 us and more before it serves a request.",
        severity: Severity::Advised,
        wanted: "no enabled state that takes over 10 us to leave",
        remedy: "cpupower idle-set -D 10, or boot with intel_idle.max_cstate=1",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: states,
    },
    Check {
        id: "cpu_dma_latency",
        topic: Topic::Cpu,
        why: "Without a bound on the time to wake up, the kernel picks the sleep by guessing.",
        severity: Severity::Advised,
        wanted: "a bound of 10 us at most on every CPU, or no deep state to bound",
        remedy: "write 10 to each cpu*/power/pm_qos_resume_latency_us, or hold \
                 /dev/cpu_dma_latency open (tuned's force_latency)",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: latency_bound,
    },
    Check {
        id: "cpu_idle_driver",
        topic: Topic::Cpu,
        why: "A guest that halts hands its CPU to the host, and waits to get it back; with \
              haltpoll it looks around first.",
        severity: Severity::Advised,
        wanted: "haltpoll in a guest",
        remedy: "modprobe cpuidle-haltpoll (force=1 where KVM gives no hint)",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: guest_driver,
    },
];

/// An enabled idle state that takes long to leave.
struct Deep<'a> {
    cpu: u32,
    name: &'a str,
    switch: String,
}

fn deep(snapshot: &Snapshot) -> Result<(Vec<Deep<'_>>, usize), crate::answer::Blind> {
    let (mut found, mut count) = (Vec::new(), 0);
    for cpu in snapshot.online()?.iter() {
        for state in 0..STATES_MAX {
            let at = format!("sys/devices/system/cpu/cpu{cpu}/cpuidle/state{state}");
            let latency = format!("{at}/latency");
            if snapshot.optional(&latency)?.is_none() {
                break;
            }
            count += 1;
            let switch = format!("{at}/disable");
            let is_off = snapshot.optional(&switch)?.is_some_and(|off| off != "0");
            if !is_off && snapshot.number::<u64>(&latency)? > WAKE_US_MAX {
                let name = snapshot.optional(&format!("{at}/name"))?.unwrap_or("unnamed");
                found.push(Deep { cpu, name, switch });
            }
        }
    }
    Ok((found, count))
}

fn states(snapshot: &Snapshot) -> Looked {
    let (deep, count) = deep(snapshot)?;
    if count == 0 {
        return Ok(Answer::not_applicable("no CPU has idle states"));
    }
    if deep.is_empty() {
        return Ok(Answer::of(true, "only short ones"));
    }
    let words: Vec<_> = deep.iter().map(|state| (state.cpu, state.name)).collect();
    let settings =
        deep.iter().map(|state| Setting { path: state.switch.clone(), value: "1".to_owned() });
    let settings = settings.collect();
    Ok(Answer { settings, ..Answer::of(false, CpuList::grouped(&words)) })
}

fn latency_bound(snapshot: &Snapshot) -> Looked {
    let (deep, count) = deep(snapshot)?;
    if count == 0 {
        return Ok(Answer::not_applicable("no CPU has idle states"));
    }
    if deep.is_empty() {
        return Ok(Answer::of(true, "no deep state is enabled"));
    }
    let bounds = of_cpus(snapshot, "power/pm_qos_resume_latency_us")?;
    if bounds.is_empty() {
        return Ok(Answer::not_applicable("this kernel has no bound for each CPU"));
    }
    // "0" is no bound at all, "n/a" the strictest.
    let is_bound = |text: &str| {
        text == "n/a" || text.parse::<u64>().is_ok_and(|us| us > 0 && us <= WAKE_US_MAX)
    };
    let words: Vec<_> = bounds.iter().map(|(cpu, _, text)| (*cpu, *text)).collect();
    let wrong = bounds.iter().filter(|(_, _, text)| !is_bound(text));
    let settings: Vec<_> =
        wrong.map(|(_, path, _)| Setting { path: path.clone(), value: "10".to_owned() }).collect();
    let answer = Answer::of(settings.is_empty(), format_args!("us: {}", CpuList::grouped(&words)));
    Ok(Answer { settings, ..answer })
}

fn guest_driver(snapshot: &Snapshot) -> Looked {
    if !snapshot.is_virtual()? {
        return Ok(Answer::not_applicable("no guest"));
    }
    let driver = snapshot.optional("sys/devices/system/cpu/cpuidle/current_driver")?;
    let driver = driver.unwrap_or("none");
    Ok(Answer::of(driver == "haltpoll", driver))
}
