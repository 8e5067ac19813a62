//! What this process may have, which the broker inherits if it is started the same way.

use super::{EVERYBODY, NO_CORES};
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::value;
use crate::{CpuList, Snapshot};

/// Segments take up to half of the limit, and 4,096 descriptors at most; every connection takes
/// one. From here on the segments have all theirs, and 61,440 connections the rest.
const OPEN_FILES_MIN: u64 = 65_536;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "open_files",
        topic: Topic::Kernel,
        why: "Every connection and every open segment is a descriptor.",
        severity: Severity::Advised,
        wanted: "65536 or more",
        remedy: "LimitNOFILE=1048576 in the unit, or ulimit -Hn 1048576",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: open_files,
    },
    Check {
        id: "cores_allowed",
        topic: Topic::Kernel,
        why: "A shard can not run on a core that is not there, or that its cpuset withholds.",
        severity: Severity::Required,
        wanted: "every chosen core online and allowed",
        remedy: "other --cores, or AllowedCPUs= of the unit, or the container's cpuset",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: cores,
    },
];

fn open_files(snapshot: &Snapshot) -> Looked {
    let limits = snapshot.limit("Max open files")?;
    let (soft, hard) = limits.ok_or_else(|| Blind::because("proc/self/limits does not say"))?;
    // Only the hard limit counts: the broker raises the soft one to it.
    Ok(Answer::of(hard >= OPEN_FILES_MIN, format_args!("{soft}, may be raised to {hard}")))
}

fn cores(snapshot: &Snapshot) -> Looked {
    let Some(chosen) = snapshot.chosen()? else { return Ok(Answer::not_applicable(NO_CORES)) };
    let allowed = value(snapshot.text("proc/self/status")?, "Cpus_allowed_list");
    let allowed = allowed
        .and_then(CpuList::parse)
        .ok_or_else(|| Blind::because("proc/self/status does not say which cores are allowed"))?;
    let usable = allowed.within(&snapshot.online()?);
    Ok(Answer::of(chosen.without(&usable).is_empty(), format_args!("{usable} can be used")))
}
