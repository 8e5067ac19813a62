//! `unsafe`: where it may stand, and the sentence it owes.
//!
//! That each block holds one operation is clippy's to see (`multiple_unsafe_ops_per_block`).

use super::offence::Offence;
use super::source::Source;

const PLACE: &str = "runtime/";

/// The fewest words that can name an invariant and who upholds it.
const SENTENCE_WORDS_MIN: usize = 4;

/// `unsafe` outside of `runtime/`, tests included.
pub(crate) fn check_place(source: &Source) -> Vec<Offence> {
    if source.path.starts_with(PLACE) {
        return Vec::new();
    }
    let offence = |index: usize| {
        Offence::new(&source.path, source.tokens[index].line, "`unsafe` outside of runtime/")
    };
    source.find_word("unsafe").map(offence).collect()
}

/// A crate's root without `#![forbid(unsafe_code)]`.
pub(crate) fn check_forbid(source: &Source) -> Vec<Offence> {
    let is_root = ["src/lib.rs", "src/main.rs"].iter().any(|root| {
        source.path.strip_suffix(root).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    });
    let is_root = is_root || source.path.split_once("src/bin/").is_some();
    if !is_root || source.path.starts_with(PLACE) {
        return Vec::new();
    }
    let forbids = source.attributes().into_iter().any(|(open, close)| {
        source.is_sign(open - 1, '!')
            && source.word(open + 1) == Some("forbid")
            && (open..close).any(|index| source.word(index) == Some("unsafe_code"))
    });
    let offence = || Offence::new(&source.path, 1, "no `#![forbid(unsafe_code)]`");
    (!forbids).then(offence).into_iter().collect()
}

/// `unsafe` without a sentence after `// SAFETY:` right above its statement. A declaration
/// (`unsafe fn`) may say `# Safety` in its documentation instead.
pub(crate) fn check_sentences(source: &Source) -> Vec<Offence> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut offences = Vec::new();
    for index in source.find_word("unsafe").filter(|index| !is_type(source, *index)) {
        let line = source.tokens[index].line;
        let comment = comment_above(&lines, line);
        let declares = source.word(index + 1) == Some("fn");
        let documented = declares && comment.contains(&"/// # Safety");
        let what = match sentence(&comment) {
            _ if documented => continue,
            Some(text) if is_sentence(&text) => continue,
            Some(_) => "`SAFETY:` without a whole sentence that ends in a full stop",
            None => "`unsafe` without `// SAFETY:` above it",
        };
        offences.push(Offence::new(&source.path, line, what));
    }
    offences
}

/// Whether this `unsafe` belongs to a function's type: `unsafe fn(u8)`, `unsafe extern "C" fn()`.
fn is_type(source: &Source, index: usize) -> bool {
    let mut next = index + 1;
    if source.word(next) == Some("extern") {
        next += if source.word(next + 1).is_some() { 1 } else { 2 };
    }
    source.word(next) == Some("fn") && source.close_of(next + 1, '(').is_some()
}

/// The comment above the statement that a line (from 1) belongs to, in reading order.
fn comment_above<'a>(lines: &[&'a str], line: usize) -> Vec<&'a str> {
    let mut above = lines[..line - 1].iter().map(|text| text.trim()).rev().peekable();
    while let Some(text) = above.peek() {
        let is_code = !text.starts_with("//") && !text.starts_with("#[");
        // The statement before this one, a block's beginning, or an empty line.
        if is_code && (text.is_empty() || text.ends_with([';', '{', '}', ','])) {
            return Vec::new();
        }
        if text.starts_with("//") {
            break;
        }
        above.next();
    }
    let is_comment = |text: &&str| text.starts_with("//") || text.starts_with("#[");
    let mut comment: Vec<_> = above.take_while(is_comment).collect();
    comment.reverse();
    comment
}

/// What stands after `SAFETY:` in a comment.
fn sentence(comment: &[&str]) -> Option<String> {
    let start = comment.iter().position(|text| text.starts_with("// SAFETY:"))?;
    let words = comment[start..].iter().flat_map(|text| text.trim_start_matches('/').split(' '));
    Some(words.filter(|word| !word.is_empty() && *word != "SAFETY:").collect::<Vec<_>>().join(" "))
}

