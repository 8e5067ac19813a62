//! Every path that a source names, with its imports resolved.
//!
//! `use std::{io, time as t}` and then `io::stdout()` and `t::Instant::now()` name
//! `std::io::stdout` and `std::time::Instant::now`. Imports count for the whole file, whichever
//! module or function they stand in: that may resolve too much, never too little. What comes in
//! through a glob is not resolved, so a rule that forbids a path must forbid the glob beside it.

use std::collections::BTreeMap;

use super::source::{Kind, Source};

/// A path where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// The segments, without leading `::` and generic arguments.
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// The index of its first token, or of its last in an import.
    pub(crate) index: usize,
    pub(crate) form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In an expression, a type, an attribute.
    Inline,
    /// Brought in by `use`.
    Import,
    /// Brought in and handed on by `pub use`.
    Export,
    /// `use path::*`: the path without the star.
    Glob,
}

impl Path {
    /// Whether this names `prefix` or something in it.
    pub(crate) fn starts_with(&self, prefix: &[&str]) -> bool {
        self.segments.len() >= prefix.len()
            && self.segments.iter().zip(prefix).all(|(segment, wanted)| segment == wanted)
    }

    /// Whether naming this is a way to `forbidden`: itself, something in it, a glob that brings it
    /// in, or a module around it that is handed on for others to name it by.
    pub(crate) fn reaches(&self, forbidden: &[&str]) -> bool {
        let around = self.segments.len() < forbidden.len()
            && self.segments.iter().zip(forbidden).all(|(segment, wanted)| segment == wanted);
        match self.form {
            _ if self.starts_with(forbidden) => true,
            Form::Glob | Form::Export => around,
            Form::Inline | Form::Import => false,
        }
    }

    pub(crate) fn to_text(&self) -> String {
        let star = if self.form == Form::Glob { "::*" } else { "" };
        format!("{}{star}", self.segments.join("::"))
    }
}

/// Every path that a source names.
pub(crate) fn paths(source: &Source) -> Vec<Path> {
    let mut imports = Imports { source, paths: Vec::new(), names: BTreeMap::new() };
    let mut index = 0;
    let mut inline = Vec::new();
    while index < source.tokens.len() {
        // `use<'a>` in a bound is something else.
        if source.word(index) == Some("use") && !source.is_sign(index + 1, '<') {
            let exported = index > 0 && is_public(source, index - 1);
            let form = if exported { Form::Export } else { Form::Import };
            index = imports.read(index + 1, &[], form);
        } else {
            inline.extend(inline_path(source, index));
            index += 1;
        }
    }
    let Imports { paths: mut found, names, .. } = imports;
    found.extend(inline);
    for path in &mut found {
        resolve(&mut path.segments, &names);
    }
    found
}

/// Whether `pub` or `pub(..)` ends at an index.
fn is_public(source: &Source, index: usize) -> bool {
    let scoped = (2..=6).any(|back| {
        index.checked_sub(back).is_some_and(|open| {
            source.word(open) == Some("pub") && source.close_of(open + 1, '(') == Some(index)
        })
    });
    scoped || source.word(index) == Some("pub")
}

/// The path that begins at an index, if one does and has at least two segments.
fn inline_path(source: &Source, index: usize) -> Option<Path> {
    if is_later_segment(source, index) {
        return None;
    }
    let first = source.word(index).filter(|word| !BEFORE_A_PATH.contains(word))?;
    let mut segments = vec![first.to_owned()];
    let mut next = index + 1;
    while source.is_path_separator(next) {
        let Some(word) = source.word(next + 2) else { break };
        segments.push(word.to_owned());
        next += 3;
    }
    let line = source.tokens[index].line;
    (segments.len() > 1).then_some(Path { segments, line, index, form: Form::Inline })
}

/// Keywords that a path with a leading `::` may follow.
const BEFORE_A_PATH: [&str; 15] = [
    "as", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "mut",
    "return", "where", "while",
];

