//! The checks, one file each, and which of them `serve` shows when it starts.

use crate::{Check, Machine};

mod clocksource;
mod cpu_governor;
mod io_uring;
mod kernel_release;
mod open_files;
mod swap;

pub use open_files::OpenFiles;

/// What `serve` shows at start, in this order: first what it can not do without.
pub fn at_start(machine: &Machine, open_files: OpenFiles) -> Vec<Check> {
    vec![
        kernel_release::check(machine),
        io_uring::check(machine),
        open_files::check(open_files),
        clocksource::check(machine),
        cpu_governor::check(machine),
        swap::check(machine),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IoUring, KernelRelease, Severity, Verdict};

    #[test]
    fn a_machine_that_says_nothing_is_not_refused() {
        let checks = at_start(&Machine::default(), OpenFiles { soft: 1_024, hard: 1_048_576 });
        assert!(checks.iter().all(|check| !check.refuses_start()));
        let unknown = checks.iter().filter(|check| check.verdict == Verdict::Unknown).count();
        assert_eq!(unknown, checks.len() - 1, "all but the limit that was passed in");
    }

    #[test]
    fn only_what_the_broker_can_not_do_without_refuses_the_start() {
        let machine = Machine {
            kernel: KernelRelease::parse("5.15.0"),
            io_uring: Some(IoUring::Disabled),
            clocksource: Some("hpet".to_owned()),
            governors: vec![(0, "powersave".to_owned())],
            ..Machine::default()
        };
        let checks = at_start(&machine, OpenFiles { soft: 64, hard: 64 });
        let refusing: Vec<_> = checks.iter().filter(|check| check.refuses_start()).collect();
        assert_eq!(
            refusing.iter().map(|check| check.id).collect::<Vec<_>>(),
            ["kernel", "io_uring"]
        );
        let failing = checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
        assert_eq!(failing, 5, "the swap is not known");
    }

    #[test]
    fn every_check_has_its_own_id_and_says_why_and_what_to_do() {
        let checks = at_start(&Machine::default(), OpenFiles { soft: 1, hard: 1 });
        for (index, check) in checks.iter().enumerate() {
            assert!(check.why.ends_with('.'), "{}", check.id);
            assert!(!check.required.is_empty() && !check.remedy.is_empty(), "{}", check.id);
            assert!(!check.current.is_empty(), "{}", check.id);
            assert!(checks.iter().skip(index + 1).all(|other| other.id != check.id));
        }
        let required = checks.iter().take_while(|check| check.severity == Severity::Required);
        assert_eq!(required.count(), 2, "what is required comes first");
    }
}
