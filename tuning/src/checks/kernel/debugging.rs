//! Is this a kernel for finding its own bugs?

use super::{EVERYBODY, LATENCY};
use crate::Snapshot;
use crate::answer::{Answer, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lock_debugging",
        topic: Topic::Kernel,
        why: "A kernel that proves its locking right looks at each lock that is taken.",
        severity: Severity::Advised,
        wanted: "not built in",
        remedy: "boot a kernel without CONFIG_PROVE_LOCKING",
        needs: Needs::Reboot,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: locks,
    },
    Check {
        id: "tracer",
        topic: Topic::Kernel,
        why: "A tracer that was left on runs at every function or at every switch.",
        severity: Severity::Advised,
        wanted: "nop",
        remedy: "echo nop > /sys/kernel/tracing/current_tracer",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: LATENCY,
        look: |snapshot| {
            let path = "sys/kernel/tracing/current_tracer";
            let Some(tracer) = snapshot.optional(path)? else {
                return Ok(Answer::not_applicable("no tracing to be seen"));
            };
            Ok(Answer::of(tracer == "nop", tracer).set(path, "nop"))
        },
    },
];

fn locks(snapshot: &Snapshot) -> Looked {
    // Only root may read it, so that being refused says that it is there.
    let is_there = !matches!(snapshot.optional("proc/lockdep_stats"), Ok(None));
    if is_there {
        return Ok(Answer::of(false, "built in"));
    }
    // That it is not there means something only where the rest of /proc is.
    snapshot.text("proc/version")?;
    Ok(Answer::of(true, "not built in"))
}
