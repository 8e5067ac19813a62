//! May we open enough files?

use crate::{Check, Severity, Verdict};

/// Segments take up to half of the limit, and 4,096 descriptors at most; every connection takes
/// one. From here on the segments have all theirs, and 61,440 connections the rest.
const OPEN_FILES_MIN: u64 = 65_536;

/// `RLIMIT_NOFILE`, as whoever may make system calls found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles {
    /// What holds now.
    pub soft: u64,
    /// What the process may raise it to; the broker does when it starts.
    pub hard: u64,
}

pub(super) fn check(open_files: OpenFiles) -> Check {
    let OpenFiles { soft, hard } = open_files;
    Check {
        id: "open_files",
        why: "Every connection and every open segment is a descriptor.",
        severity: Severity::Advised,
        current: format!("{soft}, may be raised to {hard}"),
        required: "65536 or more",
        // Only the hard limit counts: the soft one is raised to it.
        verdict: Verdict::of(Some(hard >= OPEN_FILES_MIN)),
        remedy: "LimitNOFILE=1048576 in the unit, or ulimit -Hn 1048576",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_counts() {
        let verdict = |soft, hard| check(OpenFiles { soft, hard }).verdict;
        assert_eq!(verdict(1_024, 65_536), Verdict::Pass);
        assert_eq!(verdict(20_000, 65_535), Verdict::Fail);
    }
}
