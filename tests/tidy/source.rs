//! One Rust file as its tokens: comments gone, strings opaque, every brace with its partner.
//!
//! Tokens and not a syntax tree, because half of the code that matters stands in the arguments of
//! macros (`proptest!`, `select!`), where a syntax tree ends. What is lost is little: a function is
//! `fn`, a name and the first braces after it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::offence::Offence;

/// A token; the brackets of a group are tokens of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word(String),
    Sign(char),
    Literal,
    /// An opening bracket and the index of its partner.
    Open(char, usize),
    Close,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// From 1.
    pub(crate) line: usize,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of `fn`.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace.
    pub(crate) length: usize,
}

/// A Rust file.
pub(crate) struct Source {
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
    /// Why there are no tokens, if so.
    unreadable: Option<(usize, String)>,
    /// Ranges of tokens that are compiled for tests only.
    test_ranges: Vec<std::ops::Range<usize>>,
}

impl Source {
    pub(crate) fn new(path: String, text: String) -> Self {
        let mut tokens = Vec::new();
        let mut unreadable = None;
        match text.parse::<TokenStream>() {
            Ok(stream) => flatten(stream, &mut tokens),
            Err(error) => unreadable = Some((error.span().start().line, error.to_string())),
        }
        let test_ranges = test_ranges(&tokens);
        Self { path, text, tokens, unreadable, test_ranges }
    }

    /// A source to try a rule on.
    #[cfg(test)]
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        let source = Self::new(path.to_owned(), text.to_owned());
        assert_eq!(source.unreadable, None, "the sample is Rust");
        source
    }

    /// Without tokens most rules would find nothing, so that is an offence by itself.
    pub(crate) fn check_readable(&self) -> Vec<Offence> {
        let offence = |(line, error): &(usize, String)| {
            Offence::new(&self.path, *line, format!("is not Rust: {error}"))
        };
        self.unreadable.iter().map(offence).collect()
    }

    /// The word at an index.
    pub(crate) fn word(&self, index: usize) -> Option<&str> {
        match &self.tokens.get(index)?.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is_sign(&self, index: usize, sign: char) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == Kind::Sign(sign))
    }

    /// Whether `::` stands at an index.
    pub(crate) fn is_path_separator(&self, index: usize) -> bool {
        self.is_sign(index, ':') && self.is_sign(index + 1, ':')
    }

    /// The index of the partner, if this bracket opens at an index.
    pub(crate) fn close_of(&self, index: usize, bracket: char) -> Option<usize> {
        close_of(&self.tokens, index, bracket)
    }

    /// The indices of a word.
    pub(crate) fn find_word(&self, word: &str) -> impl Iterator<Item = usize> {
        (0..self.tokens.len()).filter(move |index| self.word(*index) == Some(word))
    }

    /// Whether the token at an index is compiled for tests only.
    pub(crate) fn is_test(&self, index: usize) -> bool {
        self.is_test_file() || self.test_ranges.iter().any(|range| range.contains(&index))
    }

    /// Whether the whole file is: `tests.rs`, or anything under a directory `tests`.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// Every function that has a body, the nested ones and those in macros too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        self.find_word("fn").filter_map(|index| self.function_at(index)).collect()
    }

    fn function_at(&self, index: usize) -> Option<Function> {
        let generated = usize::from(self.is_sign(index + 1, '$'));
        let name = self.word(index + 1 + generated)?.to_owned();
        let body = end_of_item(&self.tokens, index)?;
        if self.tokens[body].kind != Kind::Close {
            return None;
        }
        let line = self.tokens[index].line;
        Some(Function { name, line, length: self.tokens[body].line - line + 1 })
    }

    /// The brackets of every attribute, `#[..]` and `#![..]`: where they open and close.
    pub(crate) fn attributes(&self) -> Vec<(usize, usize)> {
        (0..self.tokens.len()).filter_map(|index| attribute_at(&self.tokens, index)).collect()
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(word) => {
                tokens.push(Token { kind: Kind::Word(word.to_string()), line });
            }
            TokenTree::Punct(sign) => {
                tokens.push(Token { kind: Kind::Sign(sign.as_char()), line });
            }
            TokenTree::Literal(_) => tokens.push(Token { kind: Kind::Literal, line }),
            TokenTree::Group(group) => {
                let bracket = match group.delimiter() {
                    Delimiter::Parenthesis => '(',
                    Delimiter::Brace => '{',
                    Delimiter::Bracket => '[',
                    Delimiter::None => ' ',
                };
                let open = tokens.len();
                let line = group.span_open().start().line;
                tokens.push(Token { kind: Kind::Open(bracket, 0), line });
                flatten(group.stream(), tokens);
                tokens[open].kind = Kind::Open(bracket, tokens.len());
                let line = group.span_close().start().line;
                tokens.push(Token { kind: Kind::Close, line });
            }
        }
    }
}

