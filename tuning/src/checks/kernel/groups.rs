//! What the control groups take away (version 2): CPU time and I/O.

use super::EVERYBODY;
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::counter;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "group_cpu_limit",
        topic: Topic::Kernel,
        why: "A quota stops all shards at once, for up to a tenth of a second at a time.",
        severity: Severity::Advised,
        wanted: "no limit in cpu.max",
        remedy: "CPUQuota= (empty) of the unit, or no CPU limit of the container; whole cores by \
                 cpuset instead",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: cpu_limit,
    },
    Check {
        id: "group_throttled",
        topic: Topic::Kernel,
        why: "It has happened: a group of this process was stopped for want of quota.",
        severity: Severity::Advised,
        wanted: "nr_throttled 0 in cpu.stat",
        remedy: "raise or lift the quota, see group_cpu_limit",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: throttled,
    },
    Check {
        id: "group_io_limit",
        topic: Topic::Kernel,
        why: "A limit on the disk holds the journal's writes back before the disk sees them.",
        severity: Severity::Advised,
        wanted: "no limit in io.max",
        remedy: "IOReadBandwidthMax=, IOWriteBandwidthMax= and the like (empty) of the unit",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: io_limit,
    },
];

/// The groups' files of a controller, or why they can not be seen.
fn files<'a>(
    snapshot: &'a Snapshot,
    old_name: &str,
    file: &str,
) -> Result<Vec<(String, &'a str)>, Blind> {
    let found = snapshot.group_files(file)?;
    let mut lists =
        snapshot.text("proc/self/cgroup")?.lines().filter_map(|line| line.split(':').nth(1));
    if lists.any(|list| list.split(',').any(|name| name == old_name)) {
        return Err(Blind::because("control groups of version 1 are not looked at"));
    }
    if found.is_empty() && snapshot.container().is_some() {
        let reason = format_args!("inside a container the groups above are not seen ({file})");
        return Err(Blind::because(reason));
    }
    Ok(found)
}

/// What is said where no group of version 2 has a file: the root has none either.
const NO_LIMIT: &str = "no control group of version 2 limits it";

fn cpu_limit(snapshot: &Snapshot) -> Looked {
    let files = files(snapshot, "cpu", "cpu.max")?;
    let limited = files.iter().find(|(_, text)| text.split(' ').next() != Some("max"));
    Ok(match limited {
        Some((path, text)) => Answer::of(false, format_args!("{text} ({path})")),
        None if files.is_empty() => Answer::not_applicable(NO_LIMIT),
        None => Answer::of(true, "none"),
    })
}

fn throttled(snapshot: &Snapshot) -> Looked {
    let files = files(snapshot, "cpu", "cpu.stat")?;
    let counts: Vec<_> = files
        .iter()
        .filter_map(|(path, text)| Some((path, counter(text, "nr_throttled")?)))
        .collect();
    Ok(match counts.iter().find(|(_, count)| *count > 0) {
        Some((path, count)) => Answer::of(false, format_args!("{count} times ({path})")),
        None if counts.is_empty() => Answer::not_applicable(NO_LIMIT),
        None => Answer::of(true, "never"),
    })
}

fn io_limit(snapshot: &Snapshot) -> Looked {
    let files = files(snapshot, "blkio", "io.max")?;
    let limited = files.iter().find(|(_, text)| {
        text.split_whitespace()
            .any(|word| word.split_once('=').is_some_and(|(_, most)| most != "max"))
    });
    Ok(match limited {
        Some((path, text)) => {
            let line = text.lines().next().unwrap_or_default();
            Answer::of(false, format_args!("{line} ({path})"))
        }
        None if files.is_empty() => Answer::not_applicable(NO_LIMIT),
        None => Answer::of(true, "none"),
    })
}
