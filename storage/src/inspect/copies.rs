//! Both copies of a layout or a superblock, and which one is in force.

use std::io;
use std::path::{Path, PathBuf};

use runtime::Runtime;

use crate::data::layout_path;
use crate::limits::BLOCK;
use crate::recovery::journal::superblock_path;
use crate::superblock::{LAYOUT_MAGIC, Layout, SUPERBLOCK_MAGIC, Superblock};
use crate::twin::{Slot, TwinFile};

/// One copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copy<T> {
    /// It checks.
    Valid {
        /// Its version; the larger one is in force.
        version: u64,
        /// What it says.
        value: T,
    },
    /// It was never written.
    Blank,
    /// It does not check.
    Damaged,
    /// It checks, but its record makes no sense to this version.
    Unknown,
}

/// A file of two copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies<T> {
    /// The file.
    pub path: PathBuf,
    /// The copies in the order of their places.
    pub copies: [Copy<T>; 2],
}

impl<T> Copies<T> {
    /// Which copy is in force: as for a start, the valid one with the largest version.
    pub fn winner(&self) -> Option<usize> {
        let [first, second] = &self.copies;
        match (version(first), version(second)) {
            (None, None) => None,
            (first, second) => Some(usize::from(second > first)),
        }
    }

    /// What the copy in force says.
    pub fn value(&self) -> Option<&T> {
        match self.copies.get(self.winner()?)? {
            Copy::Valid { value, .. } => Some(value),
            Copy::Blank | Copy::Damaged | Copy::Unknown => None,
        }
    }

    /// Where in the file a copy starts.
    pub fn position(copy: usize) -> u64 {
        copy as u64 * BLOCK
    }
}

fn version<T>(copy: &Copy<T>) -> Option<u64> {
    match copy {
        Copy::Valid { version, .. } => Some(*version),
        Copy::Blank | Copy::Damaged | Copy::Unknown => None,
    }
}

/// Reads both copies of the layout.
pub async fn inspect_layout(runtime: &Runtime, data: &Path) -> io::Result<Copies<Layout>> {
    let path = layout_path(data);
    let slots = TwinFile::inspect(runtime, &path, LAYOUT_MAGIC).await?;
    Ok(Copies { path, copies: slots.map(|slot| read(slot, Layout::decode)) })
}

/// Reads both copies of a journal's superblock.
pub async fn inspect_superblock(
    runtime: &Runtime,
    journal_directory: &Path,
) -> io::Result<Copies<Superblock>> {
    let path = superblock_path(journal_directory);
    let slots = TwinFile::inspect(runtime, &path, SUPERBLOCK_MAGIC).await?;
    Ok(Copies { path, copies: slots.map(|slot| read(slot, Superblock::decode)) })
}

fn read<T>(slot: Slot, decode: impl Fn(&[u8]) -> Option<T>) -> Copy<T> {
    match slot {
        Slot::Valid { version, payload } => match decode(&payload) {
            Some(value) => Copy::Valid { version, value },
            None => Copy::Unknown,
        },
        Slot::Blank => Copy::Blank,
        Slot::Damaged => Copy::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies(copies: [Copy<u8>; 2]) -> Copies<u8> {
        Copies { path: PathBuf::new(), copies }
    }

    #[test]
    fn the_valid_copy_with_the_largest_version_is_in_force() {
        let valid = |version, value| Copy::Valid { version, value };
        assert_eq!(copies([valid(8, 1), valid(7, 2)]).value(), Some(&1));
        assert_eq!(copies([valid(8, 1), valid(9, 2)]).value(), Some(&2));
        assert_eq!(copies([Copy::Damaged, valid(9, 2)]).winner(), Some(1));
        assert_eq!(copies([valid(1, 1), Copy::Unknown]).winner(), Some(0));
        assert_eq!(copies([Copy::Blank, Copy::Damaged]).value(), None);
    }
}
