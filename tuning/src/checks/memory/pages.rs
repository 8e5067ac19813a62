//! Does the kernel build, merge and move pages behind our back?

use super::{DEDICATED, EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked, not_there, number};
use crate::check::{Check, Evidence, Needs, Severity, Topic};
use crate::words::chosen;

const HUGE_PAGES: &str = "sys/kernel/mm/transparent_hugepage/enabled";
const HUGE_PAGES_DEFRAG: &str = "sys/kernel/mm/transparent_hugepage/defrag";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "huge_pages",
        topic: Topic::Memory,
        why: "A huge page given unasked is cleared and gathered at the first touch: 100 us and \
              more inside a request.",
        severity: Severity::Advised,
        wanted: "madvise or never",
        remedy: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| choice(snapshot, HUGE_PAGES, |word| word != "always", "madvise"),
    },
    Check {
        id: "huge_pages_defrag",
        topic: Topic::Memory,
        why: "With 'always' whoever touches memory first waits while the kernel moves pages.",
        severity: Severity::Advised,
        wanted: "anything but always",
        remedy: "echo madvise > /sys/kernel/mm/transparent_hugepage/defrag",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: |snapshot| choice(snapshot, HUGE_PAGES_DEFRAG, |word| word != "always", "madvise"),
    },
    Check {
        id: "ksm",
        topic: Topic::Memory,
        why: "Merging equal pages reads all memory, and makes the next write to one a fault.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "echo 0 > /sys/kernel/mm/ksm/run",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| number(snapshot, "sys/kernel/mm/ksm/run", |run| run == 0, "0"),
    },
    Check {
        id: "compaction",
        topic: Topic::Memory,
        why: "Compaction ahead of need moves pages that a shard is using.",
        severity: Severity::Advised,
        wanted: "0",
        remedy: "sysctl -w vm.compaction_proactiveness=0",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: |snapshot| {
            number(snapshot, "proc/sys/vm/compaction_proactiveness", |much| much == 0, "0")
        },
    },
];

/// A file of several words of which one is chosen.
fn choice(snapshot: &Snapshot, path: &str, holds: fn(&str) -> bool, value: &str) -> Looked {
    let Some(words) = snapshot.optional(path)? else { return not_there(snapshot, path) };
    let word = chosen(words)
        .ok_or_else(|| Blind::because(format_args!("{path} does not say what is chosen")))?;
    Ok(Answer::of(holds(word), word).set(path, value))
}
