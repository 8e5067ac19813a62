//! On machines of several nodes: is memory near those who use it?

use super::{DEDICATED, NO_CORES};
use crate::answer::{Answer, Blind, Looked, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::{CpuList, Snapshot};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "numa_balancing",
        topic: Topic::Cpu,
        why: "It unmaps pages to see who uses them: each first use afterwards is a fault.",
        severity: Severity::Advised,
        wanted: "0, on machines of several nodes",
        remedy: "sysctl -w kernel.numa_balancing=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: balancing,
    },
    Check {
        id: "numa_placement",
        topic: Topic::Cpu,
        why: "From another node's memory, disk or network every cache line takes twice as long.",
        severity: Severity::Advised,
        wanted: "chosen cores, network device and disk on one node",
        remedy: "--cores from the node that the network device and the disk belong to",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: placement,
    },
];

fn nodes(snapshot: &Snapshot) -> Result<CpuList, Blind> {
    let online = snapshot.optional("sys/devices/system/node/online")?.unwrap_or("0");
    CpuList::parse(online).ok_or_else(|| Blind::because("the list of nodes is not understood"))
}

fn balancing(snapshot: &Snapshot) -> Looked {
    if nodes(snapshot)?.len() < 2 {
        return Ok(Answer::not_applicable("one node"));
    }
    number(snapshot, "proc/sys/kernel/numa_balancing", |on| on == 0, "0")
}

fn placement(snapshot: &Snapshot) -> Looked {
    let nodes = nodes(snapshot)?;
    if nodes.len() < 2 {
        return Ok(Answer::not_applicable("one node"));
    }
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let mut used = Vec::new();
    for node in nodes.iter() {
        let cpus = snapshot.cpus(&format!("sys/devices/system/node/node{node}/cpulist"))?;
        if !cpus.within(&chosen).is_empty() {
            used.push((node, "cores".to_owned()));
        }
    }
    // -1 stands for no node in particular.
    let mut devices = Vec::new();
    if let Some(nic) = snapshot.nic()? {
        devices.push((nic, format!("sys/class/net/{nic}/device/numa_node")));
    }
    for disk in snapshot.disks()?.unwrap_or_default() {
        devices.push((disk, format!("sys/block/{disk}/device/numa_node")));
    }
    for (name, path) in devices {
        let node = snapshot.optional(&path)?.and_then(|node| node.parse::<u32>().ok());
        used.extend(node.map(|node| (node, name.to_owned())));
    }
    let distinct: CpuList = used.iter().map(|(node, _)| *node).collect();
    let words: Vec<_> = used.iter().map(|(node, name)| format!("{name} on {node}")).collect();
    Ok(Answer::of(distinct.len() == 1, words.join(", ")))
}
