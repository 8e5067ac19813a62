//! Where do the interrupts of the network and of the disk arrive?

use super::{DEDICATED, LATENCY, NO_CORES, NO_DATA, NO_NIC};
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Setting, Severity, Topic};
use crate::{CpuList, Snapshot};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "irq_affinity_nic",
        topic: Topic::Cpu,
        why: "An interrupt of the network stops the shard on its core, for all packets that came.",
        severity: Severity::Advised,
        wanted: "on cores that no shard has; where shards have all, not all on one",
        remedy: "write the other cores to /proc/irq/N/smp_affinity_list, and stop irqbalance",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: nic,
    },
    Check {
        id: "irq_affinity_disk",
        topic: Topic::Cpu,
        why: "Completions of one disk that all arrive on one core wait there for each other.",
        severity: Severity::Advised,
        wanted: "as many cores as the disk has queues",
        remedy: "leave NVMe's to the kernel (one a core); spread others by smp_affinity_list",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: disk,
    },
    Check {
        id: "irqbalance",
        topic: Topic::Cpu,
        why: "It moves interrupts onto the shards' cores again, every ten seconds.",
        severity: Severity::Advised,
        wanted: "not running, or told to leave the chosen cores alone",
        remedy: "systemctl disable --now irqbalance, or IRQBALANCE_BANNED_CPULIST=LIST",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: |snapshot| {
            let runs = snapshot.runs("irqbalance")?;
            Ok(Answer::of(!runs, if runs { "it runs" } else { "it does not run" }))
        },
    },
];

/// The interrupts of a device, by its list of them or else by what they are called.
fn interrupts(
    snapshot: &Snapshot,
    lists: &[String],
    is_named: impl Fn(&str) -> bool,
) -> Result<Vec<u32>, Blind> {
    let mut found = Vec::new();
    for list in lists {
        found.extend(snapshot.names(list)?.iter().filter_map(|name| name.parse::<u32>().ok()));
    }
    if found.is_empty() {
        for name in snapshot.names("sys/kernel/irq")? {
            let actions = snapshot.optional(&format!("sys/kernel/irq/{name}/actions"))?;
            let is_it = actions.is_some_and(|actions| actions.split(',').any(&is_named));
            found.extend(name.parse::<u32>().ok().filter(|_| is_it));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Where an interrupt goes, or may go. `None` if it is in use nowhere.
fn cores_of(snapshot: &Snapshot, interrupt: u32) -> Result<Option<CpuList>, Blind> {
    let effective = format!("proc/irq/{interrupt}/effective_affinity_list");
    // Empty as long as the interrupt has not been set up.
    if snapshot.optional(&effective)?.is_some_and(|list| !list.is_empty()) {
        return snapshot.cpus(&effective).map(Some);
    }
    let allowed = format!("proc/irq/{interrupt}/smp_affinity_list");
    if snapshot.optional(&allowed)?.is_none() {
        return Ok(None);
    }
    snapshot.cpus(&allowed).map(Some)
}

fn nic(snapshot: &Snapshot) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let Some(nic) = snapshot.nic()? else { return Ok(Answer::not_applicable(NO_NIC)) };
    let device = format!("sys/class/net/{nic}/device");
    let lists = [format!("{device}/msi_irqs"), format!("{device}/../msi_irqs")];
    let interrupts = interrupts(snapshot, &lists, |action| {
        // `eth1-TxRx-0`, `i40e-eth1-TxRx-0`, and not `eth10-TxRx-0`.
        action.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == nic)
    })?;
    let others = snapshot.online()?.without(&chosen);
    let mut on = Vec::new();
    let mut settings = Vec::new();
    for interrupt in interrupts {
        let Some(cores) = cores_of(snapshot, interrupt)? else { continue };
        if !cores.within(&chosen).is_empty() {
            let path = format!("proc/irq/{interrupt}/smp_affinity_list");
            settings.push(Setting { path, value: others.to_string() });
        }
        on.push(cores);
    }
    if on.is_empty() {
        return Err(Blind::because(format_args!("the interrupts of {nic} can not be told")));
    }
    let all: CpuList = on.iter().flat_map(CpuList::iter).collect();
    let current = format!("{} interrupts on cores {all}", on.len());
    if others.is_empty() {
        let is_spread = all.len() > 1 || on.len() == 1;
        return Ok(Answer::of(is_spread, format_args!("{current}, all of which have shards")));
    }
    let answer = Answer::of(settings.is_empty(), current);
    Ok(Answer { settings, ..answer })
}

fn disk(snapshot: &Snapshot) -> Looked {
    let Some(disks) = snapshot.disks()? else { return Ok(Answer::not_applicable(NO_DATA)) };
    let online = snapshot.online()?.len();
    let (mut holds, mut words) = (true, Vec::new());
    for disk in disks {
        let device = format!("sys/block/{disk}/device");
        let lists = [format!("{device}/device/msi_irqs"), format!("{device}/../msi_irqs")];
        // nvme0n1 is a part of nvme0, whose queues are called nvme0q1 and so on.
        let controller = disk.rfind('n').and_then(|at| disk.get(..at)).unwrap_or(disk);
        let queue = format!("{controller}q");
        let is_named = |action: &str| disk.starts_with("nvme") && action.starts_with(&queue);
        let (mut cores, mut count) = (Vec::new(), 0);
        for interrupt in interrupts(snapshot, &lists, is_named)? {
            if let Some(list) = cores_of(snapshot, interrupt)? {
                cores.extend(list.iter());
                count += 1;
            }
        }
        if count == 0 {
            return Err(Blind::because(format_args!("the interrupts of {disk} can not be told")));
        }
        let cores: CpuList = cores.into_iter().collect();
        // One interrupt of each is for the controller itself.
        let queues = usize::max(count, 2) - 1;
        holds &= cores.len() >= usize::min(queues, online);
        words.push(format!("{disk}: {count} interrupts on cores {cores}"));
    }
    Ok(Answer::of(holds, words.join(", ")))
}
