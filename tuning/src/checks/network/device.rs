//! The network device: its rings, how long it waits before it interrupts, how many queues it has.

use super::{DEDICATED, EVERYBODY, LATENCY, NO_NIC};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// `VIRTIO_NET_F_VQ_NOTF_COAL` and `VIRTIO_NET_F_NOTF_COAL`: only with one of them a virtio device
/// delays interrupts.
const COALESCING_BITS: std::ops::RangeInclusive<usize> = 52..=53;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "nic_rings",
        topic: Topic::Network,
        why: "A burst that finds the device's ring full is dropped, and sent again after 200 ms.",
        severity: Severity::Advised,
        wanted: "no packet missed since the start (the ring's length is in no file)",
        remedy: "ethtool -G NIC rx 4096, up to what ethtool -g says",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: rings,
    },
    Check {
        id: "nic_coalescing",
        topic: Topic::Network,
        why: "A device that gathers packets before it interrupts adds that time to each request.",
        severity: Severity::Advised,
        wanted: "no delay: gro_flush_timeout 0, and adaptive-rx off or a few us (ethtool)",
        remedy: "ethtool -C NIC adaptive-rx off rx-usecs 0; echo 0 > \
                 /sys/class/net/NIC/gro_flush_timeout",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: coalescing,
    },
    Check {
        id: "nic_queues",
        topic: Topic::Network,
        why: "With fewer queues than shards, packets of many shards arrive on one core.",
        severity: Severity::Advised,
        wanted: "a receive queue for each shard",
        remedy: "ethtool -L NIC combined N",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: queues,
    },
];

fn rings(snapshot: &Snapshot) -> Looked {
    let Some(nic) = snapshot.nic()? else { return Ok(Answer::not_applicable(NO_NIC)) };
    let counter = |name| {
        let path = format!("sys/class/net/{nic}/statistics/{name}");
        snapshot.number::<u64>(&path)
    };
    let missed = counter("rx_missed_errors")?.saturating_add(counter("rx_fifo_errors")?);
    Ok(Answer::of(missed == 0, format_args!("{missed} missed")))
}

fn coalescing(snapshot: &Snapshot) -> Looked {
    let Some(nic) = snapshot.nic()? else { return Ok(Answer::not_applicable(NO_NIC)) };
    let path = format!("sys/class/net/{nic}/gro_flush_timeout");
    let timeout_ns: u64 = snapshot.number(&path)?;
    if timeout_ns > 0 {
        let answer = Answer::of(false, format_args!("gro_flush_timeout {timeout_ns} ns"));
        return Ok(answer.set(path, "0"));
    }
    let device = format!("sys/class/net/{nic}/device");
    let driver = snapshot.optional(&format!("{device}/uevent"))?.unwrap_or_default();
    let features = snapshot.optional(&format!("{device}/features"))?.unwrap_or_default();
    let is_virtio = driver.lines().any(|line| line == "DRIVER=virtio_net");
    if is_virtio && features.get(COALESCING_BITS) == Some("00") {
        return Ok(Answer::of(true, "the device can not"));
    }
    Err(Blind::because(format_args!("no file says what {nic} itself does; see ethtool -c {nic}")))
}

fn queues(snapshot: &Snapshot) -> Looked {
    let Some(nic) = snapshot.nic()? else { return Ok(Answer::not_applicable(NO_NIC)) };
    let shards = match snapshot.chosen()? {
        Some(chosen) => chosen.len(),
        None => snapshot.online()?.len(),
    };
    let names = snapshot.names(&format!("sys/class/net/{nic}/queues"))?;
    let count = names.iter().filter(|name| name.starts_with("rx-")).count();
    if count == 0 {
        return Err(Blind::because(format_args!("the queues of {nic} can not be seen")));
    }
    Ok(Answer::of(count >= shards, format_args!("{count} for {shards} shards")))
}
