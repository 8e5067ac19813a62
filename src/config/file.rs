//! The configuration file: TOML, where `log.retention.ms` may be one quoted key or nested tables.
//!
//! ```toml
//! "log.retention.ms" = 3600000      # Kafka's name as one key
//! tail.bytes = "256MiB"             # or as TOML nests it
//! [log.segment]
//! bytes = 1048576
//! ```

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Given};
use super::origin::Origin;

/// Reads the settings of a file in the order of its lines, names unchecked.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Given>, Vec<ConfigError>> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let message = error.message().to_owned();
        vec![ConfigError::NotToml { path: path.to_owned(), line, message }]
    })?;
    let mut reader =
        Reader { path: Arc::from(path), text, settings: Vec::new(), errors: Vec::new() };
    reader.read_table("", table.get_ref());
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    reader.settings.sort_by_key(|(position, _)| *position);
    Ok(reader.settings.into_iter().map(|(_, given)| given).collect())
}

/// The line of a byte, from 1.
fn line_of(text: &str, position: usize) -> usize {
    let before = text.as_bytes().iter().take(position);
    before.filter(|byte| **byte == b'\n').count() + 1
}

struct Reader<'a> {
    path: Arc<str>,
    text: &'a str,
    /// With the position of their keys: the parser sorts tables by name.
    settings: Vec<(usize, Given)>,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    /// The depth is bounded by the parser, which refuses deeply nested input.
    fn read_table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = if prefix.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{prefix}.{}", key.get_ref())
            };
            self.read_value(name, key.span().start, value);
        }
    }

    fn read_value(&mut self, name: String, position: usize, value: &Spanned<DeValue<'_>>) {
        if let DeValue::Table(table) = value.get_ref() {
            return self.read_table(&name, table);
        }
        let line = line_of(self.text, position);
        let origin = Origin::File { path: Arc::clone(&self.path), line };
        let text = match value.get_ref() {
            DeValue::Array(elements) => {
                let texts: Result<Vec<_>, _> =
                    elements.iter().map(|element| scalar(element.get_ref())).collect();
                texts.map(|texts| texts.join(","))
            }
            value => scalar(value),
        };
        match text {
            Ok(value) => self.settings.push((position, Given { name, value, origin })),
            Err(found) => self.errors.push(ConfigError::NotAValue { name, origin, found }),
        }
    }
}

/// A value as text, or what it is instead.
fn scalar(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map(|number| number.to_string()).map_err(|_| "a number over 64 bits")
        }
        DeValue::Datetime(_) => Err("a date or a time"),
        DeValue::Array(_) => Err("a list in a list"),
        DeValue::Table(_) => Err("a table in a list"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Vec<(String, String, usize)> {
        let line = |origin| match origin {
            Origin::File { line, .. } => line,
            other => panic!("{other:?}"),
        };
        let given = parse("t.toml", text).unwrap().into_iter();
        given.map(|given| (given.name, given.value, line(given.origin))).collect()
    }

    fn complaints(text: &str) -> Vec<String> {
        parse("t.toml", text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_quoted_dotted_or_nested() {
        let text = "\"log.retention.ms\" = 1_000\n\n[log.segment]\nbytes = \"1MiB\"\n\
                    [tail]\n# none\nbytes = 0x10\n";
        let expected = [
            ("log.retention.ms", "1000", 1),
            ("log.segment.bytes", "1MiB", 4),
            ("tail.bytes", "16", 7),
        ];
        let expected = expected.map(|(name, value, line)| (name.into(), value.into(), line));
        assert_eq!(settings(text), expected);
    }

    #[test]
    fn lists_become_text_with_commas() {
        let expected = ("cores".to_owned(), "0,2-3".to_owned(), 1);
        assert_eq!(settings("cores = [0, \"2-3\"]"), [expected]);
        assert_eq!(settings("x = true")[0].1, "true");
        assert_eq!(settings("x = 1.5")[0].1, "1.5");
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_line() {
        let complaint = complaints("a = 1\nb = \n").remove(0);
        assert!(complaint.starts_with("t.toml line 2: "), "{complaint}");
        let complaint = complaints("a = 1\na = 2\n").remove(0);
        assert!(complaint.starts_with("t.toml line 2: "), "{complaint}");
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_name() {
        assert_eq!(
            complaints("a = 1979-05-27\nb = [[1]]\n[[c]]\nd = 1\n"),
            [
                "setting 'a' in t.toml line 1 has no value that a setting can have: \
                 a date or a time",
                "setting 'b' in t.toml line 2 has no value that a setting can have: \
                 a list in a list",
                "setting 'c' in t.toml line 3 has no value that a setting can have: \
                 a table in a list",
            ]
        );
    }

    #[test]
    fn deeply_nested_input_ends_with_an_error_and_not_with_the_stack() {
        let deep = format!("a = {}", "[".repeat(100_000));
        assert_eq!(complaints(&deep).len(), 1);
        let deep = format!("{} = 1", vec!["a"; 100_000].join("."));
        assert_eq!(complaints(&deep).len(), 1);
    }
}
