//! What may stand in a working copy for an hour, but not in a commit.

use super::offence::Offence;
use super::paths::{is_macro, paths};
use super::source::Source;
use super::tree::Page;

/// The mark that says "this must not be merged". In two pieces, or this file would bear it.
const MARK: &str = concat!("FIX", "ME");

/// A documentation example that is not run.
const UNRUN_EXAMPLE: &str = concat!("```", "ignore");

/// Marks, code that is not there, tests that do not run.
pub(crate) fn check_code(source: &Source) -> Vec<Offence> {
    let offence = |line, what: String| Offence::new(&source.path, line, what);
    let mut offences = check_marks(&source.path, &source.text);
    for (line, text) in (1..).zip(source.text.lines()) {
        if text.contains(UNRUN_EXAMPLE) {
            offences.push(offence(line, "an example that is not compiled".to_owned()));
        }
    }
    for name in ["todo", "unimplemented"] {
        for index in source.find_word(name).filter(|index| is_macro(source, *index)) {
            offences.push(offence(source.tokens[index].line, format!("`{name}!`")));
        }
    }
    for (open, close) in source.attributes() {
        let conditional = source.word(open + 1) == Some("cfg_attr");
        let ignores = source.word(open + 1) == Some("ignore")
            || conditional && (open..close).any(|index| source.word(index) == Some("ignore"));
        if ignores {
            offences.push(offence(source.tokens[open].line, "an ignored test".to_owned()));
        }
    }
    offences
}

/// Marks in a text that is not Rust.
pub(crate) fn check_page(page: &Page) -> Vec<Offence> {
    check_marks(&page.path, &page.text)
}

fn check_marks(path: &str, text: &str) -> Vec<Offence> {
    let lines = (1..).zip(text.lines()).filter(|(_, text)| text.contains(MARK));
    lines.map(|(line, _)| Offence::new(path, line, MARK)).collect()
}

/// A thread that sleeps, in tests and anywhere else: what it waits for has an event, and a test
/// that guesses how long something takes fails on a slower machine.
pub(crate) fn check_sleeps(source: &Source) -> Vec<Offence> {
    let asleep = [["std", "thread", "sleep"], ["std", "thread", "sleep_ms"]];
    let found = paths(source);
    let sleeps = found.iter().filter(|path| {
        // `use std::thread::*` brings other things too, so only what names it counts.
        asleep.iter().any(|call| path.starts_with(call))
    });
    sleeps
        .map(|path| Offence::new(&source.path, path.line, "sleeps instead of waiting for an event"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check_code(&Source::sample("src/a.rs", text)).len()
    }

    #[test]
    fn unfinished_code_is_found() {
        assert_eq!(count(&format!("// {MARK}: later\nfn f() {{}}")), 1);
        assert_eq!(count(&format!("/// {UNRUN_EXAMPLE}\nfn f() {{}}")), 1);
        assert_eq!(count("fn f() { todo!() }"), 1);
        assert_eq!(count("fn f() { unimplemented!(\"x\") }"), 1);
        assert_eq!(count("#[test]\n#[ignore]\nfn f() {}"), 1);
        assert_eq!(count("#[test]\n#[ignore = \"slow\"]\nfn f() {}"), 1);
        assert_eq!(count("#[cfg_attr(miri, ignore)]\nfn f() {}"), 1);
        assert_eq!(count("proptest! { #[ignore] fn f() {} }"), 1);
    }

    #[test]
    fn finished_code_is_not() {
        assert_eq!(count("// TODO(#12): faster.\nfn f() { let ignore = todo; }"), 0);
        assert_eq!(count("#[clap(ignore_case = true)]\nstruct A; // todo!()"), 0);
        assert_eq!(count("fn f() -> &'static str { \"todo!()\" }"), 0);
    }

    #[test]
    fn a_mark_in_a_page_is_found() {
        let page = |text: String| Page { path: "docs/A.md".to_owned(), text };
        assert_eq!(check_page(&page(format!("a\n{MARK}"))), [Offence::new("docs/A.md", 2, MARK)]);
        assert_eq!(check_page(&page("fix me".to_owned())), []);
    }

    #[test]
    fn a_sleep_is_found_by_every_name() {
        let count = |text| check_sleeps(&Source::sample("tests/a.rs", text)).len();
        assert_eq!(count("fn f() { std::thread::sleep(x); }"), 1);
        assert_eq!(count("use std::thread; fn f() { thread::sleep(x); }"), 1);
        assert_eq!(count("use std::{thread::sleep as rest};"), 1);
        assert_eq!(count("use std::thread; fn f() { thread::yield_now(); timer.sleep(x) }"), 0);
    }
}
