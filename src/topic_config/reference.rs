//! The reference page of the topic configurations, as a Markdown table.

use std::fmt::Write;

use super::table::TOPIC_SETTINGS;
use crate::config::{Range, SETTINGS};

/// One row for each configuration: name, values, default and the setting behind it, what it is for.
pub fn topic_settings_reference() -> String {
    let mut page =
        String::from("| config | value | default | what it is for |\n|---|---|---|---|\n");
    for setting in &TOPIC_SETTINGS {
        let range = match (setting.range.min, setting.range.max) {
            _ if setting.range == Range::ANY => String::new(),
            (min, i64::MAX) => format!(", from {min}"),
            (min, max) => format!(", {min} to {max}"),
        };
        let behind = SETTINGS.iter().find(|broker| broker.topic == Some(setting.name));
        let default = match behind {
            Some(broker) => format!("`{}`", broker.key),
            None if setting.default.is_empty() => "empty".to_owned(),
            None => format!("`{}`", setting.default),
        };
        writeln!(
            page,
            "| `{}` | {}{range} | {default} | {} |",
            setting.name, setting.syntax, setting.documentation,
        )
        .expect("writing to a String does not fail");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_row_of_four_cells_for_each_configuration() {
        let page = topic_settings_reference();
        assert_eq!(page.lines().count(), TOPIC_SETTINGS.len() + 2);
        for line in page.lines() {
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
        let row = "| `segment.bytes` | number, 1048576 to 2147483647 | `log.segment.bytes` | \
                   The size at which a segment is sealed. |";
        assert!(page.contains(row), "{page}");
    }
}