fn close_of(tokens: &[Token], index: usize, bracket: char) -> Option<usize> {
    match tokens.get(index)?.kind {
        Kind::Open(found, close) if found == bracket => Some(close),
        _ => None,
    }
}

/// The last token of the item that begins at an index: its closing brace, or its semicolon.
fn end_of_item(tokens: &[Token], mut index: usize) -> Option<usize> {
    loop {
        match tokens.get(index)?.kind {
            Kind::Sign(';') => return Some(index),
            Kind::Open('{', close) if !is_constant_argument(tokens, index, close) => {
                return Some(close);
            }
            Kind::Open(_, close) => index = close + 1,
            Kind::Close => return None,
            _ => index += 1,
        }
    }
}

/// Whether these braces are a constant argument, as in `Ring<{ SIZE }>` and `Ring<T, { SIZE }>`.
fn is_constant_argument(tokens: &[Token], open: usize, close: usize) -> bool {
    let before = open.checked_sub(1).map(|index| &tokens[index].kind);
    let after = tokens.get(close + 1).map(|token| &token.kind);
    match before {
        Some(Kind::Sign('<')) => true,
        Some(Kind::Sign(',')) => matches!(after, Some(Kind::Sign(',' | '>'))),
        _ => false,
    }
}

/// The brackets of the attribute whose `#` stands at an index.
fn attribute_at(tokens: &[Token], index: usize) -> Option<(usize, usize)> {
    if tokens.get(index)?.kind != Kind::Sign('#') {
        return None;
    }
    let inner = usize::from(tokens.get(index + 1)?.kind == Kind::Sign('!'));
    let open = index + 1 + inner;
    close_of(tokens, open, '[').map(|close| (open, close))
}

/// Words that an item can begin with. On anything else (a field, a variant, a statement) a
/// `#[cfg(test)]` exempts nothing: where it ends is not to be told from tokens alone.
const ITEMS: [&str; 14] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "use",
];

fn test_ranges(tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    for index in 0..tokens.len() {
        let Some((open, close)) = attribute_at(tokens, index) else { continue };
        if tokens[open + 1].kind != Kind::Word("cfg".into()) || !implies_test(tokens, open + 3) {
            continue;
        }
        if tokens[index + 1].kind == Kind::Sign('!') {
            ranges.push(0..tokens.len());
            continue;
        }
        let mut item = close + 1;
        while let Some((_, close)) = attribute_at(tokens, item) {
            item = close + 1;
        }
        let is_item = matches!(tokens.get(item).map(|token| &token.kind),
            Some(Kind::Word(word)) if ITEMS.contains(&word.as_str()));
        if let Some(end) = end_of_item(tokens, item).filter(|_| is_item) {
            ranges.push(index..end + 1);
        }
    }
    ranges
}

