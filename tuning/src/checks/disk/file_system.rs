//! The file system of the data directory, and what it was told when it was mounted.

use super::{DEDICATED, EVERYBODY, NO_DATA};
use crate::Snapshot;
use crate::answer::{Answer, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// Those with direct I/O to blocks that stay where they are, and flushes that reach the disk.
const KINDS: [&str; 2] = ["ext4", "xfs"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "file_system",
        topic: Topic::Disk,
        why: "The journal overwrites blocks in place, around the page cache; elsewhere each such \
              write moves blocks, goes over a network, or is not durable at all.",
        severity: Severity::Advised,
        wanted: "ext4 or xfs",
        remedy: "mkfs.xfs, or mkfs.ext4, on a disk of its own",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: kind,
    },
    Check {
        id: "mount_barrier",
        topic: Topic::Disk,
        why: "Without barriers a flush does nothing, and what was acknowledged is lost with the \
              power.",
        severity: Severity::Required,
        wanted: "no nobarrier, no barrier=0",
        remedy: "mount -o remount,barrier=1, and mend /etc/fstab",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| without(snapshot, &["nobarrier", "barrier=0"]),
    },
    Check {
        id: "mount_options",
        topic: Topic::Disk,
        why: "Data that goes through the file system's own journal, or times noted at each read, \
              are writes that nobody asked for.",
        severity: Severity::Advised,
        wanted: "no sync, dirsync, strictatime or data=journal",
        remedy: "mount with noatime and without these",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| without(snapshot, &["sync", "dirsync", "strictatime", "data=journal"]),
    },
    Check {
        id: "online_discard",
        topic: Topic::Disk,
        why: "Each deleted segment becomes commands to the disk that writes wait behind.",
        severity: Severity::Advised,
        wanted: "no discard; fstrim.timer instead",
        remedy: "mount -o remount,nodiscard, systemctl enable --now fstrim.timer",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| without(snapshot, &["discard", "discard=sync"]),
    },
    Check {
        id: "ext4_lazy_init",
        topic: Topic::Disk,
        why: "After mkfs ext4 writes its inode tables in the background, for minutes or hours.",
        severity: Severity::Advised,
        wanted: "finished",
        remedy: "wait, or mount once with init_itable=0, or mkfs with lazy_itable_init=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: lazy_init,
    },
];

fn kind(snapshot: &Snapshot) -> Looked {
    let Some(mount) = snapshot.mount()? else { return Ok(Answer::not_applicable(NO_DATA)) };
    let current = format_args!("{} at {}", mount.kind, mount.point);
    Ok(Answer::of(KINDS.contains(&mount.kind), current))
}

fn without(snapshot: &Snapshot, unwanted: &[&str]) -> Looked {
    let Some(mount) = snapshot.mount()? else { return Ok(Answer::not_applicable(NO_DATA)) };
    let found: Vec<_> =
        mount.options.iter().filter(|option| unwanted.contains(option)).copied().collect();
    let current = if found.is_empty() { "none of these".to_owned() } else { found.join(",") };
    Ok(Answer::of(found.is_empty(), current))
}

fn lazy_init(snapshot: &Snapshot) -> Looked {
    let Some(mount) = snapshot.mount()? else { return Ok(Answer::not_applicable(NO_DATA)) };
    if mount.kind != "ext4" {
        return Ok(Answer::not_applicable(format_args!("{}, not ext4", mount.kind)));
    }
    let runs = snapshot.runs("ext4lazyinit")?;
    Ok(Answer::of(!runs, if runs { "some file system is still at it" } else { "finished" }))
}
