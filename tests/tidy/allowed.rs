//! What breaks a rule today and is excused until it is mended. This list can only shrink.

use super::offence::Rule;

/// One excuse; `path` and `what` are the offence's, word for word.
pub(crate) struct Allowed {
    pub(crate) rule: Rule,
    pub(crate) path: &'static str,
    pub(crate) what: &'static str,
    /// Why it can not be mended now.
    pub(crate) why: &'static str,
}

/// Sorted by rule, path and offence.
pub(crate) const ALLOWED: &[Allowed] = &[
    excuse(
        Rule::Arrows,
        "storage/Cargo.toml",
        "storage builds on record, and does not say so",
        "storage is not begun",
    ),
    excuse(
        Rule::Arrows,
        "storage/Cargo.toml",
        "storage builds on runtime, and does not say so",
        "storage is not begun",
    ),
    excuse(Rule::Forbid, "net/src/lib.rs", "no `#![forbid(unsafe_code)]`", "net is not begun"),
    excuse(Rule::Forbid, "src/lib.rs", "no `#![forbid(unsafe_code)]`", "the broker is not begun"),
    excuse(Rule::Forbid, "src/main.rs", "no `#![forbid(unsafe_code)]`", "the broker is not begun"),
    excuse(
        Rule::Forbid,
        "storage/src/lib.rs",
        "no `#![forbid(unsafe_code)]`",
        "storage is not begun",
    ),
    excuse(
        Rule::ModuleDocs,
        "net/src/lib.rs",
        "does not open with `//!` and what it is",
        "net is not begun",
    ),
    excuse(
        Rule::ModuleDocs,
        "runtime/src/lib.rs",
        "does not open with `//!` and what it is",
        "the crate's page is written with its executor",
    ),
    excuse(
        Rule::ModuleDocs,
        "src/lib.rs",
        "does not open with `//!` and what it is",
        "the broker is not begun",
    ),
    excuse(
        Rule::ModuleDocs,
        "src/main.rs",
        "does not open with `//!` and what it is",
        "the broker is not begun",
    ),
    excuse(
        Rule::ModuleDocs,
        "storage/src/lib.rs",
        "does not open with `//!` and what it is",
        "storage is not begun",
    ),
];

const fn excuse(rule: Rule, path: &'static str, what: &'static str, why: &'static str) -> Allowed {
    Allowed { rule, path, what, why }
}

/// Entries out of order, twice there, or without a reason.
pub(crate) fn check(allowed: &[Allowed]) -> Vec<String> {
    let key = |entry: &Allowed| (entry.rule, entry.path, entry.what);
    let unsorted = allowed
        .windows(2)
        .filter(|pair| key(&pair[0]) >= key(&pair[1]))
        .map(|pair| format!("out of order or twice: {}: {}", pair[1].path, pair[1].what));
    let unreasoned = allowed
        .iter()
        .filter(|entry| entry.why.split_whitespace().count() < 3)
        .map(|entry| format!("no reason given: {}: {}", entry.path, entry.what));
    unsorted.chain(unreasoned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &'static str, why: &'static str) -> Allowed {
        Allowed { rule: Rule::Forbid, path, what: "is bad", why }
    }

    #[test]
    fn entries_are_in_order_and_reasoned() {
        let why = "not written yet";
        assert!(check(&[entry("a.rs", why), entry("b.rs", why)]).is_empty());
        assert_eq!(check(&[entry("b.rs", why), entry("a.rs", why)]).len(), 1);
        assert_eq!(check(&[entry("a.rs", why), entry("a.rs", why)]).len(), 1);
        assert_eq!(check(&[entry("a.rs", "")]).len(), 1);
    }
}
