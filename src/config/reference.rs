//! The reference page of the settings, as a Markdown table.

use std::fmt::Write;

use super::environment;
use super::form::Range;
use super::setting::Setting;
use super::table::SETTINGS;

/// One row for each setting: name, values, default, what it is for.
pub fn settings_reference() -> String {
    let mut page = String::from("| setting | value | default | what it is for |\n");
    page.push_str("|---|---|---|---|\n");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "empty" } else { setting.default };
        writeln!(
            page,
            "| `{}`{}<br>`{}` | {} | `{default}` | {}{} |",
            setting.key,
            other_names(setting),
            environment::variable(setting.key),
            values(setting),
            setting.documentation.trim(),
            remarks(setting),
        )
        .expect("writing to a String does not fail");
    }
    page
}

fn other_names(setting: &Setting) -> String {
    let names = setting.names().skip(1);
    names.fold(String::new(), |text, name| text + ", `" + name + "`")
}

fn values(setting: &Setting) -> String {
    let absent = setting.absent.map_or_else(String::new, |word| format!("`{word}` or "));
    let Range { min, max } = setting.range;
    let range = match (min, max) {
        (i64::MIN, i64::MAX) => String::new(),
        (_, i64::MAX) => format!(", from {min}"),
        _ => format!(", {min} to {max}"),
    };
    format!("{absent}{}{range}", setting.syntax)
}

fn remarks(setting: &Setting) -> String {
    let said = |topic| format!(" A topic's `{topic}` overrides it.");
    let topic = setting.topic.map_or_else(String::new, said);
    let dynamic = if setting.is_dynamic() { " Can be set while it runs." } else { "" };
    topic + dynamic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_row_of_four_cells_for_each_setting() {
        let page = settings_reference();
        assert_eq!(page.lines().count(), SETTINGS.len() + 2);
        for line in page.lines() {
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
        let row = "| `log.retention.ms`, `log.retention.minutes`, `log.retention.hours`\
                   <br>`TIDEMILL_LOG_RETENTION_MS` | number, from -1 | `604800000` | \
                   The age above which segments go, in milliseconds; -1 for no limit. \
                   A topic's `retention.ms` overrides it. Can be set while it runs. |";
        assert!(page.contains(row), "{page}");
    }
}
