//! What a check found: the fact, what it should be, why that matters, and how to get there.

use std::fmt;

/// How much a check matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The broker runs, but slower or with longer tails.
    Advised,
    /// The broker can not run.
    Required,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be.
    Pass,
    /// It is not.
    Fail,
    /// The machine does not say, or it depends on what only an attempt can show.
    Unknown,
}

/// One question to the machine with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Names the check, in scripts too: `clocksource`.
    pub id: &'static str,
    /// What it does to a broker, in a sentence.
    pub why: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, for people.
    pub current: String,
    /// What should be, for people.
    pub required: &'static str,
    /// Whether the two agree.
    pub verdict: Verdict,
    /// How to set it right: a command, or a sentence where there is none.
    pub remedy: &'static str,
}

impl Check {
    /// Whether the broker can not run for this reason.
    pub fn refuses_start(&self) -> bool {
        self.severity == Severity::Required && self.verdict == Verdict::Fail
    }
}

impl Verdict {
    /// `Pass` if it is so, else `Fail`; `Unknown` if that is not known.
    pub(crate) fn of(holds: Option<bool>) -> Self {
        match holds {
            Some(true) => Self::Pass,
            Some(false) => Self::Fail,
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Advised => "advised",
            Self::Required => "required",
        })
    }
}
