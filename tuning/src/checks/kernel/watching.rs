//! Who looks at each system call?

use super::{EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::{parameter, value};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "seccomp",
        topic: Topic::Kernel,
        why: "A filter runs at each system call, and may refuse the ring.",
        severity: Severity::Advised,
        wanted: "none; else one that allows io_uring_setup, io_uring_enter, io_uring_register",
        remedy: "SystemCallFilter= (empty) of the unit, or the container's seccomp profile",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: seccomp,
    },
    Check {
        id: "audit",
        topic: Topic::Kernel,
        why: "With audit rules each system call takes the slow way in and out.",
        severity: Severity::Advised,
        wanted: "no auditd, or audit=0",
        remedy: "systemctl disable --now auditd, boot with audit=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: audit,
    },
];

fn seccomp(snapshot: &Snapshot) -> Looked {
    match value(snapshot.text("proc/self/status")?, "Seccomp") {
        Some("0") => Ok(Answer::of(true, "no filter")),
        Some("1") => Ok(Answer::of(false, "strict")),
        Some("2") => Ok(Answer::of(false, "a filter; what it allows only an attempt shows")),
        _ => Err(Blind::because("proc/self/status does not say")),
    }
}

/// The rules themselves are in no file; who loads them can be seen.
fn audit(snapshot: &Snapshot) -> Looked {
    if parameter(snapshot.text("proc/cmdline")?, "audit") == Some("0") {
        return Ok(Answer::of(true, "off since boot"));
    }
    let runs = snapshot.runs("auditd")?;
    Ok(Answer::of(!runs, if runs { "auditd runs" } else { "no auditd" }))
}
