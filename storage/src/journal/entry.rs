//! [`Entry`]: one line of a commit's table, saying what its bytes are and where they belong.

use record::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use rkyv::{Archive, Deserialize, Serialize};

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// A record batch at the end of a log.
    Append = 1,
    /// Bytes that the journal still owes a segment, moved forward from an older file: 64 bytes of
    /// prefix, then raw bytes from the segment position on. If they begin inside a batch, the
    /// prefix starts with that batch's header; else it is zeros. The base offset is that of the
    /// first batch. Supersedes older entries for the bytes it covers.
    Carry = 2,
    /// The log now starts at the base offset; what is before may be deleted.
    LogStart = 3,
    /// The log now ends at the base offset (replicas; later).
    Truncate = 4,
    /// A new segment starts at the base offset.
    Roll = 5,
    /// The partition was created here, empty, at the base offset.
    Create = 6,
    /// The partition was deleted.
    Dead = 7,
}

impl EntryKind {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Append,
            2 => Self::Carry,
            3 => Self::LogStart,
            4 => Self::Truncate,
            5 => Self::Roll,
            6 => Self::Create,
            7 => Self::Dead,
            _ => return None,
        })
    }
}

/// One entry, as the journal's code uses it.
///
/// For an Append, the 21 bytes of a batch header that its CRC does not cover (base offset,
/// length, leader epoch, magic, CRC) all follow from the entry, whose own CRC covers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub kind: EntryKind,
    /// To which log.
    pub log: TopicPartition,
    /// Append: the epoch in the batch. Otherwise the epoch in force.
    pub leader_epoch: LeaderEpoch,
    /// Append: the batch's first offset. Others: see the kind.
    pub base_offset: Offset,
    /// Append and Carry: the base offset of the segment that the bytes belong to.
    pub segment: Offset,
    /// Append and Carry: where in that segment.
    pub segment_position: u32,
    /// Append and Carry: where the first batch starts in that segment; for a Carry that begins
    /// inside a batch this is before its own start.
    pub batch_position: u32,
    /// Append and Carry: how many bytes.
    pub len: u32,
    /// Append and Carry: where in the commit, from its first byte.
    pub position: u32,
    /// Append: the batch's own CRC-32C. Carry: CRC-32C of its bytes.
    pub crc: u32,
}

/// Bytes of a Carry before those of the segment.
pub const CARRY_PREFIX_BYTES: usize = 64;

impl Entry {
    /// An entry without bytes.
    pub fn mark(
        kind: EntryKind,
        log: TopicPartition,
        leader_epoch: LeaderEpoch,
        base_offset: Offset,
    ) -> Self {
        assert!(!matches!(kind, EntryKind::Append | EntryKind::Carry), "these have bytes");
        Self {
            kind,
            log,
            leader_epoch,
            base_offset,
            segment: Offset::NONE,
            segment_position: 0,
            batch_position: 0,
            len: 0,
            position: 0,
            crc: 0,
        }
    }

    /// Carry: how many bytes of the segment it has, without the prefix.
    pub fn carried_len(&self) -> u32 {
        self.len.saturating_sub(u32::try_from(CARRY_PREFIX_BYTES).expect("64"))
    }

    pub(super) fn to_stored(self) -> StoredEntry {
        StoredEntry {
            topic: self.log.topic.0,
            base_offset: self.base_offset.0,
            segment: self.segment.0,
            partition: self.log.partition.0,
            leader_epoch: self.leader_epoch.0,
            segment_position: self.segment_position,
            batch_position: self.batch_position,
            len: self.len,
            position: self.position,
            crc: self.crc,
            kind: self.kind as u8,
            reserved: [0; 3],
        }
    }

    /// `None` for a kind that this version does not know.
    pub(super) fn from_stored(stored: &ArchivedStoredEntry) -> Option<Self> {
        Some(Self {
            kind: EntryKind::from_byte(stored.kind)?,
            log: TopicPartition {
                topic: TopicId(stored.topic),
                partition: PartitionIndex(stored.partition.to_native()),
            },
            leader_epoch: LeaderEpoch(stored.leader_epoch.to_native()),
            base_offset: Offset(stored.base_offset.to_native()),
            segment: Offset(stored.segment.to_native()),
            segment_position: stored.segment_position.to_native(),
            batch_position: stored.batch_position.to_native(),
            len: stored.len.to_native(),
            position: stored.position.to_native(),
            crc: stored.crc.to_native(),
        })
    }
}

/// The entry as it is archived: 64 bytes, little endian.
///
/// ```text
///  0 topic id          16 bytes     40 segment position  u32     56 crc   u32
/// 16 base offset       i64          44 batch position    u32     60 kind  u8
/// 24 segment           i64          48 len               u32     61 zeros
/// 32 partition         i32          52 position          u32
/// 36 leader epoch      i32
/// ```
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug)]
pub(super) struct StoredEntry {
    topic: [u8; 16],
    base_offset: i64,
    segment: i64,
    partition: i32,
    leader_epoch: i32,
    segment_position: u32,
    batch_position: u32,
    len: u32,
    position: u32,
    crc: u32,
    kind: u8,
    reserved: [u8; 3],
}

const _: () = assert!(size_of::<ArchivedStoredEntry>() == 64);
