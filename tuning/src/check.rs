//! A check: one question to a snapshot, what hangs on it, and how to change the answer.

use std::fmt;

use serde::Serialize;

use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};

/// What part of the machine a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Cores, interrupts, the clock.
    Cpu,
    /// Main memory.
    Memory,
    /// The disk of the data directory.
    Disk,
    /// The network.
    Network,
    /// The kernel, the process's limits, and what else runs.
    Kernel,
}

/// How much a check matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The broker runs, but slower or with longer tails.
    Advised,
    /// The broker can not run, or not keep what it promises.
    Required,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is not as it should be.
    Fail,
    /// The snapshot does not say, or it depends on what only an attempt can show.
    CannotSee,
    /// It is as it should be.
    Pass,
    /// The question makes no sense here.
    NotApplicable,
}

/// Why one should believe a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// This project measured what it is worth.
    Measured,
    /// The kernel's or the maker's documentation says what it does.
    Documented,
    /// It is passed on, and plausible.
    Folklore,
}

/// What a machine is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Short tails count, and the machine is the broker's alone.
    Latency,
    /// Records a second count, and the machine is the broker's alone.
    Throughput,
    /// The broker is one of many on it.
    Shared,
}

/// What it takes to change a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Nothing but another way of starting or placing the broker.
    User,
    /// Root.
    Root,
    /// Root, and a reboot.
    Reboot,
}

/// One question to a snapshot.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Names the check, in scripts too: `clocksource`.
    pub id: &'static str,
    /// Where it belongs.
    pub topic: Topic,
    /// What it does to a broker, in a sentence.
    pub why: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What should be, for people.
    pub wanted: &'static str,
    /// How to set it right: a command, or a sentence where there is none.
    pub remedy: &'static str,
    /// What that takes.
    pub needs: Needs,
    /// Why one should believe it.
    pub evidence: Evidence,
    /// For whom it counts; for others it is not applicable.
    pub profiles: &'static [Profile],
    #[serde(skip)]
    pub(crate) look: fn(&Snapshot) -> Looked,
}

/// A file and what to write to it, that a failing check would pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// From the root, without a slash before: `proc/sys/vm/swappiness`.
    pub path: String,
    /// Without the line's end.
    pub value: String,
}

/// A check with its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The question.
    #[serde(flatten)]
    pub check: &'static Check,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, or why nothing was; for people.
    pub current: String,
    /// What to write where; empty unless it failed, and where no file changes it.
    pub settings: Vec<Setting>,
}

impl Check {
    /// Asks a snapshot.
    pub fn ask(&'static self, snapshot: &Snapshot, profile: Profile) -> Finding {
        let looked = if self.profiles.contains(&profile) {
            (self.look)(snapshot)
        } else {
            Ok(Answer::not_applicable(format_args!("not for the {profile} profile")))
        };
        let Answer { verdict, current, settings } = looked.unwrap_or_else(|Blind(reason)| Answer {
            verdict: Verdict::CannotSee,
            current: reason,
            settings: Vec::new(),
        });
        Finding { check: self, verdict, current, settings }
    }
}

impl Finding {
    /// Whether the broker can not run for this reason.
    pub fn refuses_start(&self) -> bool {
        self.check.severity == Severity::Required && self.verdict == Verdict::Fail
    }
}

impl Profile {
    /// All of them, with their names on the command line.
    pub const ALL: [Self; 3] = [Self::Latency, Self::Throughput, Self::Shared];
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "n/a",
            Self::CannotSee => "cannot see",
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

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Kernel => "kernel",
        })
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Measured => "measured",
            Self::Documented => "documented",
            Self::Folklore => "folklore",
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::Shared => "shared",
        })
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "no privilege",
            Self::Root => "root",
            Self::Reboot => "root and a reboot",
        })
    }
}
