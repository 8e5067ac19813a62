//! A commit's bytes: preamble, payload, and an archived header read in place.
//!
//! ```text
//! 0                                      archive position                    len
//! | preamble | payload ... (frames start on blocks) | header (rkyv archive) | zeros to the block |
//!
//! preamble, 32 bytes, little endian:
//!  0  magic "TidemilJ"
//!  8  len               u32  bytes of the whole commit, a multiple of the block
//! 12  archive position  u32  a multiple of 16
//! 16  archive length    u32
//! 20  crc               u32  CRC-32C of bytes 0..20, of bytes 24..32 and of the archive
//! 24  version           u16  1
//! 26  zeros
//! ```
//!
//! The header comes last so that batches can be staged before it is known how many there will be.
//! Payload is covered by each entry's own CRC, the archive and the preamble by theirs.

use core::ops::Range;

use record::Crc32c;
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use super::entry::{Entry, StoredEntry};
use crate::identity::{CommitSequence, Generation, JournalId};
use crate::limits::{BLOCK_BYTES, COMMIT_ENTRIES_MAX};

/// Bytes before the payload.
pub const PREAMBLE_BYTES: usize = 32;
const MAGIC: [u8; 8] = *b"TidemilJ";
const VERSION: u16 = 1;
/// The archive's alignment within the commit.
pub(super) const ARCHIVE_ALIGNMENT: usize = 16;

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitHeader {
    /// The journal it belongs to.
    pub journal: JournalId,
    /// The start that wrote it.
    pub generation: Generation,
    /// Its number.
    pub sequence: CommitSequence,
    /// The last commit that was under a completed barrier when this one was written.
    pub durable_through: CommitSequence,
    /// What it holds.
    pub entries: Vec<Entry>,
}

#[derive(Archive, Serialize, Deserialize)]
struct StoredHeader {
    journal: [u8; 16],
    generation: u64,
    sequence: u64,
    durable_through: u64,
    entries: Vec<StoredEntry>,
}

/// Why bytes are not a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// No commit starts here.
    #[error("no commit starts here")]
    Magic,
    /// It was written by a newer version of this program.
    #[error("format version {version} is not known")]
    Version {
        /// The version.
        version: u16,
    },
    /// Positions or lengths contradict each other or the file.
    #[error("lengths do not fit: commit {len}, archive {archive_len} at {archive_position}")]
    Lengths {
        /// Of the commit.
        len: u32,
        /// Of the archive.
        archive_position: u32,
        /// Of the archive.
        archive_len: u32,
    },
    /// The header is damaged.
    #[error("the header's CRC does not match")]
    Crc,
    /// The archive is not a header.
    #[error("the header can not be read")]
    Archive,
    /// An entry is of a kind that this version does not know, or points outside of the commit.
    #[error("entry {index} is not valid")]
    Entry {
        /// Which one.
        index: usize,
    },
}

/// Archives a header; the bytes go behind the payload at a multiple of [`ARCHIVE_ALIGNMENT`].
pub(super) fn archive(header: &CommitHeader) -> Vec<u8> {
    assert!(header.entries.len() <= COMMIT_ENTRIES_MAX * 2, "a commit's table is bounded");
    let stored = StoredHeader {
        journal: header.journal.0,
        generation: header.generation.0,
        sequence: header.sequence.0,
        durable_through: header.durable_through.0,
        entries: header.entries.iter().map(|entry| entry.to_stored()).collect(),
    };
    rkyv::to_bytes::<Error>(&stored).expect("plain values can be archived").to_vec()
}

