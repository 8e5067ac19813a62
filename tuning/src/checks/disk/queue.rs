//! What the kernel does to a request on its way to the disk.

use super::{DEDICATED, EVERYBODY, LATENCY, NO_DATA, every_queue, number};
use crate::Snapshot;
use crate::answer::{Answer, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::chosen;

/// Kilobytes ahead: below, a consumer of history waits for each piece; above, one reader fills the
/// page cache with what nobody else wants.
const READ_AHEAD_KB: std::ops::RangeInclusive<i64> = 128..=4_096;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "disk_scheduler",
        topic: Topic::Disk,
        why: "A scheduler holds a journal's write back to sort it among others.",
        severity: Severity::Advised,
        wanted: "none",
        remedy: "echo none > /sys/block/DISK/queue/scheduler",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| {
            let is_none = |text: &str| chosen(text).map(|word| word == "none");
            every_queue(snapshot, "scheduler", is_none, Some("none"))
        },
    },
    Check {
        id: "disk_nomerges",
        topic: Topic::Disk,
        why: "Each request is compared with those waiting, although a journal's never join.",
        severity: Severity::Advised,
        wanted: "1 or 2",
        remedy: "echo 2 > /sys/block/DISK/queue/nomerges",
        needs: Needs::Root,
        evidence: Evidence::Folklore,
        profiles: LATENCY,
        look: |snapshot| every_queue(snapshot, "nomerges", number(|merges| merges > 0), Some("2")),
    },
    Check {
        id: "disk_writeback_throttling",
        topic: Topic::Disk,
        why: "It holds writes back to keep reads quick, and so segments behind the journal.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "echo 0 > /sys/block/DISK/queue/wbt_lat_usec",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| {
            every_queue(snapshot, "wbt_lat_usec", number(|target_us| target_us <= 0), Some("0"))
        },
    },
    Check {
        id: "disk_read_ahead",
        topic: Topic::Disk,
        why: "Consumers that read history go through the page cache, in steps of this size.",
        severity: Severity::Advised,
        wanted: "128 to 4096 KiB",
        remedy: "echo 512 > /sys/block/DISK/queue/read_ahead_kb",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| {
            let holds = number(|kb| READ_AHEAD_KB.contains(&kb));
            every_queue(snapshot, "read_ahead_kb", holds, Some("512"))
        },
    },
    Check {
        id: "disk_completion_core",
        topic: Topic::Disk,
        why: "A completion that ends on another core is one more hop before the ack.",
        severity: Severity::Advised,
        wanted: "2: on the very core that asked",
        remedy: "echo 2 > /sys/block/DISK/queue/rq_affinity",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: |snapshot| every_queue(snapshot, "rq_affinity", number(|mode| mode == 2), Some("2")),
    },
    Check {
        id: "disk_entropy",
        topic: Topic::Disk,
        why: "Each completion is stirred into the pool of random numbers, which needs none.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "echo 0 > /sys/block/DISK/queue/add_random",
        needs: Needs::Root,
        evidence: Evidence::Folklore,
        profiles: LATENCY,
        look: |snapshot| every_queue(snapshot, "add_random", number(|adds| adds == 0), Some("0")),
    },
    Check {
        id: "disk_queues",
        topic: Topic::Disk,
        why: "Shards that share a hardware queue wait for its lock.",
        severity: Severity::Advised,
        wanted: "one for each shard",
        remedy: "a disk with more queues (virtio: queues= of the device's definition)",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: queues,
    },
];

fn queues(snapshot: &Snapshot) -> Looked {
    let Some(disks) = snapshot.disks()? else { return Ok(Answer::not_applicable(NO_DATA)) };
    let shards = match snapshot.chosen()? {
        Some(chosen) => chosen.len(),
        None => snapshot.online()?.len(),
    };
    let (mut holds, mut words) = (true, Vec::new());
    for disk in disks {
        let count = snapshot.names(&format!("sys/block/{disk}/mq"))?.len();
        if count == 0 {
            return Ok(Answer::not_applicable(format_args!("{disk} has no hardware queues")));
        }
        holds &= count >= shards;
        words.push(format!("{disk}: {count} for {shards} shards"));
    }
    Ok(Answer::of(holds, words.join(", ")))
}
