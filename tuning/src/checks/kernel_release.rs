//! Is the kernel new enough?

use crate::machine::known;
use crate::{Check, Machine, Severity, Verdict};

/// Multishot receive came with 6.0, provided buffer rings with 5.19, `DEFER_TASKRUN` with 6.1.
const RELEASE_MIN: (u32, u32) = (6, 1);

pub(super) fn check(machine: &Machine) -> Check {
    let (major, minor) = RELEASE_MIN;
    let kernel = machine.kernel.as_ref();
    Check {
        id: "kernel",
        why: "The shards use multishot receive, provided buffer rings and deferred task work.",
        severity: Severity::Required,
        current: known(kernel),
        required: "6.1 or newer",
        verdict: Verdict::of(kernel.map(|kernel| kernel.is_at_least(major, minor))),
        remedy: "boot a kernel from 6.1 on",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KernelRelease;

    #[test]
    fn kernels_from_6_1_on_pass() {
        for (release, verdict) in [
            ("6.1.0-18-amd64", Verdict::Pass),
            ("6.18.44", Verdict::Pass),
            ("7.0", Verdict::Pass),
            ("6.0.19", Verdict::Fail),
            ("5.15.0", Verdict::Fail),
            ("unheard of", Verdict::Unknown),
        ] {
            let machine = Machine { kernel: KernelRelease::parse(release), ..Machine::default() };
            assert_eq!(check(&machine).verdict, verdict, "{release}");
        }
    }
}
