//! Is the kernel new enough, and may we use `io_uring`?

use super::EVERYBODY;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::{IoUring, KernelRelease, Snapshot};

/// Multishot receive came with 6.0, provided buffer rings with 5.19, `DEFER_TASKRUN` with 6.1.
const RELEASE_MIN: (u32, u32) = (6, 1);

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "kernel",
        topic: Topic::Kernel,
        why: "The shards use multishot receive, provided buffer rings and deferred task work.",
        severity: Severity::Required,
        wanted: "6.1 or newer",
        remedy: "boot a kernel from 6.1 on",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: release,
    },
    Check {
        id: "io_uring",
        topic: Topic::Kernel,
        why: "Every socket and every file of a shard goes through its ring.",
        severity: Severity::Required,
        wanted: "enabled",
        remedy: "sysctl -w kernel.io_uring_disabled=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: io_uring,
    },
];

fn release(snapshot: &Snapshot) -> Looked {
    let text = snapshot.text("proc/sys/kernel/osrelease")?;
    let release = KernelRelease::parse(text)
        .ok_or_else(|| Blind::because(format_args!("{text} is no release")))?;
    Ok(Answer::of(release.is_at_least(RELEASE_MIN.0, RELEASE_MIN.1), text))
}

/// The setting came with Linux 6.6. Where it does not exist, or is restricted, or a seccomp filter
/// refuses the call, only the attempt shows: that is the ring's own probe.
fn io_uring(snapshot: &Snapshot) -> Looked {
    let path = "proc/sys/kernel/io_uring_disabled";
    let group = snapshot.optional("proc/sys/kernel/io_uring_group")?;
    match IoUring::parse(snapshot.text(path)?, group) {
        Some(IoUring::Enabled) => Ok(Answer::of(true, "enabled")),
        Some(IoUring::Disabled) => Ok(Answer::of(false, "disabled").set(path, "0")),
        Some(restricted) => Err(Blind(restricted.in_words())),
        None => Err(Blind::because(format_args!("{path} is not understood"))),
    }
}
