//! Taking a snapshot: the files and directories that the patterns name, under a root.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::patterns::{self, fits, is_open};
use super::{
    ENTRIES_MAX, Entry, Given, Missing, NAMES_MAX, PROCESSES, Snapshot, TEXT_BYTES_MAX,
    TOTAL_BYTES_MAX, VERSION, groups,
};

impl Snapshot {
    /// Reads the machine whose `proc`, `sys` and `etc` are under `root`: `/` for this one. What
    /// can not be read is noted with its reason and is no error.
    pub fn capture(root: &Path, given: Given) -> Self {
        let data = given.data.map(|data| resolved(root, &data).unwrap_or(data));
        let given = Given { data, ..given };
        let mut capture = Capture { root, bytes: 0, snapshot: Self::empty(given) };
        for pattern in patterns::wanted() {
            let parts: Vec<_> = pattern.split('/').collect();
            if pattern != PROCESSES {
                capture.walk("", &parts);
            }
        }
        let own = capture.snapshot.text("proc/self/cgroup").map(str::to_owned);
        for file in groups::files(&own.unwrap_or_default()) {
            capture.file(&file);
            capture.snapshot.asked.push(file);
        }
        capture.processes();
        capture.snapshot
    }

    /// One that has asked for everything and found nothing.
    pub(super) fn empty(given: Given) -> Self {
        let asked = patterns::wanted();
        Self { version: VERSION, given, asked, full: false, entries: BTreeMap::new() }
    }
}

/// A directory with the links above it followed, as far as it exists; `None` if one of them leads
/// out of the root.
fn resolved(root: &Path, data: &str) -> Option<String> {
    let root = fs::canonicalize(root).ok()?;
    let data = Path::new(data);
    let found = data.ancestors().find_map(|above| {
        let inside = above.strip_prefix("/").ok()?;
        Some((above, fs::canonicalize(root.join(inside)).ok()?))
    });
    let (above, real) = found?;
    let rest = data.strip_prefix(above).ok()?;
    let path = Path::new("/").join(real.strip_prefix(&root).ok()?).join(rest);
    Some(path.to_str()?.trim_end_matches('/').to_owned()).filter(|path| !path.is_empty())
}

struct Capture<'a> {
    root: &'a Path,
    /// Bytes noted so far.
    bytes: usize,
    snapshot: Snapshot,
}

impl Capture<'_> {
    fn walk(&mut self, at: &str, parts: &[&str]) {
        let Some((part, rest)) = parts.split_first() else { return self.file(at) };
        let below = |name: &str| match at {
            "" => name.to_owned(),
            at => format!("{at}/{name}"),
        };
        if !is_open(part) {
            return self.walk(&below(part), rest);
        }
        for name in self.names(at).iter().filter(|name| !part.is_empty() && fits(part, name)) {
            self.walk(&below(name), rest);
        }
    }

    /// Notes a file, if it is there.
    fn file(&mut self, path: &str) {
        let read = self.read(path);
        let entry = match read {
            Ok(text) => Entry::Text(text),
            Err(ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
            Err(ErrorKind::PermissionDenied) => Entry::Missing(Missing::Denied),
            Err(_) => Entry::Missing(Missing::Unreadable),
        };
        self.note(path, entry);
    }

    fn read(&self, path: &str) -> Result<String, ErrorKind> {
        let path = self.root.join(path);
        // Opening a pipe would wait for somebody to write to it.
        if !fs::metadata(&path).map_err(|error| error.kind())?.is_file() {
            return Err(ErrorKind::InvalidInput);
        }
        let file = File::open(&path).map_err(|error| error.kind())?;
        let mut bytes = Vec::new();
        let limit = TEXT_BYTES_MAX as u64 + 1;
        file.take(limit).read_to_end(&mut bytes).map_err(|error| error.kind())?;
        if bytes.len() > TEXT_BYTES_MAX {
            bytes.truncate(TEXT_BYTES_MAX);
            let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            bytes.truncate(end);
        }
        let text = String::from_utf8_lossy(&bytes);
        // What is no text grows when it is made one.
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        Ok(text.get(..end).unwrap_or_default().to_owned())
    }

    /// Notes the names in a directory, if it is there, and returns them.
    fn names(&mut self, path: &str) -> Vec<String> {
        if let Some(Entry::Names(names)) = self.snapshot.entries.get(path) {
            return names.clone();
        }
        let names = match fs::read_dir(self.root.join(path)) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() == ErrorKind::PermissionDenied {
                    self.note(path, Entry::Missing(Missing::Denied));
                }
                return Vec::new();
            }
        };
        let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        // One more, to see whether there is one.
        let mut names: Vec<_> = names.take(NAMES_MAX + 1).collect();
        if names.len() > NAMES_MAX {
            self.snapshot.full = true;
            names.truncate(NAMES_MAX);
        }
        names.sort();
        self.note(path, Entry::Names(names.clone()));
        names
    }

    /// Notes the names of all processes, each once, unless only some of them can be seen.
    fn processes(&mut self) {
        let Ok(entries) = fs::read_dir(self.root.join("proc")) else { return };
        let ids = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let ids: Vec<_> = ids.filter(|id| fits("#", id)).take(ENTRIES_MAX).collect();
        if !ids.is_empty() && !ids.iter().any(|id| id == "1") {
            return self.note(PROCESSES, Entry::Missing(Missing::Denied));
        }
        let names = ids.iter().filter_map(|id| self.read(&format!("proc/{id}/comm")).ok());
        let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
        names.sort();
        names.dedup();
        names.truncate(NAMES_MAX);
        if !names.is_empty() {
            self.note(PROCESSES, Entry::Names(names));
        }
    }

    fn note(&mut self, path: &str, entry: Entry) {
        let bytes = path.len() + entry.bytes();
        if self.snapshot.entries.len() >= ENTRIES_MAX || self.bytes + bytes > TOTAL_BYTES_MAX {
            self.snapshot.full = true;
            return;
        }
        self.bytes += bytes;
        self.snapshot.entries.insert(path.to_owned(), entry);
    }
}

impl Entry {
    /// How much of the snapshot's room it takes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Names(names) => names.iter().map(String::len).sum(),
            Self::Missing(_) => 0,
        }
    }
}
