//! A snapshot as a file: JSON, with every length checked before anything is believed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::{ENTRIES_MAX, Entry, NAMES_MAX, Snapshot, TEXT_BYTES_MAX, TOTAL_BYTES_MAX, VERSION};

/// The most bytes of a file; escapes make a text longer.
const FILE_BYTES_MAX: usize = 2 * TOTAL_BYTES_MAX;

/// The most patterns a snapshot may say it was asked for.
const ASKED_MAX: usize = 1_024;

/// The longest path, pattern or fact.
const WORD_BYTES_MAX: usize = 4_096;

/// Why a file is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It can not be read, or not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no JSON, or not of this form.
    #[error("not a snapshot: {0}")]
    Form(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error("the snapshot has version {0}, this program knows {VERSION}")]
    Version(u32),
    /// There is more of something than a snapshot has.
    #[error("not a snapshot: {0} beyond the limit")]
    TooMuch(&'static str),
}

impl Snapshot {
    /// Reads a snapshot back.
    pub fn from_json(text: &str) -> Result<Self, SnapshotError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(SnapshotError::TooMuch("its length is"));
        }
        let snapshot: Self = serde_json::from_str(text)?;
        snapshot.check().map(|()| snapshot)
    }

    /// The snapshot as one JSON object.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain values can be written as JSON") + "\n"
    }

    /// Reads a snapshot from a file.
    pub fn load(path: &Path) -> Result<Self, SnapshotError> {
        let mut bytes = Vec::new();
        let limit = FILE_BYTES_MAX as u64 + 1;
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
        Self::from_json(&text)
    }

    /// Writes a snapshot to a file, over what was there.
    pub fn save(&self, path: &Path) -> Result<(), SnapshotError> {
        Ok(fs::write(path, self.to_json())?)
    }

    fn check(&self) -> Result<(), SnapshotError> {
        if self.version != VERSION {
            return Err(SnapshotError::Version(self.version));
        }
        let too_much = |is: bool, what| if is { Err(SnapshotError::TooMuch(what)) } else { Ok(()) };
        too_much(self.entries.len() > ENTRIES_MAX, "the number of entries is")?;
        too_much(self.asked.len() > ASKED_MAX, "the number of patterns is")?;
        let given = [&self.given.data, &self.given.cores, &self.given.nic];
        let mut words = self.asked.iter().chain(self.entries.keys());
        let is_long = |word: &String| word.len() > WORD_BYTES_MAX;
        too_much(words.any(is_long), "the length of a path is")?;
        too_much(given.into_iter().flatten().any(is_long), "the length of a fact is")?;
        let mut bytes = 0;
        for (path, entry) in &self.entries {
            bytes += path.len() + entry.bytes();
            match entry {
                Entry::Text(text) => too_much(text.len() > TEXT_BYTES_MAX, "a file's length is")?,
                Entry::Names(names) => too_much(names.len() > NAMES_MAX, "a directory's size is")?,
                Entry::Missing(_) => {}
            }
        }
        too_much(bytes > TOTAL_BYTES_MAX, "the size of all files is")
    }
}
