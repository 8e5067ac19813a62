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
pub(crate) const ALLOWED: &[Allowed] = &[];

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