/// Whether a configuration predicate is only true under test: `test`, or `all(.., test, ..)`.
fn implies_test(tokens: &[Token], index: usize) -> bool {
    let Some(Kind::Word(word)) = tokens.get(index).map(|token| &token.kind) else {
        return false;
    };
    match (word.as_str(), close_of(tokens, index + 1, '(')) {
        ("test", None) => true,
        ("all", Some(close)) => {
            let mut argument = index + 2;
            while argument < close {
                if implies_test(tokens, argument) {
                    return true;
                }
                while argument < close && tokens[argument].kind != Kind::Sign(',') {
                    argument = match tokens[argument].kind {
                        Kind::Open(_, close) => close + 1,
                        _ => argument + 1,
                    };
                }
                argument += 1;
            }
            false
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(text: &str) -> Vec<(String, usize)> {
        let source = Source::sample("a.rs", text);
        source.functions().into_iter().map(|function| (function.name, function.length)).collect()
    }

    #[test]
    fn a_function_is_as_long_as_from_fn_to_its_brace() {
        let found = functions("#[inline]\npub fn a(\n  x: u8,\n) -> [u8; { 1 + 1 }] {\n  x\n}\n");
        assert_eq!(found, [("a".to_owned(), 5)]);
    }

    #[test]
    fn a_constant_argument_is_no_body() {
        let found = functions("fn a() -> R<{ 1 }, { 2 }, { 3 }>\nwhere\n  T: U,\n{\n}\n");
        assert_eq!(found, [("a".to_owned(), 5)]);
    }

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        let found = functions("fn a() {\n  let s = r#\"}\"#; // }\n  /* } */ let c = '}';\n}\n");
        assert_eq!(found, [("a".to_owned(), 4)]);
    }

    #[test]
    fn functions_in_macros_and_in_functions_are_found() {
        let found = functions("m! {\n fn a() {\n  fn b() {}\n }\n}\nfn $c() {\n}\n");
        assert_eq!(found, [("a".into(), 3), ("b".into(), 1), ("c".into(), 2)]);
    }

    #[test]
    fn what_has_no_body_is_no_function() {
        assert_eq!(functions("trait T { fn a(&self); }\ntype F = fn(u8) -> u8;\n"), []);
    }

    fn test_words(text: &str) -> Vec<String> {
        let source = Source::sample("src/a.rs", text);
        let in_test = (0..source.tokens.len()).filter(|index| source.is_test(*index));
        let word = |index| source.word(index).filter(|word| word.starts_with('x'));
        in_test.filter_map(word).map(str::to_owned).collect()
    }

    #[test]
    fn what_is_only_compiled_for_tests_is_told_apart() {
        assert_eq!(test_words("#[cfg(test)] mod t { fn x1() {} } fn x2() {}"), ["x1"]);
        assert_eq!(test_words("#[cfg(all(unix, test))] #[a] use x1; fn x2() {}"), ["x1"]);
        assert_eq!(test_words("#[cfg(all(any(a, b), test))] pub fn x1() { x2 } x3"), ["x1", "x2"]);
        assert_eq!(test_words("#![cfg(test)] fn x1() {}"), ["x1"]);
        assert_eq!(test_words("#[cfg(any(test, fuzzing))] fn x1() {}"), [""; 0]);
        assert_eq!(test_words("#[cfg(not(test))] fn x1() {}"), [""; 0]);
        assert_eq!(test_words("struct S { #[cfg(test)] x1: u8, x2: u8 }"), [""; 0]);
    }

    #[test]
    fn a_file_of_tests_is_test_code_throughout() {
        for path in ["src/a/tests.rs", "src/a/tests/b.rs", "tests/a.rs", "net/tests/golden.rs"] {
            assert!(Source::sample(path, "fn a() {}").is_test(0), "{path}");
        }
        for path in ["src/a.rs", "src/tests_of_faith.rs", "src/mytests.rs"] {
            assert!(!Source::sample(path, "fn a() {}").is_test(0), "{path}");
        }
    }

    #[test]
    fn a_file_that_is_not_rust_is_named() {
        let source = Source::new("a.rs".into(), "fn a() {\n  (]\n}".into());
        assert_eq!(source.check_readable().len(), 1);
        assert_eq!(Source::sample("a.rs", "fn a() {}").check_readable(), []);
    }
}
