//! Does the disk or its bus go to sleep, and does the driver keep queues that nobody uses?

use super::{DEDICATED, LATENCY, NO_DATA};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::chosen;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "nvme_power_states",
        topic: Topic::Disk,
        why: "An NVMe disk that went to sleep on its own takes milliseconds to its next write.",
        severity: Severity::Advised,
        wanted: "0: no sleep at all",
        remedy: "boot with nvme_core.default_ps_max_latency_us=0, or write 0 to \
                 /sys/class/nvme/nvmeN/power/pm_qos_latency_tolerance_us",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: power_states,
    },
    Check {
        id: "nvme_poll_queues",
        topic: Topic::Disk,
        why: "Tidemill waits for interrupts: a queue set aside for polling is one less for it.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "boot without nvme.poll_queues=N",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: poll_queues,
    },
    Check {
        id: "pcie_power",
        topic: Topic::Disk,
        why: "A link of PCI Express that sleeps takes up to 100 us to carry the next request.",
        severity: Severity::Advised,
        wanted: "performance",
        remedy: "echo performance > /sys/module/pcie_aspm/parameters/policy, or boot with \
                 pcie_aspm=off",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: link_power,
    },
];

/// The controllers of the data directory's disks, where they have one: `nvme0` of `nvme0n1`.
fn controllers(snapshot: &Snapshot) -> Result<Option<Vec<&str>>, Blind> {
    let Some(disks) = snapshot.disks()? else { return Ok(None) };
    let disks = disks.into_iter().filter(|disk| disk.starts_with("nvme"));
    let found = disks.filter_map(|disk| disk.get(..disk.rfind('n').filter(|at| *at > 4)?));
    Ok(Some(found.collect()))
}

fn power_states(snapshot: &Snapshot) -> Looked {
    let Some(controllers) = controllers(snapshot)? else {
        return Ok(Answer::not_applicable(NO_DATA));
    };
    if controllers.is_empty() {
        return Ok(Answer::not_applicable("no NVMe disk"));
    }
    let all = "sys/module/nvme_core/parameters/default_ps_max_latency_us";
    if snapshot.optional(all)? == Some("0") {
        return Ok(Answer::of(true, "off for all"));
    }
    let mut answer = Answer::of(true, "");
    for name in controllers {
        let path = format!("sys/class/nvme/{name}/power/pm_qos_latency_tolerance_us");
        let Some(text) = snapshot.optional(&path)? else {
            let built_in: u64 = snapshot.number(all)?;
            return Ok(Answer::of(built_in == 0, format_args!("{built_in} us for all")));
        };
        if text != "0" {
            let current = format_args!("{name}: {text} us");
            let settings = answer.settings;
            answer = Answer { settings, ..Answer::of(false, current) }.set(path, "0");
        }
    }
    if answer.settings.is_empty() {
        return Ok(Answer::of(true, "off"));
    }
    Ok(answer)
}

fn poll_queues(snapshot: &Snapshot) -> Looked {
    let Some(controllers) = controllers(snapshot)? else {
        return Ok(Answer::not_applicable(NO_DATA));
    };
    let path = "sys/module/nvme/parameters/poll_queues";
    if controllers.is_empty() || snapshot.optional(path)?.is_none() {
        return Ok(Answer::not_applicable("no NVMe disk"));
    }
    let count: u64 = snapshot.number(path)?;
    Ok(Answer::of(count == 0, count))
}

fn link_power(snapshot: &Snapshot) -> Looked {
    let path = "sys/module/pcie_aspm/parameters/policy";
    let Some(words) = snapshot.optional(path)? else {
        return Ok(Answer::not_applicable("no links whose power the kernel manages"));
    };
    let word = chosen(words).ok_or_else(|| Blind::because(format_args!("{path}: {words}")))?;
    Ok(Answer::of(word == "performance", word).set(path, "performance"))
}
