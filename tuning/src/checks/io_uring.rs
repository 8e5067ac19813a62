//! May we use `io_uring` at all?

use crate::machine::known;
use crate::{Check, IoUring, Machine, Severity, Verdict};

/// The setting came with Linux 6.6. Where it does not exist, or is restricted, or a seccomp filter
/// refuses the call, only the attempt shows: that is the ring's own probe, and `Unknown` here.
pub(super) fn check(machine: &Machine) -> Check {
    let may_use = match machine.io_uring {
        Some(IoUring::Enabled) => Some(true),
        Some(IoUring::Disabled) => Some(false),
        Some(IoUring::Restricted { .. }) | None => None,
    };
    Check {
        id: "io_uring",
        why: "Every socket and every file of a shard goes through its ring.",
        severity: Severity::Required,
        current: known(machine.io_uring.map(IoUring::in_words)),
        required: "enabled",
        verdict: Verdict::of(may_use),
        remedy: "sysctl -w kernel.io_uring_disabled=0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_flat_refusal_fails() {
        let restricted = |group| Some(IoUring::Restricted { group });
        for (io_uring, verdict, current) in [
            (Some(IoUring::Enabled), Verdict::Pass, "enabled"),
            (Some(IoUring::Disabled), Verdict::Fail, "disabled"),
            (restricted(None), Verdict::Unknown, "for CAP_SYS_ADMIN only"),
            (restricted(Some(9)), Verdict::Unknown, "for CAP_SYS_ADMIN and group 9 only"),
            (None, Verdict::Unknown, "not known"),
        ] {
            let found = check(&Machine { io_uring, ..Machine::default() });
            assert_eq!((found.verdict, found.current.as_str()), (verdict, current));
        }
    }
}
