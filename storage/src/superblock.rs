//! The records that say which journal bytes and which checkpoint are valid.
//!
//! The layout, one a data directory, says how many shards there are and counts the starts. The
//! superblock, one a journal, names the checkpoint and where each earlier start ended. Both are
//! kept in two copies ([`crate::twin`]) as rkyv archives.

use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use crate::identity::{CommitSequence, Generation, JournalId};
use crate::limits::GENERATIONS_MAX;
use crate::twin::PAYLOAD_BYTES_MAX;

/// Marks a layout file.
pub(crate) const LAYOUT_MAGIC: [u8; 8] = *b"TidemilL";
/// Marks a superblock file.
pub(crate) const SUPERBLOCK_MAGIC: [u8; 8] = *b"TidemilS";
/// The version of everything below the data directory.
pub const FORMAT_VERSION: u32 = 1;

/// What the data directory as a whole is.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The version of all formats.
    pub format: u32,
    /// The cluster's random id.
    pub cluster: [u8; 16],
    /// How many shards own its partitions.
    pub shards: u16,
    /// How often it was started.
    pub generation: u64,
    /// The start since which the shard count has been what it is.
    pub shards_since: u64,
    /// The last stop was orderly: nothing was lost, not even of relaxed topics.
    pub clean: bool,
    /// How often a start followed a stop that was not: partitions' leader epochs grow with it.
    pub unclean_starts: i32,
}

/// A checkpoint file that was completed.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointRef {
    /// Which of the two files.
    pub slot: u8,
    /// The start that wrote it.
    pub generation: u64,
    /// Its number, rising.
    pub number: u64,
    /// Its bytes.
    pub len: u64,
    /// CRC-32C over all of them.
    pub crc: u32,
    /// The first commit that recovery needs besides it.
    pub floor: u64,
}

/// Where a start's commits ended.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationEnd {
    /// The start.
    pub generation: u64,
    /// Its last valid commit. What claims to be of it beyond that is dead for ever.
    pub last: u64,
}

/// What one journal is.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// The journal's random id.
    pub journal: [u8; 16],
    /// The start that may append to it.
    pub generation: u64,
    /// Bytes of each of its files.
    pub file_bytes: u64,
    /// Earlier starts, oldest first, as far as their commits may still be needed.
    pub ends: Vec<GenerationEnd>,
    /// The last commit of this start, once it was stopped in order.
    pub stopped_at: Option<u64>,
    /// The checkpoint in force.
    pub checkpoint: Option<CheckpointRef>,
    /// The checkpoint to be in force once the layout names this start as the one that changed the
    /// shard count.
    pub pending: Option<CheckpointRef>,
}

impl Superblock {
    /// A new journal's.
    pub fn new(journal: JournalId, generation: Generation, file_bytes: u64) -> Self {
        Self {
            journal: journal.0,
            generation: generation.0,
            file_bytes,
            ends: Vec::new(),
            stopped_at: None,
            checkpoint: None,
            pending: None,
        }
    }

    /// The checkpoint in force under a layout.
    pub fn checkpoint_under(&self, layout: &Layout) -> Option<CheckpointRef> {
        let pending = self.pending.filter(|pending| pending.generation == layout.shards_since);
        pending.or(self.checkpoint)
    }

    /// The last commit that was recorded as the end of its start: everything up to it is durable.
    pub fn recorded_end(&self) -> Option<CommitSequence> {
        let ends = self.ends.iter().map(|end| end.last).chain(self.stopped_at);
        ends.max().map(CommitSequence)
    }

    /// Where a start ended, if it is an earlier one that is still listed.
    pub fn end_of(&self, generation: Generation) -> Option<CommitSequence> {
        let end = self.ends.iter().find(|end| end.generation == generation.0)?;
        Some(CommitSequence(end.last))
    }

    /// Notes that the starts before `generation` ended at `last`, and that `generation` begins.
    /// Ends below `floor` are forgotten: no commit up to them is needed. `false` if there is no
    /// room for another end: none of very many starts came to its first checkpoint.
    #[must_use]
    pub fn begin(
        &mut self,
        generation: Generation,
        last: CommitSequence,
        floor: CommitSequence,
    ) -> bool {
        assert!(generation.0 > self.generation, "starts are counted up");
        self.ends.retain(|end| end.last >= floor.0);
        if self.ends.len() >= GENERATIONS_MAX {
            return false;
        }
        self.ends.push(GenerationEnd { generation: self.generation, last: last.0 });
        self.generation = generation.0;
        self.stopped_at = None;
        true
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        rkyv::to_bytes::<Error>(self).expect("plain values can be archived").to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }
}

impl Layout {
    pub(crate) fn encode(&self) -> Vec<u8> {
        rkyv::to_bytes::<Error>(self).expect("plain values can be archived").to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        rkyv::from_bytes::<Self, Error>(&aligned).ok()
    }
}

fn decode(bytes: &[u8]) -> Option<Superblock> {
    let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(bytes.len());
    aligned.extend_from_slice(bytes);
    rkyv::from_bytes::<Superblock, Error>(&aligned).ok()
}

const _: () = assert!(GENERATIONS_MAX * 16 + 512 <= PAYLOAD_BYTES_MAX, "a superblock fits a slot");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_records_survive_their_archive() {
        let mut superblock = Superblock::new(JournalId([7; 16]), Generation(1), 64 << 20);
        assert!(superblock.begin(Generation(2), CommitSequence(10), CommitSequence(0)));
        superblock.checkpoint =
            Some(CheckpointRef { slot: 1, generation: 2, number: 3, len: 4, crc: 5, floor: 6 });
        assert_eq!(Superblock::decode(&superblock.encode()), Some(superblock));
        let layout = Layout {
            format: FORMAT_VERSION,
            cluster: [1; 16],
            shards: 3,
            generation: 4,
            shards_since: 2,
            clean: true,
            unclean_starts: 9,
        };
        assert_eq!(Layout::decode(&layout.encode()), Some(layout));
        assert_eq!(Layout::decode(&[1, 2, 3]), None);
    }

    #[test]
    fn ends_that_nobody_needs_are_forgotten() {
        let mut superblock = Superblock::new(JournalId([7; 16]), Generation(1), 64 << 20);
        assert!(superblock.begin(Generation(2), CommitSequence(10), CommitSequence(0)));
        assert!(superblock.begin(Generation(5), CommitSequence(20), CommitSequence(11)));
        assert_eq!(superblock.end_of(Generation(1)), None);
        assert_eq!(superblock.end_of(Generation(2)), Some(CommitSequence(20)));
        assert_eq!(superblock.end_of(Generation(5)), None);
    }

    #[test]
    fn a_pending_checkpoint_counts_only_under_its_layout() {
        let reference = |number, generation| CheckpointRef {
            slot: 0,
            generation,
            number,
            len: 0,
            crc: 0,
            floor: 0,
        };
        let mut superblock = Superblock::new(JournalId([7; 16]), Generation(3), 64 << 20);
        superblock.checkpoint = Some(reference(1, 2));
        superblock.pending = Some(reference(2, 3));
        let mut layout = Layout {
            format: FORMAT_VERSION,
            cluster: [1; 16],
            shards: 3,
            generation: 3,
            shards_since: 1,
            clean: true,
            unclean_starts: 0,
        };
        assert_eq!(superblock.checkpoint_under(&layout).unwrap().number, 1);
        layout.shards_since = 3;
        assert_eq!(superblock.checkpoint_under(&layout).unwrap().number, 2);
    }
}