/// The preamble of a commit of `len` bytes with `archive` at `position`.
pub(super) fn preamble(len: usize, position: usize, archive: &[u8]) -> [u8; PREAMBLE_BYTES] {
    assert!(len.is_multiple_of(BLOCK_BYTES), "commits are whole blocks");
    assert!(position.is_multiple_of(ARCHIVE_ALIGNMENT), "the archive is aligned");
    assert!(position + archive.len() <= len, "the archive lies within");
    let mut bytes = [0; PREAMBLE_BYTES];
    let mut put = |at: usize, field: &[u8]| {
        bytes.get_mut(at..at + field.len()).expect("inside the preamble").copy_from_slice(field);
    };
    put(0, &MAGIC);
    put(8, &stored_len(len).to_le_bytes());
    put(12, &stored_len(position).to_le_bytes());
    put(16, &stored_len(archive.len()).to_le_bytes());
    put(24, &VERSION.to_le_bytes());
    let crc = crc_of(&bytes, archive);
    bytes.get_mut(20..24).expect("inside").copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn crc_of(preamble: &[u8; PREAMBLE_BYTES], archive: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(preamble.get(..20).expect("inside"));
    crc.update(preamble.get(24..).expect("inside"));
    crc.update(archive);
    crc.finish()
}

fn stored_len(len: usize) -> u32 {
    u32::try_from(len).expect("a commit is under 4 GiB")
}

/// A preamble that was read: where the rest is, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// Bytes of the whole commit.
    pub len: usize,
    archive_position: usize,
    archive_len: usize,
    crc: u32,
}

impl Preamble {
    /// Reads the preamble at the front of a block. `room` is how many bytes the file has from
    /// here on: no commit spans two files.
    pub fn read(block: &[u8], room: u64) -> Result<Self, CommitError> {
        let bytes: &[u8; PREAMBLE_BYTES] = block.first_chunk().ok_or(CommitError::Magic)?;
        if bytes.first_chunk() != Some(&MAGIC) {
            return Err(CommitError::Magic);
        }
        let word = |at: usize| {
            let word = bytes.get(at..at + 4).and_then(|word| word.first_chunk());
            u32::from_le_bytes(*word.expect("inside the preamble"))
        };
        let version = u16::try_from(word(24) & 0xffff).expect("masked");
        if version != VERSION {
            return Err(CommitError::Version { version });
        }
        let (len, archive_position, archive_len) = (word(8), word(12), word(16));
        let fits = len as usize >= BLOCK_BYTES
            && (len as usize).is_multiple_of(BLOCK_BYTES)
            && u64::from(len) <= room
            && archive_position as usize >= PREAMBLE_BYTES
            && (archive_position as usize).is_multiple_of(ARCHIVE_ALIGNMENT)
            && u64::from(archive_position) + u64::from(archive_len) <= u64::from(len);
        if !fits {
            return Err(CommitError::Lengths { len, archive_position, archive_len });
        }
        Ok(Self {
            len: len as usize,
            archive_position: archive_position as usize,
            archive_len: archive_len as usize,
            crc: word(20),
        })
    }

    /// Reads and checks the header; `commit` must hold the whole commit, aligned to 16 bytes.
    pub fn header(&self, commit: &[u8]) -> Result<CommitHeader, CommitError> {
        let archive = commit.get(self.archive()).ok_or(CommitError::Archive)?;
        self.header_in(commit, archive)
    }

    /// Where in the commit the archive is.
    pub fn archive(&self) -> Range<usize> {
        self.archive_position..self.archive_position + self.archive_len
    }

    /// Like [`Preamble::header`], of the commit's first block and the archive alone.
    pub fn header_in(&self, block: &[u8], archive: &[u8]) -> Result<CommitHeader, CommitError> {
        let preamble: &[u8; PREAMBLE_BYTES] = block.first_chunk().ok_or(CommitError::Magic)?;
        if crc_of(preamble, archive) != self.crc {
            return Err(CommitError::Crc);
        }
        let stored = rkyv::access::<ArchivedStoredHeader, Error>(archive)
            .map_err(|_| CommitError::Archive)?;
        let mut entries = Vec::with_capacity(stored.entries.len());
        for (index, stored) in stored.entries.iter().enumerate() {
            let entry = Entry::from_stored(stored).ok_or(CommitError::Entry { index })?;
            let end = u64::from(entry.position) + u64::from(entry.len);
            if end > self.archive_position as u64 {
                return Err(CommitError::Entry { index });
            }
            entries.push(entry);
        }
        Ok(CommitHeader {
            journal: JournalId(stored.journal),
            generation: Generation(stored.generation.to_native()),
            sequence: CommitSequence(stored.sequence.to_native()),
            durable_through: CommitSequence(stored.durable_through.to_native()),
            entries,
        })
    }
}

