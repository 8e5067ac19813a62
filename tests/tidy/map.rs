//! The code map of `docs/ARCHITECTURE.md` against the tree.
//!
//! The map is the page's one block fenced by three backticks and `map`. A line of it is empty or
//!
//! ```text
//! path<two or more spaces>what it is
//! ```
//!
//! with paths relative to the root, a directory's ending in a slash, sorted within each run of
//! lines without an empty one between, none twice. It must list every directory that itself holds a
//! `.rs` file other than `tests.rs` (which belongs to the file beside the directory), and every
//! `.rs` file at most two steps below its crate's root (`src/lib.rs`, `tests/tidy.rs`, not
//! `src/queue/state.rs`). It may list more. Everything it lists must exist.

use std::collections::BTreeSet;

use super::offence::Offence;
use super::tree::{Page, Tree};

const PAGE: &str = "docs/ARCHITECTURE.md";

/// How many steps below its crate's root a file is listed by itself.
const DEPTH_LISTED: usize = 2;

/// Where the map and the tree differ.
pub(crate) fn check(tree: &Tree) -> Vec<Offence> {
    let Some(page) = tree.pages.iter().find(|page| page.path == PAGE) else {
        return vec![Offence::new(PAGE, 1, "there is no such page")];
    };
    let files: Vec<_> = tree.sources.iter().map(|source| source.path.as_str()).collect();
    compare(page, &files, &tree.crates())
}

fn compare(page: &Page, files: &[&str], crates: &[&str]) -> Vec<Offence> {
    let fences: Vec<_> =
        (1..).zip(page.text.lines()).filter(|(_, text)| *text == "```map").collect();
    let [(fence, _)] = fences.as_slice() else {
        let what = format!("{} blocks fenced by ```map, one is wanted", fences.len());
        return vec![Offence::new(&page.path, 1, what)];
    };
    let mut offences = Vec::new();
    let mut listed = BTreeSet::new();
    let mut previous = "";
    let lines = (1..).zip(page.text.lines()).skip(*fence).take_while(|(_, text)| *text != "```");
    for (line, text) in lines {
        if text.is_empty() {
            previous = "";
            continue;
        }
        let mut complain = |what| offences.push(Offence::new(&page.path, line, what));
        let Some((path, what_it_is)) = text.split_once("  ") else {
            complain(format!("`{text}` is no path, two spaces and what it is"));
            continue;
        };
        if what_it_is.trim().is_empty() {
            complain(format!("`{path}` is not said to be anything"));
        }
        if path <= previous {
            complain(format!("`{path}` is out of order"));
        }
        if !exists(path, files) {
            complain(format!("`{path}` does not exist"));
        }
        if !listed.insert(path) {
            complain(format!("`{path}` is listed twice"));
        }
        previous = path;
    }
    let missing = wanted(files, crates).into_iter().filter(|path| !listed.contains(path.as_str()));
    let missing = missing
        .map(|path| Offence::new(&page.path, *fence, format!("`{path}` is missing from the map")));
    offences.extend(missing);
    offences
}

fn exists(path: &str, files: &[&str]) -> bool {
    if path.ends_with('/') {
        files.iter().any(|file| file.starts_with(path))
    } else {
        files.contains(&path)
    }
}

/// Everything that must be listed.
fn wanted(files: &[&str], crates: &[&str]) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    for file in files {
        if let Some((directory, name)) = file.rsplit_once('/')
            && name != "tests.rs"
        {
            wanted.insert(format!("{directory}/"));
        }
        let inside = crates.iter().filter_map(|root| file.strip_prefix(root));
        let steps = inside.map(|rest| rest.split('/').count()).min().unwrap_or(0);
        if steps <= DEPTH_LISTED {
            wanted.insert((*file).to_owned());
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 6] = [
        "net/src/kafka/api/fetch/tests.rs",
        "net/src/kafka/api/fetch.rs",
        "net/src/kafka/frame.rs",
        "net/src/lib.rs",
        "src/lib.rs",
        "tests/tidy.rs",
    ];
    const WHOLE: &str = "# A\n```map\nsrc/  a\nsrc/lib.rs   b\n\nnet/src/  c\nnet/src/kafka/  d\n\
        net/src/kafka/api/  e\nnet/src/lib.rs  f\n\ntests/  g\ntests/tidy.rs  h\n```\n";

    fn offences(text: &str) -> Vec<String> {
        let page = Page { path: PAGE.to_owned(), text: text.to_owned() };
        let found = compare(&page, &FILES, &["", "net/"]);
        found.into_iter().map(|offence| format!("{}: {}", offence.line, offence.what)).collect()
    }

    #[test]
    fn a_map_that_lists_everything_is_right() {
        assert_eq!(offences(WHOLE), [""; 0]);
        let deeper = WHOLE.replace("net/src/lib.rs", "net/src/kafka/frame.rs  x\nnet/src/lib.rs");
        assert_eq!(offences(&deeper), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (line, path) in [
            ("src/lib.rs   b\n", "src/lib.rs"),
            ("net/src/kafka/  d\n", "net/src/kafka/"),
            ("net/src/kafka/api/  e\n", "net/src/kafka/api/"),
            ("tests/tidy.rs  h\n", "tests/tidy.rs"),
        ] {
            let wanted = format!("2: `{path}` is missing from the map");
            assert_eq!(offences(&WHOLE.replace(line, "")), [wanted]);
        }
    }

    #[test]
    fn what_is_listed_wrongly_is_named() {
        for (from, to, complaint) in [
            ("src/lib.rs   b", "src/lib.rs   b\nsrc/zoo.rs  z", "5: `src/zoo.rs` does not exist"),
            ("src/  a\n", "src/  a\nsrc/a/  z\n", "4: `src/a/` does not exist"),
            ("tests/  g", "src/  g\ntests/  g", "11: `src/` is listed twice"),
            ("src/  a\n", "src/  a\nnet/src/lib.rs  z\n", "4: `net/src/lib.rs` is out of order"),
            ("net/src/  c", "net/src/   ", "6: `net/src/` is not said to be anything"),
            ("net/src/  c", "net/src/  c\nx y", "7: `x y` is no path, two spaces and what it is"),
        ] {
            let found = offences(&WHOLE.replacen(from, to, 1));
            assert!(found.contains(&complaint.to_owned()), "{complaint}: {found:?}");
        }
    }

    #[test]
    fn a_page_without_one_map_is_wrong() {
        assert_eq!(offences("# A\n").len(), 1);
        assert_eq!(offences(&format!("{WHOLE}{WHOLE}")).len(), 1);
        assert_eq!(check(&Tree::default()), [Offence::new(PAGE, 1, "there is no such page")]);
    }
}
