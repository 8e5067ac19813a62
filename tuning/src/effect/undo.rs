//! What is written down before a setting is changed, so that whoever comes next can put it back.

use serde::{Deserialize, Serialize};

use super::knob::Change;
use crate::check::Setting;

/// The version of the form.
const VERSION: u32 = 1;

/// The most bytes of it.
const BYTES_MAX: usize = 64 << 10;

/// What to put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    version: u32,
    /// The setting's name.
    pub knob: String,
    /// Of each file below the root, what to write to it.
    files: Vec<(String, String)>,
}

/// Why a text is no such thing.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// It is no JSON, or not of this form.
    #[error("not understood: {0}")]
    Form(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error("it has version {0}, this program knows {VERSION}")]
    Version(u32),
    /// It would write where no setting is.
    #[error("it names {0}, which is no setting of the kernel")]
    Place(String),
    /// It is longer than any.
    #[error("it is too long")]
    TooLong,
}

impl Undo {
    /// What takes back these changes of a setting.
    pub fn of(knob: &str, changes: &[Change]) -> Self {
        let back = changes.iter().map(Change::back);
        let files = back.map(|Setting { path, value }| (path, value)).collect();
        Self { version: VERSION, knob: knob.to_owned(), files }
    }

    /// As one JSON object.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain values can be written as JSON") + "\n"
    }

    /// Reads it back. Whoever runs this may be root, and the file another's: it can name nothing
    /// but settings of disks and of huge pages.
    pub fn from_json(text: &str) -> Result<Self, UndoError> {
        if text.len() > BYTES_MAX {
            return Err(UndoError::TooLong);
        }
        let undo: Self = serde_json::from_str(text)?;
        if undo.version != VERSION {
            return Err(UndoError::Version(undo.version));
        }
        match undo.files.iter().find(|(path, value)| !is_setting(path, value)) {
            Some((path, _)) => Err(UndoError::Place(path.clone())),
            None => Ok(undo),
        }
    }

    /// What to write where, the last change first.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        let files = self.files.iter().rev();
        files.map(|(path, value)| Setting { path: path.clone(), value: value.clone() })
    }
}

fn is_setting(path: &str, value: &str) -> bool {
    let is_plain = |text: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
        !text.is_empty() && text != "." && text != ".." && text.chars().all(is_letter)
    };
    let parts: Vec<&str> = path.split('/').collect();
    let is_place = match parts.as_slice() {
        ["sys", "block", disk, "queue", "scheduler" | "nomerges" | "wbt_lat_usec"] => {
            is_plain(disk)
        }
        ["sys", "kernel", "mm", "transparent_hugepage", "enabled"] => true,
        _ => false,
    };
    is_place && is_plain(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, before: &str) -> Change {
        Change { path: path.to_owned(), before: before.to_owned(), after: "x".to_owned() }
    }

    #[test]
    fn what_is_written_down_comes_back_in_reverse() {
        let changes = [
            change("sys/block/sda/queue/scheduler", "mq-deadline"),
            change("sys/block/nvme0n1/queue/scheduler", "none"),
        ];
        let undo = Undo::of("scheduler", &changes);
        let read = Undo::from_json(&undo.to_json()).unwrap();
        assert_eq!(read, undo);
        let settings: Vec<_> = read.settings().map(|setting| setting.value).collect();
        assert_eq!(settings, ["none", "mq-deadline"]);
    }

    #[test]
    fn only_settings_are_put_back() {
        for (path, before) in [
            ("etc/passwd", "x"),
            ("sys/block/../../etc/queue/scheduler", "x"),
            ("sys/block/../queue/scheduler", "x"),
            ("sys/block/vda/queue/write_cache", "x"),
            ("sys/block/vda/queue/scheduler", "a b"),
            ("sys/block/vda/queue/scheduler", ""),
        ] {
            let text = Undo::of("scheduler", &[change(path, before)]).to_json();
            assert!(matches!(Undo::from_json(&text), Err(UndoError::Place(_))), "{path} {before}");
        }
        let undo = Undo::of("nomerges", &[change("sys/block/vda/queue/nomerges", "0")]).to_json();
        let newer = undo.replace("\"version\": 1", "\"version\": 2");
        assert!(matches!(Undo::from_json(&newer), Err(UndoError::Version(2))));
        assert!(matches!(Undo::from_json("{"), Err(UndoError::Form(_))));
        assert!(matches!(Undo::from_json(&" ".repeat(1 << 20)), Err(UndoError::TooLong)));
    }
}