#[cfg(test)]
mod tests {
    use record::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};

    use super::*;
    use crate::journal::entry::EntryKind;

    fn header() -> CommitHeader {
        let entry = Entry {
            kind: EntryKind::Append,
            log: TopicPartition { topic: TopicId([3; 16]), partition: PartitionIndex(2) },
            leader_epoch: LeaderEpoch(4),
            base_offset: Offset(100),
            segment: Offset(90),
            segment_position: 500,
            batch_position: 500,
            len: 61,
            position: 32,
            crc: 0x1234_5678,
        };
        CommitHeader {
            journal: JournalId([7; 16]),
            generation: Generation(5),
            sequence: CommitSequence(12),
            durable_through: CommitSequence(11),
            entries: vec![entry],
        }
    }

    /// The bytes that docs/FORMAT.md states.
    #[test]
    fn a_commit_s_bytes_are_the_documented_ones() {
        let archive = archive(&header());
        let fields = [
            // The entry, before the root.
            &[3; 16][..],
            &100_i64.to_le_bytes(),
            &90_i64.to_le_bytes(),
            &2_i32.to_le_bytes(),
            &4_i32.to_le_bytes(),
            &500_u32.to_le_bytes(),
            &500_u32.to_le_bytes(),
            &61_u32.to_le_bytes(),
            &32_u32.to_le_bytes(),
            &0x1234_5678_u32.to_le_bytes(),
            &[1, 0, 0, 0],
            // The root.
            &[7; 16],
            &5_u64.to_le_bytes(),
            &12_u64.to_le_bytes(),
            &11_u64.to_le_bytes(),
            &(-104_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
        ];
        assert_eq!(archive, fields.concat());
        let fields = [
            &b"TidemilJ"[..],
            &4096_u32.to_le_bytes(),
            &96_u32.to_le_bytes(),
            &112_u32.to_le_bytes(),
            &[82, 228, 129, 139],
            &1_u16.to_le_bytes(),
            &[0; 6],
        ];
        assert_eq!(preamble(4096, 96, &archive).as_slice(), fields.concat());
    }

    fn commit() -> Vec<u8> {
        let archive = archive(&header());
        let mut bytes = preamble(BLOCK_BYTES, 96, &archive).to_vec();
        bytes.resize(96, 0);
        bytes.extend_from_slice(&archive);
        bytes.resize(BLOCK_BYTES, 0);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<CommitHeader, CommitError> {
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        Preamble::read(&aligned, bytes.len() as u64)?.header(&aligned)
    }

    #[test]
    fn damage_of_preamble_or_header_is_noticed() {
        let commit = commit();
        assert_eq!(read(&commit), Ok(header()));
        let summed = (0..PREAMBLE_BYTES).chain(96..96 + 112);
        for byte in summed {
            let mut damaged = commit.clone();
            damaged[byte] ^= 0x20;
            assert!(read(&damaged).is_err(), "byte {byte}");
        }
    }

    #[test]
    fn an_unknown_version_and_an_entry_that_points_outside_are_named() {
        let mut newer = commit();
        newer[24] = 2;
        assert_eq!(read(&newer), Err(CommitError::Version { version: 2 }));
        let mut long = header();
        long.entries[0].len = 65;
        let archive = archive(&long);
        let mut bytes = preamble(BLOCK_BYTES, 96, &archive).to_vec();
        bytes.resize(96, 0);
        bytes.extend_from_slice(&archive);
        bytes.resize(BLOCK_BYTES, 0);
        assert_eq!(read(&bytes), Err(CommitError::Entry { index: 0 }));
    }
}
