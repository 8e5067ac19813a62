//! Can our memory be swapped out?

use crate::machine::known;
use crate::{Check, Machine, Severity, Verdict};

/// Up to here the kernel drops page cache long before it swaps a process out; the default is 60.
const SWAPPINESS_MAX: u32 = 10;

pub(super) fn check(machine: &Machine) -> Check {
    let swap_off = machine.memory.map(|memory| memory.swap_bytes == 0);
    let rarely = machine.swappiness.map(|swappiness| swappiness <= SWAPPINESS_MAX);
    // One of the two is enough, and "no" needs both to be known.
    let holds = match (swap_off, rarely) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    };
    let swap = swap_off.map(|off| if off { "no swap" } else { "swap" });
    Check {
        id: "swap",
        why: "A page that was swapped out stops the whole shard while it is read back.",
        severity: Severity::Advised,
        current: format!("{}, swappiness {}", known(swap), known(machine.swappiness)),
        required: "no swap, or swappiness 10 at most",
        verdict: Verdict::of(holds),
        remedy: "sysctl -w vm.swappiness=1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[test]
    fn no_swap_or_a_low_swappiness_is_enough() {
        for (swap_bytes, swappiness, verdict) in [
            (Some(0), Some(60), Verdict::Pass),
            (Some(0), None, Verdict::Pass),
            (Some(1 << 30), Some(10), Verdict::Pass),
            (None, Some(1), Verdict::Pass),
            (Some(1 << 30), Some(11), Verdict::Fail),
            (Some(1 << 30), None, Verdict::Unknown),
            (None, Some(60), Verdict::Unknown),
        ] {
            let memory = |swap_bytes| Memory {
                total_bytes: 2,
                available_bytes: 1,
                swap_bytes,
                limit_bytes: None,
            };
            let memory = swap_bytes.map(memory);
            let found = check(&Machine { memory, swappiness, ..Machine::default() });
            assert_eq!(found.verdict, verdict, "{}", found.current);
        }
    }
}
