//! The journal's files: a ring of pre-written ones that are recycled and never extended.
//!
//! Pure bookkeeping: which file is written, which are full and of what age, which are free. A
//! commit lies in one file. Some free files are kept for carries, so that the oldest file can
//! always be emptied: what is carried out of one file, with its prefixes, fits into two.

use std::collections::VecDeque;

use crate::identity::CommitSequence;
use crate::limits::BLOCK;

/// A file's place in the ring, and in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileNumber(pub u32);

/// Where a commit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPlace {
    /// The file.
    pub file: FileNumber,
    /// Where in the file.
    pub offset: u64,
}

/// Free files that appends leave alone.
pub const RESERVED_FILES: usize = 2;

/// Who asks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomFor {
    /// New records: must leave the reserve alone.
    Appends,
    /// What empties the journal: may use it.
    Carries,
}

#[derive(Clone, Copy, Debug)]
struct Full {
    file: FileNumber,
    last: CommitSequence,
}

/// Which file is what.
#[derive(Debug)]
pub struct Files {
    file_bytes: u64,
    free: VecDeque<FileNumber>,
    /// The file being written and how far.
    current: Option<(FileNumber, u64)>,
    current_last: CommitSequence,
    /// Full files, oldest first.
    full: VecDeque<Full>,
}

impl Files {
    /// A ring without any file yet.
    pub fn new(file_bytes: u64) -> Self {
        assert!(file_bytes.is_multiple_of(BLOCK), "files are whole blocks");
        Self {
            file_bytes,
            free: VecDeque::new(),
            current: None,
            current_last: CommitSequence::ZERO,
            full: VecDeque::new(),
        }
    }

    /// Adds a pre-written, synced file.
    pub fn add_free(&mut self, file: FileNumber) {
        assert!(!self.free.contains(&file), "a file is added once");
        self.free.push_back(file);
    }

    /// Adds a file found at start that holds commits up to `last`; oldest first.
    pub fn add_full(&mut self, file: FileNumber, last: CommitSequence) {
        assert!(self.full.back().is_none_or(|full| full.last < last), "oldest first");
        self.full.push_back(Full { file, last });
    }

    /// Whether a commit of `bytes` can be placed.
    pub fn has_room(&self, bytes: u64, purpose: RoomFor) -> bool {
        assert!(bytes <= self.file_bytes, "a commit fits a file");
        let in_current = self.current.is_some_and(|(_, offset)| offset + bytes <= self.file_bytes);
        let reserve = if purpose == RoomFor::Appends { RESERVED_FILES } else { 0 };
        in_current || self.free.len() > reserve
    }

    /// Places a commit; [`Files::has_room`] for carries must hold.
    pub fn place(&mut self, sequence: CommitSequence, bytes: u64) -> CommitPlace {
        assert!(bytes.is_multiple_of(BLOCK), "commits are whole blocks");
        assert!(sequence > self.current_last, "commits rise");
        let fits = self.current.is_some_and(|(_, offset)| offset + bytes <= self.file_bytes);
        if !fits {
            self.turn_over();
        }
        let (file, offset) = self.current.expect("a file is being written");
        assert!(offset + bytes <= self.file_bytes, "a commit fits a file");
        self.current = Some((file, offset + bytes));
        self.current_last = sequence;
        CommitPlace { file, offset }
    }

    fn turn_over(&mut self) {
        if let Some((file, _)) = self.current.take() {
            self.full.push_back(Full { file, last: self.current_last });
        }
        let file = self.free.pop_front().expect("room was asked for before");
        self.current = Some((file, 0));
    }

    /// Frees every full file whose commits are all before `needed`. They are returned.
    pub fn release_before(&mut self, needed: CommitSequence) -> Vec<FileNumber> {
        let mut released = Vec::new();
        while let Some(full) = self.full.front() {
            if full.last >= needed {
                break;
            }
            released.push(full.file);
            self.free.push_back(full.file);
            self.full.pop_front();
        }
        released
    }

    /// Takes a free file out of the ring: there are more than are wanted.
    pub fn remove_free(&mut self) -> Option<FileNumber> {
        self.free.pop_back()
    }

    /// The free file that is written next.
    pub fn next_free(&self) -> Option<FileNumber> {
        self.free.front().copied()
    }

    /// Files that can be written next.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// All files.
    pub fn count(&self) -> usize {
        self.free.len() + self.full.len() + usize::from(self.current.is_some())
    }

    /// Bytes of commits, whole files for the full ones.
    pub fn used_bytes(&self) -> u64 {
        self.full.len() as u64 * self.file_bytes + self.current.map_or(0, |(_, offset)| offset)
    }

    /// The last commit of the `count` oldest full files: what to flush so that they get free.
    pub fn last_of_oldest(&self, count: usize) -> Option<CommitSequence> {
        let index = count.min(self.full.len()).checked_sub(1)?;
        self.full.get(index).map(|full| full.last)
    }

    /// Bytes of one file.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// The file being written.
    pub fn current(&self) -> Option<FileNumber> {
        self.current.map(|(file, _)| file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(files: u32) -> Files {
        let mut ring = Files::new(4 * BLOCK);
        (0..files).for_each(|number| ring.add_free(FileNumber(number)));
        ring
    }

    fn place(ring: &mut Files, sequence: u64, blocks: u64) -> (u32, u64) {
        let place = ring.place(CommitSequence(sequence), blocks * BLOCK);
        (place.file.0, place.offset / BLOCK)
    }

    #[test]
    fn a_commit_never_spans_two_files() {
        let mut ring = ring(3);
        assert_eq!(place(&mut ring, 1, 3), (0, 0));
        assert_eq!(place(&mut ring, 2, 2), (1, 0));
        assert_eq!(place(&mut ring, 3, 2), (1, 2));
        assert_eq!(ring.used_bytes(), 8 * BLOCK);
    }

    #[test]
    fn appends_leave_the_reserve_to_carries() {
        let mut ring = ring(3);
        place(&mut ring, 1, 4);
        assert!(!ring.has_room(BLOCK, RoomFor::Appends));
        assert!(ring.has_room(BLOCK, RoomFor::Carries));
    }

    #[test]
    fn files_are_released_in_the_order_of_their_age() {
        let mut ring = ring(3);
        place(&mut ring, 1, 4);
        place(&mut ring, 2, 4);
        place(&mut ring, 3, 1);
        assert_eq!(ring.last_of_oldest(1), Some(CommitSequence(1)));
        assert_eq!(ring.last_of_oldest(9), Some(CommitSequence(2)));
        assert!(ring.release_before(CommitSequence(1)).is_empty());
        assert_eq!(ring.release_before(CommitSequence(2)), [FileNumber(0)]);
        assert_eq!(ring.release_before(CommitSequence(9)), [FileNumber(1)]);
        assert_eq!((ring.free(), ring.count()), (2, 3));
        assert_eq!(place(&mut ring, 4, 4), (0, 0));
    }
}