/// Whether `::` before an index continues a path, and does not begin one.
fn is_later_segment(source: &Source, index: usize) -> bool {
    if index < 3 || !source.is_path_separator(index - 2) {
        return false;
    }
    let before = index - 3;
    let arrow = before > 0 && (source.is_sign(before - 1, '-') || source.is_sign(before - 1, '='));
    match source.word(before) {
        Some(word) => !BEFORE_A_PATH.contains(&word),
        None => source.is_sign(before, '>') && !arrow,
    }
}

struct Imports<'a> {
    source: &'a Source,
    paths: Vec<Path>,
    /// What each imported name stands for.
    names: BTreeMap<String, Vec<String>>,
}

impl Imports<'_> {
    /// Reads one tree of an import from an index on; returns the index after it.
    fn read(&mut self, mut index: usize, prefix: &[String], form: Form) -> usize {
        let mut segments = prefix.to_vec();
        loop {
            if self.source.is_path_separator(index) {
                index += 2;
            } else if let Some(close) = self.source.close_of(index, '{') {
                let mut branch = index + 1;
                while branch < close {
                    branch = self.read(branch, &segments, form).max(branch + 1);
                }
                return close + 1;
            } else if self.source.is_sign(index, '*') {
                self.add(segments, None, index, Form::Glob);
                return index + 1;
            } else if let Some(word) = self.source.word(index) {
                if word == "as" {
                    let alias = self.source.word(index + 1).map(str::to_owned);
                    self.add(segments, alias, index - 1, form);
                    return index + 2;
                }
                if word != "self" || segments.is_empty() {
                    segments.push(word.to_owned());
                }
                index += 1;
                let ends = !self.source.is_path_separator(index);
                if ends && self.source.word(index) != Some("as") {
                    self.add(segments, None, index - 1, form);
                    return index;
                }
            } else {
                // A comma, the semicolon, or the `$` of a macro.
                return index + 1;
            }
        }
    }

    fn add(&mut self, segments: Vec<String>, alias: Option<String>, index: usize, form: Form) {
        if form != Form::Glob {
            let name = alias.or_else(|| segments.last().cloned());
            self.names.extend(name.map(|name| (name, segments.clone())));
        }
        let line = self.source.tokens[index].line;
        self.paths.push(Path { segments, line, index, form });
    }
}

/// Replaces an imported first segment by what it stands for, through a few imports of imports.
fn resolve(segments: &mut Vec<String>, names: &BTreeMap<String, Vec<String>>) {
    for _ in 0..4 {
        let Some(full) = segments.first().and_then(|first| names.get(first)) else { return };
        if full.first() == segments.first() {
            return;
        }
        segments.splice(..1, full.iter().cloned());
    }
}

/// The path from the crate's root for a path in a file under `src/`: `self::` and `super::`
/// resolved, `None` if it does not begin with either or with `crate`.
pub(crate) fn from_root(source: &Source, path: &Path) -> Option<Vec<String>> {
    let (_, file) = source.path.split_once("src/")?;
    let mut module: Vec<_> = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let mut rest = path.segments.as_slice();
    match rest.first().map(String::as_str) {
        Some("crate" | "tidemill") => return Some(rest[1..].to_vec()),
        Some("self") => rest = &rest[1..],
        Some("super") => {
            while rest.first().is_some_and(|segment| segment == "super") {
                module.pop();
                rest = &rest[1..];
            }
        }
        _ => return None,
    }
    module.extend_from_slice(rest);
    Some(module)
}

/// Whether `!` follows: a macro is called (or defined) by this name.
pub(crate) fn is_macro(source: &Source, index: usize) -> bool {
    source.is_sign(index + 1, '!') && !source.is_sign(index + 2, '=')
}

