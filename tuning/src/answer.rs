//! What a check makes of a snapshot: an answer, or the reason why it can not see.

use std::fmt;

use crate::check::{Setting, Verdict};
use crate::{CpuList, Snapshot};

/// Why a check can not see; a sentence's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blind(pub(crate) String);

/// What became of looking.
pub(crate) type Looked = Result<Answer, Blind>;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) current: String,
    pub(crate) settings: Vec<Setting>,
}

impl Blind {
    pub(crate) fn because(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl Answer {
    /// It is as it should be, or not.
    pub(crate) fn of(holds: bool, current: impl fmt::Display) -> Self {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, current: current.to_string(), settings: Vec::new() }
    }

    /// The question makes no sense here.
    pub(crate) fn not_applicable(why: impl fmt::Display) -> Self {
        let current = why.to_string();
        Self { verdict: Verdict::NotApplicable, current, settings: Vec::new() }
    }

    /// What to write where, if it is not as it should be.
    pub(crate) fn set(mut self, path: impl Into<String>, value: impl Into<String>) -> Self {
        if self.verdict == Verdict::Fail {
            self.settings.push(Setting { path: path.into(), value: value.into() });
        }
        self
    }
}

/// Where a setting is not there: an older kernel, no such hardware, or a container that hides it.
pub(crate) fn not_there(snapshot: &Snapshot, path: &str) -> Looked {
    match snapshot.container() {
        Some(_) => Err(Blind::because(format_args!("{path} is not there, inside a container"))),
        None => Ok(Answer::not_applicable("not there")),
    }
}

/// A file with one number, for which something has to hold, and the value that makes it so.
pub(crate) fn number(
    snapshot: &Snapshot,
    path: &str,
    holds: fn(i64) -> bool,
    value: &str,
) -> Looked {
    if snapshot.optional(path)?.is_none() {
        return not_there(snapshot, path);
    }
    let found: i64 = snapshot.number(path)?;
    Ok(Answer::of(holds(found), found).set(path, value))
}

/// The same file of every online CPU; one that does not have it is left out.
pub(crate) fn of_cpus<'a>(
    snapshot: &'a Snapshot,
    file: &str,
) -> Result<Vec<(u32, String, &'a str)>, Blind> {
    let mut found = Vec::new();
    for cpu in snapshot.online()?.iter() {
        let path = format!("sys/devices/system/cpu/cpu{cpu}/{file}");
        if let Some(text) = snapshot.optional(&path)? {
            found.push((cpu, path, text));
        }
    }
    Ok(found)
}

/// A file of every online CPU that should say the same, and the value to write where it does not.
pub(crate) fn every_cpu(
    snapshot: &Snapshot,
    file: &str,
    holds: fn(&str) -> bool,
    value: &str,
) -> Looked {
    let found = of_cpus(snapshot, file)?;
    if found.is_empty() {
        return Ok(Answer::not_applicable("no CPU has it"));
    }
    let words: Vec<_> = found.iter().map(|(cpu, _, text)| (*cpu, *text)).collect();
    let wrong = found.into_iter().filter(|(_, _, text)| !holds(text));
    let settings: Vec<_> =
        wrong.map(|(_, path, _)| Setting { path, value: value.to_owned() }).collect();
    let answer = Answer::of(settings.is_empty(), CpuList::grouped(&words));
    Ok(Answer { settings, ..answer })
}
