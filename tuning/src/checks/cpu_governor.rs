//! Do the CPUs run at full speed all the time?

use crate::{Check, Machine, Severity, Verdict};

pub(super) fn check(machine: &Machine) -> Check {
    let governors = &machine.governors;
    let all_perform = governors.iter().all(|(_, governor)| governor == "performance");
    Check {
        id: "cpu_governor",
        why: "Under any other governor a shard that wakes up finds its core slowed down.",
        severity: Severity::Advised,
        current: machine.governors_in_words(),
        required: "performance on every CPU",
        // In most virtual machines there is no governor: the host decides, and does not say.
        verdict: Verdict::of((!governors.is_empty()).then_some(all_perform)),
        remedy: "cpupower frequency-set -g performance",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cpu_has_to_perform() {
        let verdict = |governors: &[&str]| {
            let governors = governors.iter().map(|governor| (*governor).to_owned());
            let governors = (0..).zip(governors).collect();
            check(&Machine { governors, ..Machine::default() }).verdict
        };
        assert_eq!(verdict(&["performance", "performance"]), Verdict::Pass);
        assert_eq!(verdict(&["performance", "schedutil"]), Verdict::Fail);
        assert_eq!(verdict(&[]), Verdict::Unknown);
    }
}
