//! Is the clock read without a system call?

use super::EVERYBODY;
use crate::Snapshot;
use crate::answer::{Answer, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// Clocks that the vDSO reads in user space: of x86, of KVM and Hyper-V guests, of ARM and RISC-V.
/// The others (`hpet`, `acpi_pm`, `xen`, `jiffies`) enter the kernel each time.
const READ_IN_USER_SPACE: [&str; 5] =
    ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource"];

pub(super) const CHECKS: &[Check] = &[Check {
    id: "clocksource",
    topic: Topic::Cpu,
    why: "A shard reads the clock every turn; any other source makes that a system call.",
    severity: Severity::Advised,
    wanted: "tsc, or another that is read in user space",
    remedy: "boot with clocksource=tsc tsc=reliable, if the CPU's counter is invariant",
    needs: Needs::Root,
    evidence: Evidence::Documented,
    profiles: EVERYBODY,
    look: clocksource,
}];

fn clocksource(snapshot: &Snapshot) -> Looked {
    let directory = "sys/devices/system/clocksource/clocksource0";
    let path = format!("{directory}/current_clocksource");
    let current = snapshot.text(&path)?;
    let answer = Answer::of(READ_IN_USER_SPACE.contains(&current), current);
    // A counter that the kernel has found unstable is not among these.
    let available = snapshot.optional(&format!("{directory}/available_clocksource"))?;
    let mut available = available.unwrap_or_default().split(' ');
    Ok(match available.find(|source| READ_IN_USER_SPACE.contains(source)) {
        Some(source) => answer.set(path, source),
        None => answer,
    })
}
