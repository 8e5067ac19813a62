//! What a file is called and how it opens.

use super::offence::Offence;
use super::source::Source;

/// Names of heaps: a file so called has no subject, and what has no place goes there.
const HEAPS: [&str; 9] =
    ["common", "helper", "helpers", "impls", "manager", "misc", "types", "util", "utils"];

/// A heap's name in the file's name or a directory's, alone or as one of its words.
pub(crate) fn check_name(source: &Source) -> Vec<Offence> {
    let words = source.path.trim_end_matches(".rs").split(['/', '_']);
    words
        .filter(|word| HEAPS.contains(word))
        .map(|word| {
            let what = format!("`{word}` is no subject: name the concept the file is about");
            Offence::new(&source.path, 1, what)
        })
        .collect()
}

/// A file that does not begin with `//!` and some words.
pub(crate) fn check_opening(source: &Source) -> Vec<Offence> {
    let first = source.text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//!").unwrap_or_default().split_whitespace().count();
    let offence = || Offence::new(&source.path, 1, "does not open with `//!` and what it is");
    (said < 2).then(offence).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_subject() {
        let count = |path| check_name(&Source::sample(path, "")).len();
        for bad in ["src/utils.rs", "src/common/a.rs", "net/src/frame_types.rs"] {
            assert_eq!(count(bad), 1, "{bad}");
        }
        assert_eq!(count("src/queue/lease.rs"), 0);
        assert_eq!(count("src/subtypes.rs"), 0);
    }

    #[test]
    fn a_file_opens_by_saying_what_it_is() {
        let count = |text| check_opening(&Source::sample("a.rs", text)).len();
        assert_eq!(count("//! A lease: who works on a message.\n"), 0);
        for bad in
            ["", "\n//! Late words.", "//!", "//! Lease.", "// A lease.", "/// A lease.\nfn f() {}"]
        {
            assert_eq!(count(bad), 1, "{bad}");
        }
    }
}
