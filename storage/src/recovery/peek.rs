//! Which journal files hold nothing that is needed, told by their fronts.
//!
//! Files are filled one after another, from their front. A file whose first commit is older than
//! the first commit of another file, which is itself not behind the floor, was full before the
//! floor. All others are scanned, those whose first commit can not be read among them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use runtime::buffer::DmaBuf;
use runtime::{File, OpenOptions, Runtime};

use super::choose::is_of_its_start;
use crate::identity::{CommitSequence, JournalId};
use crate::journal::commit::{CommitHeader, Preamble};
use crate::journal::files::FileNumber;
use crate::limits::BLOCK_BYTES;
use crate::superblock::Superblock;

/// What a journal file's front says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// The file is shorter than a journal's files are: its making was not finished.
    Unfinished,
    /// No commit that counts is at its front.
    Blank,
    /// It begins with this commit.
    Begun(CommitSequence),
}

impl Front {
    /// Reads it.
    pub(super) async fn read(
        runtime: &Runtime,
        path: &Path,
        superblock: &Superblock,
    ) -> io::Result<Self> {
        let found = runtime::metadata(runtime, path).await?;
        if !found.is_file || found.len < superblock.file_bytes {
            return Ok(Self::Unfinished);
        }
        let options = OpenOptions { direct: true, ..OpenOptions::default() };
        let file = File::open(runtime, path, options).await?;
        let header = read_header(&file, superblock.file_bytes).await?;
        let counts = |header: &CommitHeader| {
            header.journal == JournalId(superblock.journal)
                && is_of_its_start(superblock, header.generation, header.sequence)
        };
        let header = header.filter(counts);
        Ok(header.map_or(Self::Blank, |header| Self::Begun(header.sequence)))
    }

    /// Whether a commit was found.
    pub(super) fn has_begun(&self) -> bool {
        self.first().is_some()
    }

    fn first(&self) -> Option<CommitSequence> {
        if let Self::Begun(first) = self { Some(*first) } else { None }
    }
}

async fn read_header(file: &File, room: u64) -> io::Result<Option<CommitHeader>> {
    let (block, read) = file.read_at(DmaBuf::zeroed(BLOCK_BYTES), 0, BLOCK_BYTES, 0).await;
    read?;
    let Ok(preamble) = Preamble::read(block.as_slice(), room) else { return Ok(None) };
    let archive = preamble.archive();
    let start = archive.start / BLOCK_BYTES * BLOCK_BYTES;
    let len = (archive.end - start).next_multiple_of(BLOCK_BYTES);
    let (blocks, read) = file.read_at(DmaBuf::zeroed(len), 0, len, start as u64).await;
    read?;
    let archive = blocks.as_slice().get(archive.start - start..archive.end - start);
    let archive = archive.expect("the blocks around it were read");
    Ok(preamble.header_in(block.as_slice(), archive).ok())
}

/// The files that were full before `floor`.
pub(super) fn passed(
    fronts: &BTreeMap<FileNumber, Front>,
    floor: CommitSequence,
) -> Vec<FileNumber> {
    // The last file that was begun at or before the floor may hold the floor itself.
    let begun = fronts.values().filter_map(Front::first).filter(|first| *first <= floor).max();
    let is_passed = |front: &Front| front.first().is_some_and(|first| Some(first) < begun);
    fronts.iter().filter(|(_, front)| is_passed(front)).map(|(number, _)| *number).collect()
}

/// The files whose making was not finished.
pub(super) fn unfinished(fronts: &BTreeMap<FileNumber, Front>) -> Vec<FileNumber> {
    let unfinished = fronts.iter().filter(|(_, front)| **front == Front::Unfinished);
    unfinished.map(|(number, _)| *number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_of(firsts: &[Option<u64>], floor: u64) -> Vec<u32> {
        let front =
            |first: &Option<u64>| first.map_or(Front::Blank, |n| Front::Begun(CommitSequence(n)));
        let fronts = firsts.iter().zip(0..).map(|(first, n)| (FileNumber(n), front(first)));
        passed(&fronts.collect(), CommitSequence(floor)).iter().map(|number| number.0).collect()
    }

    #[test]
    fn the_file_with_the_floor_and_those_behind_it_are_scanned() {
        assert_eq!(passed_of(&[Some(1), Some(10), Some(20), None], 15), [0]);
        assert_eq!(passed_of(&[Some(1), Some(10), Some(20), None], 20), [0, 1]);
        assert_eq!(passed_of(&[Some(30), Some(10), Some(20)], 100), [1, 2]);
    }

    #[test]
    fn a_file_whose_front_is_damaged_is_scanned() {
        assert_eq!(passed_of(&[None, Some(10), Some(20)], 25), [1]);
        assert_eq!(passed_of(&[Some(1), None, Some(20)], 15), [0; 0]);
    }

    #[test]
    fn with_no_checkpoint_everything_is_scanned() {
        assert_eq!(passed_of(&[Some(1), Some(10), None], 1), [0; 0]);
        assert_eq!(passed_of(&[], 1), [0; 0]);
    }
}
