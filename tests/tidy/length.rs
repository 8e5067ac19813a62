//! How long a file, a function and a line may be.

use super::offence::Offence;
use super::source::Source;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;

/// All lines count, tests and comments too.
pub(crate) fn check_file(source: &Source) -> Vec<Offence> {
    let lines = source.text.lines().count();
    let too_long = lines > FILE_LINES_MAX;
    let what = || format!("the file has {lines} lines, {FILE_LINES_MAX} at most");
    too_long.then(|| Offence::new(&source.path, lines, what())).into_iter().collect()
}

/// From `fn` to the closing brace, whatever is between.
pub(crate) fn check_functions(source: &Source) -> Vec<Offence> {
    let functions = source.functions().into_iter();
    let too_long = functions.filter(|function| function.length > FUNCTION_LINES_MAX);
    too_long
        .map(|function| {
            let (name, length) = (function.name, function.length);
            let what = format!("`{name}` has {length} lines, {FUNCTION_LINES_MAX} at most");
            Offence::new(&source.path, function.line, what)
        })
        .collect()
}

/// In characters; a line with an address in it can not be broken.
pub(crate) fn check_width(source: &Source) -> Vec<Offence> {
    let lines = (1..).zip(source.text.lines());
    lines
        .filter(|(_, text)| text.chars().count() > LINE_COLUMNS_MAX && !text.contains("://"))
        .map(|(line, text)| {
            let columns = text.chars().count();
            let what = format!("the line has {columns} columns, {LINE_COLUMNS_MAX} at most");
            Offence::new(&source.path, line, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_have_500_lines_and_no_more() {
        assert_eq!(check_file(&Source::sample("a.rs", &"\n".repeat(500))), []);
        let found = check_file(&Source::sample("a.rs", &"\n".repeat(501)));
        assert_eq!(found, [Offence::new("a.rs", 501, "the file has 501 lines, 500 at most")]);
    }

    #[test]
    fn a_function_may_have_70_lines_and_no_more() {
        let sample = |lines: usize| {
            let body = "\n".repeat(lines - 1);
            check_functions(&Source::sample("a.rs", &format!("\nimpl A {{ fn a() {{{body}}}\n}}")))
        };
        assert_eq!(sample(70), []);
        assert_eq!(sample(71), [Offence::new("a.rs", 2, "`a` has 71 lines, 70 at most")]);
    }

    #[test]
    fn a_line_may_have_100_columns_and_no_more() {
        let comment = |count| format!("\n// {}", "é".repeat(count));
        assert_eq!(check_width(&Source::sample("a.rs", &comment(97))), []);
        let found = check_width(&Source::sample("a.rs", &comment(98)));
        assert_eq!(found, [Offence::new("a.rs", 2, "the line has 101 columns, 100 at most")]);
        let address = format!("// https://{}", "a".repeat(100));
        assert_eq!(check_width(&Source::sample("a.rs", &address)), []);
    }
}
