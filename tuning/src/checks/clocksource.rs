//! Is the clock read without a system call?

use crate::machine::known;
use crate::{Check, Machine, Severity, Verdict};

/// Clocks that the vDSO reads in user space: of x86, of KVM and Hyper-V guests, of ARM and RISC-V.
/// The others (`hpet`, `acpi_pm`, `xen`, `jiffies`) enter the kernel each time.
const READ_IN_USER_SPACE: [&str; 5] =
    ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource"];

pub(super) fn check(machine: &Machine) -> Check {
    let clocksource = machine.clocksource.as_deref();
    Check {
        id: "clocksource",
        why: "A shard reads the clock every turn; any other source makes that a system call.",
        severity: Severity::Advised,
        current: known(clocksource),
        required: "tsc, or another that is read in user space",
        verdict: Verdict::of(clocksource.map(|source| READ_IN_USER_SPACE.contains(&source))),
        remedy: "boot with clocksource=tsc tsc=reliable, if the CPU's counter is invariant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_enter_the_kernel_fail() {
        for (source, verdict) in [
            (Some("tsc"), Verdict::Pass),
            (Some("kvm-clock"), Verdict::Pass),
            (Some("hpet"), Verdict::Fail),
            (Some("acpi_pm"), Verdict::Fail),
            (None, Verdict::Unknown),
        ] {
            let clocksource = source.map(str::to_owned);
            let found = check(&Machine { clocksource, ..Machine::default() });
            assert_eq!(found.verdict, verdict, "{source:?}");
        }
    }
}
