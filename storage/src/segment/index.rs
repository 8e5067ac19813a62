//! A segment's index: offsets and times to positions, and a checksum of what lies between.
//!
//! ```text
//! .idx file: entries of 32 bytes, back to back, little endian
//!  0 offset          i64  first offset of the batch that starts at the position
//!  8 max timestamp   i64  largest timestamp of all batches before the position, -1 if none
//! 16 position        u32  where that batch starts in the segment
//! 20 data crc        u32  CRC-32C of the segment's bytes since the entry before, see below
//! 24 zero            u32
//! 28 crc             u32  CRC-32C of bytes 0..28, of the topic id and of the partition
//! ```
//!
//! An entry is made for the first batch that starts [`INDEX_INTERVAL_BYTES`] or more behind the
//! last one. The data CRC is seeded with topic id, partition and the position where it starts, so
//! that bytes of another log or another place do not pass.

use record::{Crc32c, Offset, Timestamp, TopicPartition};

use crate::limits::INDEX_INTERVAL_BYTES;

/// Bytes of a stored entry.
pub const INDEX_ENTRY_BYTES: usize = 32;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// First offset of the batch at the position.
    pub offset: Offset,
    /// Largest timestamp of all batches before it.
    pub max_timestamp: Timestamp,
    /// Where the batch starts.
    pub position: u32,
    /// Checksum of the bytes from the entry before up to the position.
    pub data_crc: u32,
}

impl IndexEntry {
    /// The entry as it is stored in the index of `log`.
    pub fn encode(&self, log: TopicPartition) -> [u8; INDEX_ENTRY_BYTES] {
        let mut bytes = [0; INDEX_ENTRY_BYTES];
        let mut put = |at: usize, field: &[u8]| {
            bytes.get_mut(at..at + field.len()).expect("inside").copy_from_slice(field);
        };
        put(0, &self.offset.0.to_le_bytes());
        put(8, &self.max_timestamp.0.to_le_bytes());
        put(16, &self.position.to_le_bytes());
        put(20, &self.data_crc.to_le_bytes());
        let crc = own_crc(&bytes, log);
        bytes.get_mut(28..).expect("inside").copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads an entry of `log`'s index; `None` if it is damaged or another log's.
    pub fn decode(bytes: &[u8; INDEX_ENTRY_BYTES], log: TopicPartition) -> Option<Self> {
        let signed = |at: usize| Some(i64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        if word(28)? != own_crc(bytes, log) || word(24)? != 0 {
            return None;
        }
        Some(Self {
            offset: Offset(signed(0)?),
            max_timestamp: Timestamp(signed(8)?),
            position: word(16)?,
            data_crc: word(20)?,
        })
    }
}

fn own_crc(bytes: &[u8; INDEX_ENTRY_BYTES], log: TopicPartition) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(bytes.get(..28).expect("inside"));
    crc.update(&log.topic.0);
    crc.update(&log.partition.0.to_le_bytes());
    crc.finish()
}

/// The checksum that starts at `position` of a segment of `log`.
pub fn seeded_crc(log: TopicPartition, position: u32) -> Crc32c {
    let mut crc = Crc32c::new();
    crc.update(&log.topic.0);
    crc.update(&log.partition.0.to_le_bytes());
    crc.update(&position.to_le_bytes());
    crc
}

/// Entries of one segment, in memory, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    entries: Vec<IndexEntry>,
}

impl Index {
    /// Reads the entries of a file, as far as they check, rise, and lie below `end`.
    pub fn read(bytes: &[u8], log: TopicPartition, end: u32) -> Self {
        let mut index = Self::default();
        for chunk in bytes.chunks_exact(INDEX_ENTRY_BYTES) {
            let bytes = chunk.first_chunk().expect("chunks are exact");
            let Some(entry) = IndexEntry::decode(bytes, log) else { break };
            let rises = index
                .entries
                .last()
                .is_none_or(|last| last.position < entry.position && last.offset < entry.offset);
            if !rises || entry.position >= end {
                break;
            }
            index.entries.push(entry);
        }
        index
    }

    /// All entries.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// Appends the next entry.
    pub fn push(&mut self, entry: IndexEntry) {
        if let Some(last) = self.entries.last() {
            assert!(last.position < entry.position, "positions rise");
            assert!(last.offset < entry.offset, "offsets rise");
        }
        self.entries.push(entry);
    }

    /// The last entry at or before `offset`: its batch starts there. None: start at the front.
    pub fn floor_offset(&self, offset: Offset) -> Option<&IndexEntry> {
        let after = self.entries.partition_point(|entry| entry.offset <= offset);
        self.entries.get(after.checked_sub(1)?)
    }

    /// The last entry before which every timestamp is below `time`. None: start at the front.
    pub fn floor_time(&self, time: Timestamp) -> Option<&IndexEntry> {
        let after = self.entries.partition_point(|entry| entry.max_timestamp < time);
        self.entries.get(after.checked_sub(1)?)
    }

    /// The last entry at or before `position`. None: the front.
    pub fn floor_position(&self, position: u32) -> Option<&IndexEntry> {
        let after = self.entries.partition_point(|entry| entry.position <= position);
        self.entries.get(after.checked_sub(1)?)
    }

    /// The first entry behind `position`.
    pub fn next_after(&self, position: u32) -> Option<&IndexEntry> {
        let after = self.entries.partition_point(|entry| entry.position <= position);
        self.entries.get(after)
    }

    /// Bytes that it takes in memory.
    pub fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<IndexEntry>()
    }
}