fn is_sentence(text: &str) -> bool {
    text.ends_with('.') && text.split(' ').count() >= SENTENCE_WORDS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_stands_in_runtime_only() {
        let text = "fn f() {\n unsafe { g() }\n}";
        assert_eq!(check_place(&Source::sample("runtime/src/a.rs", text)), []);
        for path in ["src/a.rs", "record/src/a.rs", "tests/a.rs", "src/runtime/a.rs"] {
            let found = check_place(&Source::sample(path, text));
            assert_eq!(found, [Offence::new(path, 2, "`unsafe` outside of runtime/")]);
        }
        let text = "#![forbid(unsafe_code)]\n// unsafe\nfn f() { \"unsafe\" }";
        assert_eq!(check_place(&Source::sample("src/a.rs", text)), []);
    }

    #[test]
    fn every_root_forbids_it() {
        let count = |path, text| check_forbid(&Source::sample(path, text)).len();
        for path in ["src/lib.rs", "src/main.rs", "net/src/lib.rs", "src/bin/a.rs"] {
            assert_eq!(count(path, "#![forbid(unsafe_code)]"), 0);
            assert_eq!(count(path, "#![forbid(missing_docs, unsafe_code)]"), 0);
            assert_eq!(count(path, "#![deny(unsafe_code)]"), 1);
            assert_eq!(count(path, "#[forbid(unsafe_code)] mod a {}"), 1);
            assert_eq!(count(path, "// #![forbid(unsafe_code)]"), 1);
        }
        assert_eq!(count("runtime/src/lib.rs", ""), 0);
        assert_eq!(count("net/src/kafka.rs", ""), 0);
    }

    fn sentences(text: &str) -> Vec<(usize, String)> {
        let found = check_sentences(&Source::sample("runtime/src/a.rs", text));
        found.into_iter().map(|offence| (offence.line, offence.what)).collect()
    }

    #[test]
    fn a_sentence_right_above_is_enough() {
        for good in [
            "fn f() {\n    // SAFETY: the slot is ours alone.\n    unsafe { g() }\n}",
            "// SAFETY: the pointer came from\n// the box above.\n#[x]\nunsafe impl A for B {}",
            "fn f() {\n    // SAFETY: the slot is ours alone.\n    let x =\n    unsafe { g() };\n}",
            "/// Reads.\n///\n/// # Safety\n///\n/// The slot is full.\nunsafe fn f() {}",
            "fn f() {\n    // Why.\n    // SAFETY: the slot is ours alone.\n    unsafe { g() }\n}",
            "type F = unsafe extern \"C\" fn(u8);\ntype G = unsafe fn();",
        ] {
            assert_eq!(sentences(good), [], "{good}");
        }
    }

    #[test]
    fn less_is_not() {
        let missing = "`unsafe` without `// SAFETY:` above it";
        let poor = "`SAFETY:` without a whole sentence that ends in a full stop";
        for (bad, line, what) in [
            ("fn f() {\n    unsafe { g() }\n}", 2, missing),
            ("// SAFETY: that is another statement.\nfn f() {\n    unsafe { g() }\n}", 3, missing),
            ("fn f() {\n    // SAFETY: that is too far up.\n\n    unsafe { g() }\n}", 4, missing),
            ("fn f() {\n    // It is safe to do so.\n    unsafe { g() }\n}", 3, missing),
            ("fn f() {\n    // SAFETY: see above.\n    unsafe { g() }\n}", 3, poor),
            ("fn f() {\n    // SAFETY: the slot is ours alone\n    unsafe { g() }\n}", 3, poor),
            ("/// Reads.\nunsafe fn f() {}", 2, missing),
            ("/// # Safety\nunsafe impl A for B {}", 2, missing),
        ] {
            assert_eq!(sentences(bad), [(line, what.to_owned())], "{bad}");
        }
    }
}
