//! `tidemill log dump --json`, run and read.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a dump printed, line by line, and how it ended.
#[derive(Debug)]
pub(crate) struct Dump {
    pub(crate) lines: Vec<Value>,
    pub(crate) code: Option<i32>,
    pub(crate) error: String,
}

impl Dump {
    /// Runs `log dump` on `data` with further arguments.
    pub(crate) fn run(data: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
        command.args(["log", "dump", "--json", "--data"]).arg(data).args(arguments);
        let output = command.output().expect("the binary was built");
        let text = String::from_utf8(output.stdout).expect("it writes text");
        let lines =
            text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        let error = String::from_utf8(output.stderr).expect("it writes text");
        Self { lines, code: output.status.code(), error }
    }

    /// The same; everything must be sound.
    pub(crate) fn sound(data: &Path, arguments: &[&str]) -> Self {
        let dump = Self::run(data, arguments);
        assert_eq!(dump.code, Some(0), "{:?} {}", dump.faults(), dump.error);
        assert!(dump.faults().is_empty());
        dump
    }

    /// All items of a kind.
    pub(crate) fn items(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["item"] == kind).collect()
    }

    /// Everything that did not check: file, byte and what.
    pub(crate) fn faults(&self) -> Vec<(PathBuf, Option<u64>, String)> {
        let faults = self.items("fault");
        let faults = faults.iter().map(|fault| {
            let text = |field: &str| fault[field].as_str().expect("it is text").to_owned();
            (PathBuf::from(text("file")), fault["byte"].as_u64(), text("what"))
        });
        faults.collect()
    }
}

/// A number of an item.
pub(crate) fn number(item: &Value, field: &str) -> u64 {
    item[field].as_u64().unwrap_or_else(|| panic!("{field} of {item}"))
}

/// A path of an item, in another copy of the directory.
pub(crate) fn path_in(item: &Value, from: &Path, to: &Path) -> PathBuf {
    let path = Path::new(item["file"].as_str().expect("an item has a file"));
    to.join(path.strip_prefix(from).expect("it lies below"))
}