/// Makes the entries of a segment while its bytes are flushed front to back.
#[derive(Clone, Debug)]
pub struct IndexWriter {
    log: TopicPartition,
    crc: Crc32c,
    last_entry: u32,
    /// Up to where bytes have been summed.
    position: u32,
    max_timestamp: Timestamp,
}

impl IndexWriter {
    /// The writer of an empty segment.
    pub fn new(log: TopicPartition) -> Self {
        let max_timestamp = Timestamp::NONE;
        Self { log, crc: seeded_crc(log, 0), last_entry: 0, position: 0, max_timestamp }
    }

    /// A writer that goes on behind `last`: the batch there and the bytes from there on are to be
    /// given again, and the batch makes no second entry.
    pub fn resume(log: TopicPartition, last: &IndexEntry) -> Self {
        let (position, max_timestamp) = (last.position, last.max_timestamp);
        Self { log, crc: seeded_crc(log, position), last_entry: position, position, max_timestamp }
    }

    /// Up to where bytes have been summed: the next ones given must start here.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// A batch starts here. Returns an entry if one is due.
    pub fn batch(&mut self, base: Offset, max_timestamp: Timestamp) -> Option<IndexEntry> {
        let due = self.position - self.last_entry >= INDEX_INTERVAL_BYTES;
        let entry = due.then(|| IndexEntry {
            offset: base,
            max_timestamp: self.max_timestamp,
            position: self.position,
            data_crc: self.crc.finish(),
        });
        if due {
            self.last_entry = self.position;
            self.crc = seeded_crc(self.log, self.position);
        }
        self.max_timestamp = self.max_timestamp.max(max_timestamp);
        entry
    }

    /// The next bytes of the segment.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.position += u32::try_from(bytes.len()).expect("segments are under 4 GiB");
    }
}

#[cfg(test)]
mod tests {
    use record::{PartitionIndex, TopicId};

    use super::*;

    const LOG: TopicPartition =
        TopicPartition { topic: TopicId([9; 16]), partition: PartitionIndex(4) };

    fn built() -> (Index, Vec<u8>) {
        let (mut index, mut writer, mut file) =
            (Index::default(), IndexWriter::new(LOG), Vec::new());
        for batch in 0..40_i64 {
            let entry = writer.batch(Offset(batch * 3), Timestamp(1000 - (batch - 20).abs()));
            if let Some(entry) = entry {
                file.extend_from_slice(&entry.encode(LOG));
                index.push(entry);
            }
            writer.bytes(&vec![u8::try_from(batch).unwrap(); 10_000]);
        }
        (index, file)
    }

    /// The bytes that docs/FORMAT.md states.
    #[test]
    fn an_entry_s_bytes_are_the_documented_ones() {
        let mut crc = seeded_crc(LOG, 70_000);
        crc.update(b"batches");
        let data_crc = crc.finish();
        let (offset, max_timestamp, position) = (Offset(21), Timestamp(986), 70_000);
        let bytes = IndexEntry { offset, max_timestamp, position, data_crc }.encode(LOG);
        let fields = [
            &21_i64.to_le_bytes()[..],
            &986_i64.to_le_bytes(),
            &70_000_u32.to_le_bytes(),
            &[100, 41, 217, 222],
            &[0; 4],
            &[72, 128, 173, 36],
        ];
        assert_eq!(bytes.as_slice(), fields.concat());
    }

    #[test]
    fn entries_come_every_interval_and_are_read_back() {
        let (index, file) = built();
        let positions: Vec<_> = index.entries().iter().map(|entry| entry.position).collect();
        assert_eq!(positions, [70_000, 140_000, 210_000, 280_000, 350_000]);
        assert_eq!(Index::read(&file, LOG, 400_000), index);
        assert_eq!(Index::read(&file, LOG, 280_000).entries().len(), 3);
    }

    #[test]
    fn look_ups_find_the_last_entry_before() {
        let (index, _) = built();
        let position = |entry: Option<&IndexEntry>| entry.map(|entry| entry.position);
        assert_eq!(position(index.floor_offset(Offset(20))), None);
        assert_eq!(position(index.floor_offset(Offset(21))), Some(70_000));
        assert_eq!(position(index.floor_offset(Offset(1000))), Some(350_000));
        // Batch 7 starts at 70,000 and has time 987; before it the largest is 986.
        assert_eq!(position(index.floor_time(Timestamp(986))), None);
        assert_eq!(position(index.floor_time(Timestamp(987))), Some(70_000));
        assert_eq!(position(index.next_after(70_000)), Some(140_000));
        assert_eq!(position(index.floor_position(139_999)), Some(70_000));
    }

    #[test]
    fn a_damaged_or_foreign_entry_ends_the_prefix() {
        let (index, file) = built();
        let mut damaged = file.clone();
        damaged[2 * INDEX_ENTRY_BYTES + 16] ^= 1;
        assert_eq!(Index::read(&damaged, LOG, u32::MAX).entries(), &index.entries()[..2]);
        let other = TopicPartition { partition: PartitionIndex(5), ..LOG };
        assert!(Index::read(&file, other, u32::MAX).entries().is_empty());
        assert_eq!(Index::read(&file[..70], LOG, u32::MAX).entries().len(), 2);
    }

    #[test]
    fn a_resumed_writer_makes_the_same_entries() {
        let (index, _) = built();
        let mut writer = IndexWriter::resume(LOG, &index.entries()[1]);
        assert_eq!(writer.position(), 140_000);
        let mut resumed = Vec::new();
        for batch in 14..40_i64 {
            resumed.extend(writer.batch(Offset(batch * 3), Timestamp(1000 - (batch - 20).abs())));
            writer.bytes(&vec![u8::try_from(batch).unwrap(); 10_000]);
        }
        assert_eq!(resumed, index.entries()[2..]);
    }
}
