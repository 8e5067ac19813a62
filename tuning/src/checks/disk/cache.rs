//! What a flush costs: the disk's volatile cache, and whether one write can go around it.

use super::{EVERYBODY, every_queue};
use crate::Snapshot;
use crate::answer::{Answer, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "disk_write_cache",
        topic: Topic::Disk,
        why: "With a volatile cache each barrier waits until the disk has emptied it.",
        severity: Severity::Advised,
        wanted: "write through (no volatile cache: a disk with a capacitor)",
        remedy: "a disk with power-loss protection; never by writing this file, which only hides \
                 the cache from the kernel and loses data",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| every_queue(snapshot, "write_cache", is_write_through, None),
    },
    Check {
        id: "disk_fua",
        topic: Topic::Disk,
        why: "Without forced unit access every durable write is a write and a flush of all.",
        severity: Severity::Advised,
        wanted: "1, where there is a volatile cache",
        remedy: "a disk that has it; for SATA boot with libata.fua=1",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: fua,
    },
];

fn is_write_through(text: &str) -> Option<bool> {
    match text {
        "write through" => Some(true),
        "write back" => Some(false),
        _ => None,
    }
}

fn fua(snapshot: &Snapshot) -> Looked {
    let cache = every_queue(snapshot, "write_cache", is_write_through, None)?;
    match cache.verdict {
        Verdict::Fail => every_queue(snapshot, "fua", |text| Some(text == "1"), None),
        Verdict::Pass => Ok(Answer::not_applicable("no volatile cache")),
        Verdict::NotApplicable | Verdict::CannotSee => Ok(cache),
    }
}
