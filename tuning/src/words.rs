//! The few forms in which the kernel writes what is no plain number.

/// The first value of a key in lines of `key: value`.
pub(crate) fn value<'a>(lines: &'a str, key: &str) -> Option<&'a str> {
    lines.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// The choice in brackets, square or round: `madvise` in `always [madvise] never`. A single word
/// is its own choice.
pub(crate) fn chosen(choices: &str) -> Option<&str> {
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((_, rest)) = choices.split_once(open) {
            return rest.split_once(close).map(|(choice, _)| choice);
        }
    }
    let choices = choices.trim();
    (!choices.is_empty() && !choices.contains(char::is_whitespace)).then_some(choices)
}

/// The value of `name=` among words, the last one as the kernel takes it.
pub(crate) fn parameter<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    let values = words.split_whitespace().filter_map(|word| word.split_once('='));
    let mut values = values.filter(|(found, _)| *found == name);
    values.next_back().map(|(_, value)| value)
}

/// A value in lines of `key value`.
pub(crate) fn counter(lines: &str, key: &str) -> Option<u64> {
    lines.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == key).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_stands_in_brackets_or_alone() {
        assert_eq!(chosen("always [madvise] never"), Some("madvise"));
        assert_eq!(chosen("none voluntary (full) lazy"), Some("full"));
        assert_eq!(chosen("never\n"), Some("never"));
        for none in ["", "always never", "a [b"] {
            assert_eq!(chosen(none), None, "{none}");
        }
    }

    #[test]
    fn values_are_found_by_name() {
        assert_eq!(value("a\t: 1\nb: 2 kB\n", "b"), Some("2 kB"));
        assert_eq!(value("a: 1", "c"), None);
        assert_eq!(parameter("quiet a=1 audit=1 audit=0", "audit"), Some("0"));
        assert_eq!(parameter("quiet audit", "audit"), None);
        assert_eq!(counter("nr_periods 5\nnr_throttled 7\n", "nr_throttled"), Some(7));
        assert_eq!(counter("nr_throttled many", "nr_throttled"), None);
    }
}
