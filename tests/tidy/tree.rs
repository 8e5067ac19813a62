//! The files that the rules look at: everything in the repository that people write.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use super::source::Source;

/// The repository's root.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Directories that hold nothing people write; those whose name begins with a dot besides.
const SKIPPED: [&str; 5] = ["artifacts", "corpus", "target", "tidemill-data", "__pycache__"];

/// A text file that is not Rust.
pub(crate) struct Page {
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The repository as it lies on the disk; everything sorted by path.
#[derive(Default)]
pub(crate) struct Tree {
    /// Every `.rs` file.
    pub(crate) sources: Vec<Source>,
    /// Every `.md`, `.toml` and `.yml` file.
    pub(crate) pages: Vec<Page>,
}

impl Tree {
    /// The repository that this test was built from, read once for all rules.
    pub(crate) fn of_repository() -> &'static Self {
        static TREE: LazyLock<Tree> = LazyLock::new(|| {
            let mut tree = Tree::default();
            tree.read_directory(Path::new(ROOT), "");
            assert!(tree.sources.iter().any(|source| source.path == "src/lib.rs"), "the sources");
            tree
        });
        &TREE
    }

    fn read_directory(&mut self, directory: &Path, prefix: &str) {
        let entries = fs::read_dir(directory).expect("the directory is readable");
        let mut entries: Vec<_> =
            entries.map(|entry| entry.expect("the directory is readable")).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().into_string().expect("file names are UTF-8");
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().expect("the file has a type");
            if kind.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                    self.read_directory(&entry.path(), &format!("{path}/"));
                }
            } else if kind.is_file() {
                self.read_file(&entry.path(), path);
            }
        }
    }

    fn read_file(&mut self, file: &Path, path: String) {
        let extension = file.extension().and_then(|extension| extension.to_str());
        let Some(extension @ ("rs" | "md" | "toml" | "yml")) = extension else {
            return;
        };
        let text = fs::read_to_string(file).expect("the file is UTF-8");
        if extension == "rs" {
            self.sources.push(Source::new(path, text));
        } else {
            self.pages.push(Page { path, text });
        }
    }

    /// The directories with a manifest, relative to the root and ending in a slash (the root's own
    /// is empty).
    pub(crate) fn crates(&self) -> Vec<&str> {
        self.pages.iter().filter_map(|page| page.path.strip_suffix("Cargo.toml")).collect()
    }
}
