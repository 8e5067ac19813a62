//! Configurations as a table: name, value, where it comes from, and what is built in.

use std::fmt::Write;

use net::client::ConfigEntry;
use net::kafka::config::ConfigSource;

const HEAD: [&str; 4] = ["NAME", "VALUE", "SOURCE", "DEFAULT"];

/// The table, with a line for each entry under the head.
pub(super) fn text<'a>(entries: impl Iterator<Item = &'a ConfigEntry>) -> String {
    let rows = entries.map(|entry| {
        let value = entry.value.as_deref().map(shown);
        [
            entry.name.clone(),
            value.unwrap_or("-").to_owned(),
            source(entry),
            entry.default.as_deref().map_or("-", shown).to_owned(),
        ]
    });
    let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for [name, value, source, default] in &rows {
        let [name_width, value_width, source_width, _] = widths;
        writeln!(
            text,
            "{name:name_width$}  {value:value_width$}  {source:source_width$}  {default}"
        )
        .expect("writing to a String does not fail");
    }
    text
}

/// A value that can be seen.
fn shown(value: &str) -> &str {
    if value.is_empty() { "\"\"" } else { value }
}

fn source(entry: &ConfigEntry) -> String {
    let source = match entry.source {
        ConfigSource::TOPIC => "topic",
        ConfigSource::DYNAMIC_BROKER => "broker",
        ConfigSource::DYNAMIC_DEFAULT_BROKER => "all brokers",
        ConfigSource::STATIC_BROKER => "start",
        ConfigSource::DEFAULT => "default",
        ConfigSource::GROUP => "group",
        _ => "unknown",
    };
    let read_only = if entry.read_only { ", read-only" } else { "" };
    format!("{source}{read_only}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let entry = |name: &str, value: Option<&str>, source, default: Option<&str>| ConfigEntry {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            source,
            default: default.map(str::to_owned),
            read_only: source == ConfigSource::STATIC_BROKER,
        };
        let entries = [
            entry("retention.ms", Some("5"), ConfigSource::TOPIC, Some("604800000")),
            entry("a", Some(""), ConfigSource::STATIC_BROKER, None),
            entry("secret", None, ConfigSource::DEFAULT, Some("")),
        ];
        assert_eq!(
            text(entries.iter()),
            "NAME          VALUE  SOURCE            DEFAULT\n\
             retention.ms  5      topic             604800000\n\
             a             \"\"     start, read-only  -\n\
             secret        -      default           \"\"\n"
        );
    }
}