/// Whether `.name()` is called at the index of the name.
pub(crate) fn is_plain_call(source: &Source, index: usize) -> bool {
    let called = source.close_of(index + 1, '(') == Some(index + 2);
    called && index > 0 && source.tokens[index - 1].kind == Kind::Sign('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &[&str]) {
        let source = Source::sample("src/a.rs", text);
        let found: Vec<_> = paths(&source).iter().map(Path::to_text).collect();
        assert_eq!(found, wanted, "{text}");
    }

    #[test]
    fn imports_are_taken_apart() {
        check("use std::time::Instant;", &["std::time::Instant"]);
        check(
            "use ::std::{io::{self, Write as W}, fs, net::*};",
            &["std::io", "std::io::Write", "std::fs", "std::net::*"],
        );
        check("pub(crate) use std::fs;\nuse a;", &["std::fs", "a"]);
    }

    #[test]
    fn paths_are_resolved_through_imports() {
        check("use std::io; fn f() { io::stdout(); }", &["std::io", "std::io::stdout"]);
        check("use std::{time as t}; type T = t::Instant;", &["std::time", "std::time::Instant"]);
        check("use std as s; use s::fs; fs::read();", &["std", "std::fs", "std::fs::read"]);
    }

    #[test]
    fn inline_paths_are_found_whole_and_once() {
        check("fn f() { ::std::fs::read(x) }", &["std::fs::read"]);
        check(
            "fn f() -> ::std::fs::File { return ::std::fs::x; }",
            &["std::fs::File", "std::fs::x"],
        );
        check("fn f() { Vec::<u8>::new::<u8>() }", &[]);
        check("type T = Vec::<std::fs::File>;", &["std::fs::File"]);
        check("fn f() -> <T as std::ops::Add>::Output {}", &["std::ops::Add"]);
        check("m!(libc::read(1), \"std::fs\"); // std::net", &["libc::read"]);
        check("impl A for B { fn f(self) -> impl C + use<'_, Self> { a.b } }", &[]);
    }

    fn reaches(text: &str) -> bool {
        let source = Source::sample("src/a.rs", text);
        paths(&source).iter().any(|path| path.reaches(&["std", "time", "Instant"]))
    }

    #[test]
    fn a_forbidden_path_is_reached_in_every_way() {
        assert!(reaches("use std::time::Instant;"));
        assert!(reaches("use std::time::{Duration, Instant as Now};"));
        assert!(reaches("fn f() { std::time::Instant::now() }"));
        assert!(reaches("use std::time; fn f() { time::Instant::now() }"));
        assert!(reaches("use std::time::*;"));
        assert!(reaches("use std::*;"));
        assert!(reaches("pub use std::time;"));
        assert!(reaches("pub(crate) use std as s;"));
    }

    #[test]
    fn its_neighbours_are_free() {
        assert!(!reaches("use std::time::Duration;"));
        assert!(!reaches("use std::time; fn f(x: time::Duration) {}"));
        assert!(!reaches("use crate::time::Instant;"));
        assert!(!reaches("use std::time::InstantLike;"));
    }

    #[test]
    fn relative_paths_are_counted_from_the_root() {
        for (file, text, wanted) in [
            ("src/broker/produce.rs", "use crate::queue::state;", "queue::state"),
            ("src/broker/produce.rs", "use super::fetch::X;", "broker::fetch::X"),
            ("src/broker/mod.rs", "use self::fetch::X;", "broker::fetch::X"),
            ("src/broker/a/b.rs", "use super::super::super::frontend::x;", "frontend::x"),
            ("src/main.rs", "use tidemill::cli::run;", "cli::run"),
        ] {
            let source = Source::sample(file, text);
            let found = from_root(&source, &paths(&source)[0]).map(|path| path.join("::"));
            assert_eq!(found.as_deref(), Some(wanted), "{file}");
        }
        let source = Source::sample("src/a.rs", "use std::fs;");
        assert_eq!(from_root(&source, &paths(&source)[0]), None);
    }
}
