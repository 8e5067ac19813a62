//! Which core handles a packet after the interrupt: receive and transmit packet steering.

use super::{DEDICATED, LATENCY, NO_NIC};
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Setting, Severity, Topic};
use crate::{CpuList, Snapshot};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "receive_steering",
        topic: Topic::Network,
        why: "With a queue for each core steering is a hop for nothing; with fewer, it is all \
              that keeps one core from handling everybody's packets.",
        severity: Severity::Advised,
        wanted: "off with a queue for each core, all online cores with fewer",
        remedy: "write the mask to /sys/class/net/NIC/queues/rx-*/rps_cpus",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: receive,
    },
    Check {
        id: "transmit_steering",
        topic: Topic::Network,
        why: "Without it cores share the device's transmit queues, and wait for their locks.",
        severity: Severity::Advised,
        wanted: "cores for each transmit queue, where there are several",
        remedy: "write a mask to each /sys/class/net/NIC/queues/tx-*/xps_cpus",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: transmit,
    },
];

/// The masks of a device's queues in one direction, with their paths.
fn masks(
    snapshot: &Snapshot,
    nic: &str,
    direction: &str,
    file: &str,
) -> Result<Vec<(String, CpuList)>, Blind> {
    let directory = format!("sys/class/net/{nic}/queues");
    let mut masks = Vec::new();
    for queue in snapshot.names(&directory)? {
        if !queue.starts_with(direction) {
            continue;
        }
        let path = format!("{directory}/{queue}/{file}");
        let mask = CpuList::parse_mask(snapshot.text(&path)?);
        let mask = mask.ok_or_else(|| Blind::because(format_args!("{path} is no mask")))?;
        masks.push((path, mask));
    }
    Ok(masks)
}

fn receive(snapshot: &Snapshot) -> Looked {
    let Some(nic) = snapshot.nic()? else { return Ok(Answer::not_applicable(NO_NIC)) };
    let masks = masks(snapshot, nic, "rx-", "rps_cpus")?;
    let online = snapshot.online()?;
    if masks.is_empty() {
        return Err(Blind::because(format_args!("the queues of {nic} can not be seen")));
    }
    if online.len() == 1 {
        return Ok(Answer::not_applicable("one CPU"));
    }
    let wanted = if masks.len() >= online.len() { CpuList::default() } else { online };
    let is_off = wanted.is_empty();
    let wrong = masks.iter().filter(|(_, mask)| mask.is_empty() != is_off);
    let settings: Vec<_> =
        wrong.map(|(path, _)| Setting { path: path.clone(), value: wanted.to_mask() }).collect();
    let on = masks.iter().filter(|(_, mask)| !mask.is_empty()).count();
    let current = format!("on for {on} of {} queues", masks.len());
    let answer = Answer::of(settings.is_empty(), current);
    Ok(Answer { settings, ..answer })
}

fn transmit(snapshot: &Snapshot) -> Looked {
    let Some(nic) = snapshot.nic()? else { return Ok(Answer::not_applicable(NO_NIC)) };
    let queues = snapshot.names(&format!("sys/class/net/{nic}/queues"))?;
    // The kernel refuses to say it for a device with one queue.
    if queues.iter().filter(|queue| queue.starts_with("tx-")).count() < 2 {
        return Ok(Answer::not_applicable("one transmit queue"));
    }
    let masks = masks(snapshot, nic, "tx-", "xps_cpus")?;
    let without = masks.iter().filter(|(_, mask)| mask.is_empty()).count();
    let current = format_args!("{without} of {} queues without cores", masks.len());
    Ok(Answer::of(without == 0, current))
}
