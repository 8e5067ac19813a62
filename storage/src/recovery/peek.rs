//! Which journal files hold nothing that is needed, told by their first commits.
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

/// The number of the commit at a file's front; `None` if there is none that counts, or the file is
/// shorter than a journal's files are.
pub(super) async fn first_commit(
    runtime: &Runtime,
    path: &Path,
    superblock: &Superblock,
) -> io::Result<Option<CommitSequence>> {
    let found = runtime::metadata(runtime, path).await?;
    if !found.is_file || found.len < superblock.file_bytes {
        return Ok(None);
    }
    let options = OpenOptions { direct: true, ..OpenOptions::default() };
    let file = File::open(runtime, path, options).await?;
    let Some(header) = read_header(&file, superblock.file_bytes).await? else { return Ok(None) };
    let counts = header.journal == JournalId(superblock.journal)
        && is_of_its_start(superblock, header.generation, header.sequence);
    Ok(counts.then_some(header.sequence))
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

/// The files that were full before `floor`, of all files with their first commits.
pub(super) fn passed(
    firsts: &BTreeMap<FileNumber, Option<CommitSequence>>,
    floor: CommitSequence,
) -> Vec<FileNumber> {
    // The last file that was begun at or before the floor may hold the floor itself.
    let begun = firsts.values().copied().flatten().filter(|first| *first <= floor).max();
    let is_passed = |first: &Option<CommitSequence>| first.is_some_and(|first| Some(first) < begun);
    firsts.iter().filter(|(_, first)| is_passed(first)).map(|(number, _)| *number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_of(firsts: &[Option<u64>], floor: u64) -> Vec<u32> {
        let firsts = firsts
            .iter()
            .zip(0..)
            .map(|(first, number)| (FileNumber(number), first.map(CommitSequence)));
        passed(&firsts.collect(), CommitSequence(floor)).iter().map(|number| number.0).collect()
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
