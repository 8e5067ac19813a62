//! docs/OPERATIONS.md says what the code says: settings, log lines, metrics.
//!
//! `TIDEMILL_WRITE_DOCS=1 cargo test --test operations` writes the tables of settings anew.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn page_path() -> std::path::PathBuf {
    Path::new(ROOT).join("docs/OPERATIONS.md")
}

fn page() -> String {
    fs::read_to_string(page_path()).unwrap()
}

/// The text between a marker and the end after it.
fn section<'a>(page: &'a str, marker: &str) -> &'a str {
    let begin = format!("<!-- {marker} -->\n");
    let from = page.find(&begin).unwrap() + begin.len();
    let len = page[from..].find("<!-- end -->").unwrap();
    &page[from..from + len]
}

#[test]
fn the_tables_of_settings_are_the_code_s() {
    let tables = [
        ("settings", tidemill::config::settings_reference()),
        ("topic settings", tidemill::topic_config::topic_settings_reference()),
        ("group settings", tidemill::dynamic_config::group_settings_reference()),
    ];
    if std::env::var_os("TIDEMILL_WRITE_DOCS").is_some() {
        let mut text = page();
        for (marker, table) in &tables {
            let begin = format!("<!-- {marker} -->\n");
            let old = format!("{begin}{}", section(&text, marker));
            text = text.replace(&old, &format!("{begin}{table}"));
        }
        fs::write(page_path(), text).unwrap();
    }
    let page = page();
    for (marker, table) in tables {
        assert!(table.lines().count() > 3, "{marker}");
        assert_eq!(section(&page, marker), table, "TIDEMILL_WRITE_DOCS=1 writes it anew");
    }
}

/// All files of the broker and its storage that are no tests.
fn sources() -> Vec<String> {
    let mut sources = Vec::new();
    let mut directories = vec![Path::new(ROOT).join("src"), Path::new(ROOT).join("storage/src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                directories.push(path);
            } else if name != "tests.rs" {
                sources.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    sources
}

/// The last string literal of a call's arguments.
fn message(call: &str) -> Option<&str> {
    let arguments = &call[..call.find(");")?];
    let end = arguments.rfind('"')?;
    let start = arguments[..end].rfind('"')? + 1;
    Some(&arguments[start..end])
}

#[test]
fn every_warning_and_error_of_the_log_is_explained_and_no_other() {
    let mut said = BTreeSet::new();
    let sources = sources();
    for source in &sources {
        for level in ["error", "warn"] {
            for call in source.split(&format!("tracing::{level}!(")).skip(1) {
                said.insert(format!("| {level} | `{}` |", message(call).unwrap()));
            }
        }
    }
    assert!(said.len() > 15, "{said:?}");
    let page = page();
    let table = &page[page.find("## Log lines").unwrap()..page.find("## Metrics").unwrap()];
    let rows =
        table.lines().filter(|row| row.starts_with("| error |") || row.starts_with("| warn"));
    let explained: BTreeSet<String> =
        rows.map(|row| row[..row.find("` |").unwrap() + 3].to_owned()).collect();
    assert_eq!(explained, said);
}

#[test]
fn every_metric_is_explained_and_no_other() {
    let sources = sources();
    let literals = sources.iter().flat_map(|source| source.split('"'));
    let is_name = |text: &&str| {
        let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        letters && (text.starts_with("tidemill_") || text.starts_with("process_"))
    };
    let made: BTreeSet<&str> = literals.filter(is_name).collect();
    assert!(made.len() > 30, "{made:?}");
    let page = page();
    let table = &page[page.find("## Metrics").unwrap()..page.find("## Changing").unwrap()];
    let rows = table.lines().filter_map(|row| row.strip_prefix("| `"));
    let explained: BTreeSet<&str> = rows.map(|row| &row[..row.find('`').unwrap()]).collect();
    assert_eq!(explained, made);
}
