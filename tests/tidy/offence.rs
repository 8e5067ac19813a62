//! What a rule finds, and what remains of it after the allow-list.
//!
//! The allow-list can only shrink: an entry that excuses nothing any more fails its rule, and so
//! does one whose offence has changed, since an entry repeats the offence word for word (a file's
//! length included).

use std::fmt;

use super::allowed::{ALLOWED, Allowed};

/// The rules, one per test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Readable,
    FileLength,
    FunctionLength,
    LineWidth,
    Arrows,
    Foreign,
    UnsafeOutside,
    Forbid,
    SafetySentence,
    Machine,
    TestFiles,
    Layers,
    StateMachines,
    FileNames,
    ModuleDocs,
    Unfinished,
    Notes,
    Sleeps,
    Map,
}

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offence {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Offence {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails the running test if offences remain or the allow-list is too long.
pub(crate) fn report(rule: Rule, offences: Vec<Offence>) {
    let complaints = judge(rule, offences, ALLOWED);
    let count = complaints.len();
    assert!(count == 0, "{rule:?} has {count} complaint(s):\n{}\n", complaints.join("\n"));
}

/// The offences that nothing excuses, then the entries that excuse nothing.
fn judge(rule: Rule, offences: Vec<Offence>, allowed: &[Allowed]) -> Vec<String> {
    let entries: Vec<_> = allowed.iter().filter(|entry| entry.rule == rule).collect();
    let excuses = |entry: &Allowed, offence: &Offence| {
        entry.path == offence.path && entry.what == offence.what
    };
    let stale: Vec<_> = entries
        .iter()
        .filter(|entry| !offences.iter().any(|offence| excuses(entry, offence)))
        .map(|entry| {
            format!("tests/tidy/allowed.rs: no longer needed: {}: {}", entry.path, entry.what)
        })
        .collect();
    offences
        .into_iter()
        .filter(|offence| !entries.iter().any(|entry| excuses(entry, offence)))
        .map(|offence| offence.to_string())
        .chain(stale)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Allowed =
        Allowed { rule: Rule::FileLength, path: "a.rs", what: "has 501 lines", why: "a table" };

    fn long(path: &str, lines: usize) -> Offence {
        Offence::new(path, lines, format!("has {lines} lines"))
    }

    #[test]
    fn every_offence_is_listed_as_path_and_line() {
        let complaints = judge(Rule::FileLength, vec![long("a.rs", 501), long("b.rs", 502)], &[]);
        assert_eq!(complaints, ["a.rs:501: has 501 lines", "b.rs:502: has 502 lines"]);
    }

    #[test]
    fn an_allowed_offence_is_passed_over() {
        assert!(judge(Rule::FileLength, vec![long("a.rs", 501)], &[ENTRY]).is_empty());
    }

    #[test]
    fn an_entry_excuses_neither_more_nor_another_file_nor_another_rule() {
        assert_eq!(judge(Rule::FileLength, vec![long("a.rs", 502)], &[ENTRY]).len(), 2);
        assert_eq!(judge(Rule::FileLength, vec![long("b.rs", 501)], &[ENTRY]).len(), 2);
        assert_eq!(judge(Rule::LineWidth, vec![long("a.rs", 501)], &[ENTRY]).len(), 1);
    }

    #[test]
    fn an_entry_that_is_no_longer_needed_fails() {
        let complaints = judge(Rule::FileLength, Vec::new(), &[ENTRY]);
        assert_eq!(complaints, ["tests/tidy/allowed.rs: no longer needed: a.rs: has 501 lines"]);
    }
}
