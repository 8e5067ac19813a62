//! One log in a checkpoint, and the frame around it.
//!
//! ```text
//! checkpoint file: frames back to back, each at a multiple of 16
//!   0 len  u32   bytes of the archive
//!   4 crc  u32   CRC-32C of len and archive
//!   8 zeros
//!  16 rkyv archive of a LogRecord, zeros to the multiple of 16
//! ```

use record::{
    Crc32c, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, Timestamp,
    TopicId, TopicPartition,
};
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use crate::identity::CommitSequence;
use crate::log::epochs::EpochHistory;
use crate::log::producers::{ProducerBatch, ProducerEntry, Producers};
use crate::log::segments::{Segment, Segments};
use crate::log::state::LogState;

const FRAME_BYTES: usize = 16;

/// A log as a checkpoint stores it.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    topic: [u8; 16],
    partition: i32,
    leader_epoch: i32,
    /// The commit that was open when the log was copied: everything before is in the record.
    sequence: u64,
    log_start: i64,
    next_offset: i64,
    epochs: Vec<(i32, i64)>,
    segments: Vec<SegmentRecord>,
    producers: Vec<ProducerRecord>,
    damaged: Option<String>,
}

#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
struct SegmentRecord {
    base: i64,
    created: i64,
    end: u32,
    flushed: u32,
    max_timestamp: i64,
    max_timestamp_offset: i64,
    next_offset: i64,
    allocated: u64,
    sealed: bool,
    finished: bool,
    cleaned: bool,
    revision: u32,
}

#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
struct ProducerRecord {
    id: i64,
    last_seen: i64,
    epoch: i16,
    batches: Vec<BatchRecord>,
}

#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
struct BatchRecord {
    base_offset: i64,
    last_offset: i64,
    append_time: i64,
    first_sequence: i32,
    last_sequence: i32,
}

/// A record contradicts itself, though its CRC is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record of {log} contradicts itself: {what}")]
pub struct RecordError {
    /// Of which log.
    pub log: TopicPartition,
    /// In what.
    pub what: &'static str,
}

impl LogRecord {
    /// Copies a log while commit `sequence` is open.
    pub fn of(state: &LogState, sequence: CommitSequence) -> Self {
        Self {
            topic: state.id.topic.0,
            partition: state.id.partition.0,
            leader_epoch: state.leader_epoch.0,
            sequence: sequence.0,
            log_start: state.log_start_staged.0,
            next_offset: state.next_offset.0,
            epochs: state.epochs.starts().iter().map(|(epoch, at)| (epoch.0, at.0)).collect(),
            segments: state.segments.iter().map(SegmentRecord::of).collect(),
            producers: state.producers.entries().map(ProducerRecord::of).collect(),
            damaged: state.damaged.clone(),
        }
    }

    /// Which log.
    pub fn log(&self) -> TopicPartition {
        let (topic, partition) = (TopicId(self.topic), PartitionIndex(self.partition));
        TopicPartition { topic, partition }
    }

    /// The commit that was open when it was copied.
    pub fn sequence(&self) -> CommitSequence {
        CommitSequence(self.sequence)
    }

    /// The log's state, readable up to its end; bytes that no file has yet must still be added.
    pub fn to_state(&self) -> Result<LogState, RecordError> {
        let log = self.log();
        let wrong = |what| RecordError { log, what };
        let mut state = LogState::new(log, LeaderEpoch(self.leader_epoch));
        let starts = self.epochs.iter().map(|(epoch, at)| (LeaderEpoch(*epoch), Offset(*at)));
        state.epochs = EpochHistory::from_starts(starts.collect()).ok_or(wrong("epochs"))?;
        state.producers = Producers::from_entries(
            self.producers
                .iter()
                .map(ProducerRecord::to_entry)
                .collect::<Option<Vec<_>>>()
                .ok_or(wrong("producers"))?,
        );
        let segments = self.segments.iter().map(SegmentRecord::to_segment);
        let segments = segments.collect::<Option<Vec<_>>>().ok_or(wrong("segment lengths"))?;
        state.segments = Segments::from_list(segments).ok_or(wrong("segment order"))?;
        state.damaged.clone_from(&self.damaged);
        state.log_start = Offset(self.log_start);
        state.log_start_staged = state.log_start;
        state.epochs.start_log_at(state.log_start);
        state.next_offset = Offset(self.next_offset);
        let coherent = Offset::ZERO <= state.log_start
            && state.log_start <= state.next_offset
            && state.segments.active().is_none_or(|last| last.next_offset <= state.next_offset);
        if coherent { Ok(state) } else { Err(wrong("offsets")) }
    }

    /// Appends the frame of this record.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let archive = rkyv::to_bytes::<Error>(self).expect("plain values can be archived");
        let len = u32::try_from(archive.len()).expect("a log's record is under 4 GiB");
        let crc = frame_crc(len, &archive);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(&[0; FRAME_BYTES - 8]);
        bytes.extend_from_slice(&archive);
        bytes.resize(bytes.len().next_multiple_of(FRAME_BYTES), 0);
    }

    /// Reads the frame at the front of `bytes`; what is behind it is returned too.
    pub fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let len = u32::from_le_bytes(*bytes.first_chunk()?);
        let crc = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
        let end = FRAME_BYTES.checked_add(len as usize)?;
        let archive = bytes.get(FRAME_BYTES..end)?;
        if frame_crc(len, archive) != crc {
            return None;
        }
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(archive.len());
        aligned.extend_from_slice(archive);
        let record = rkyv::from_bytes::<Self, Error>(&aligned).ok()?;
        Some((record, bytes.get(end.next_multiple_of(FRAME_BYTES)..).unwrap_or_default()))
    }
}

fn frame_crc(len: u32, archive: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(&len.to_le_bytes());
    crc.update(archive);
    crc.finish()
}

impl SegmentRecord {
    fn of(segment: &Segment) -> Self {
        Self {
            base: segment.base.0,
            created: segment.created.0,
            end: segment.end,
            flushed: segment.flushed,
            max_timestamp: segment.max_timestamp.0,
            max_timestamp_offset: segment.max_timestamp_offset.0,
            next_offset: segment.next_offset.0,
            allocated: segment.allocated,
            sealed: segment.sealed,
            finished: segment.finished,
            cleaned: segment.cleaned,
            revision: segment.revision,
        }
    }

    fn to_segment(&self) -> Option<Segment> {
        let mut segment = Segment::new(Offset(self.base), Timestamp(self.created));
        segment.end = self.end;
        segment.flushed = self.flushed;
        segment.max_timestamp = Timestamp(self.max_timestamp);
        segment.max_timestamp_offset = Offset(self.max_timestamp_offset);
        segment.next_offset = Offset(self.next_offset);
        segment.allocated = self.allocated;
        segment.sealed = self.sealed;
        segment.finished = self.finished;
        segment.cleaned = self.cleaned;
        segment.revision = self.revision;
        let coherent = self.flushed <= self.end
            && (!self.finished || (self.sealed && self.flushed == self.end))
            && (self.finished || (self.revision == 0 && !self.cleaned))
            && Offset::ZERO <= segment.base
            && segment.base <= segment.next_offset;
        coherent.then_some(segment)
    }
}

impl ProducerRecord {
    fn of((id, entry): (ProducerId, &ProducerEntry)) -> Self {
        Self {
            id: id.0,
            last_seen: entry.last_seen.0,
            epoch: entry.epoch.0,
            batches: entry.batches.iter().map(BatchRecord::of).collect(),
        }
    }

    fn to_entry(&self) -> Option<(ProducerId, ProducerEntry)> {
        let batches: Option<_> = self.batches.iter().map(|batch| batch.to_batch()).collect();
        let entry = ProducerEntry {
            epoch: ProducerEpoch(self.epoch),
            last_seen: Timestamp(self.last_seen),
            batches: batches?,
        };
        (!entry.batches.is_empty()).then_some((ProducerId(self.id), entry))
    }
}

impl BatchRecord {
    fn of(batch: &ProducerBatch) -> Self {
        Self {
            base_offset: batch.base_offset.0,
            last_offset: batch.last_offset.0,
            append_time: batch.append_time.0,
            first_sequence: batch.first_sequence.0,
            last_sequence: batch.last_sequence.0,
        }
    }

    fn to_batch(self) -> Option<ProducerBatch> {
        let batch = ProducerBatch {
            first_sequence: Sequence(self.first_sequence),
            last_sequence: Sequence(self.last_sequence),
            base_offset: Offset(self.base_offset),
            last_offset: Offset(self.last_offset),
            append_time: Timestamp(self.append_time),
        };
        (self.first_sequence >= 0 && self.last_sequence >= 0).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> LogState {
        let topic = TopicId([3; 16]);
        let id = TopicPartition { topic, partition: PartitionIndex(2) };
        let mut state = LogState::new(id, LeaderEpoch(4));
        let segment = state.segments.roll(Offset(0), Timestamp(1));
        segment.append(Offset(0), Offset(10), 5000, Timestamp(50));
        segment.flushed = 4096;
        state.segments.roll(Offset(10), Timestamp(2));
        state.next_offset = Offset(10);
        state.epochs.note(LeaderEpoch(4), Offset(0));
        state
    }

    /// The bytes that docs/FORMAT.md states.
    #[test]
    fn a_frame_s_bytes_are_the_documented_ones() {
        let mut bytes = Vec::new();
        LogRecord::of(&rich_state(), CommitSequence(9)).encode(&mut bytes);
        assert_eq!(bytes, documented_frame());
    }

    /// A log with something in every field.
    fn rich_state() -> LogState {
        let mut state = state();
        let first = state.segments.get_mut(Offset(0)).unwrap();
        (first.flushed, first.finished) = (first.end, true);
        (first.cleaned, first.revision) = (true, 3);
        let batch = ProducerBatch {
            first_sequence: Sequence(6),
            last_sequence: Sequence(7),
            base_offset: Offset(8),
            last_offset: Offset(9),
            append_time: Timestamp(50),
        };
        let (epoch, last_seen) = (ProducerEpoch(2), Timestamp(60));
        let entry = ProducerEntry { epoch, last_seen, batches: [batch].into() };
        state.producers = Producers::from_entries(vec![(ProducerId(77), entry)]);
        state.damaged = Some("gone".into());
        state
    }

    fn documented_frame() -> Vec<u8> {
        let fields = [
            // The frame.
            &296_u32.to_le_bytes()[..],
            &[105, 241, 50, 195],
            &[0; 8],
            // An epoch, and where it starts.
            &[4, 0, 0, 0, 0, 0, 0, 0],
            &0_i64.to_le_bytes(),
            // A segment.
            &0_i64.to_le_bytes(),
            &1_i64.to_le_bytes(),
            &5000_u32.to_le_bytes(),
            &5000_u32.to_le_bytes(),
            &50_i64.to_le_bytes(),
            &0_i64.to_le_bytes(),
            &10_i64.to_le_bytes(),
            &0_u64.to_le_bytes(),
            &[1, 1, 1, 0, 3, 0, 0, 0],
            // The active segment.
            &10_i64.to_le_bytes(),
            &2_i64.to_le_bytes(),
            &[0; 8],
            &(-1_i64).to_le_bytes(),
            &(-1_i64).to_le_bytes(),
            &10_i64.to_le_bytes(),
            &[0; 16],
            // A producer's batch, then the producer.
            &8_i64.to_le_bytes(),
            &9_i64.to_le_bytes(),
            &50_i64.to_le_bytes(),
            &6_i32.to_le_bytes(),
            &7_i32.to_le_bytes(),
            &77_i64.to_le_bytes(),
            &60_i64.to_le_bytes(),
            &[2, 0, 0, 0],
            &(-52_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[0; 4],
            // The root.
            &[3; 16],
            &2_i32.to_le_bytes(),
            &4_i32.to_le_bytes(),
            &9_u64.to_le_bytes(),
            &0_i64.to_le_bytes(),
            &10_i64.to_le_bytes(),
            &(-256_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &(-248_i32).to_le_bytes(),
            &2_u32.to_le_bytes(),
            &(-96_i32).to_le_bytes(),
            &1_u32.to_le_bytes(),
            &[1, 0, 0, 0],
            b"gone\xff\xff\xff\xff",
            &[0; 4],
            // Up to the multiple of 16.
            &[0; 8],
        ];
        fields.concat()
    }

    #[test]
    fn a_log_survives_its_record() {
        let state = state();
        let record = LogRecord::of(&state, CommitSequence(9));
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        record.encode(&mut bytes);
        let (read, rest) = LogRecord::decode(&bytes).unwrap();
        assert_eq!(read, record);
        assert_eq!(LogRecord::decode(rest).unwrap().1, &[] as &[u8]);
        let back = read.to_state().unwrap();
        assert_eq!(LogRecord::of(&back, CommitSequence(9)), record);
    }

    /// It was not: a checkpoint that needed no commit as old as the entry's forgot an acknowledged
    /// log start, and a log whose segments had gone for it was offline after a kill.
    #[test]
    fn a_log_start_that_is_staged_is_in_the_record() {
        let mut state = state();
        let before = state.log_start;
        state.visible.offset = state.next_offset;
        state.stage_log_start(Offset(before.0 + 3));
        assert_eq!(state.log_start, before, "nobody is told yet");
        let back = LogRecord::of(&state, CommitSequence(9)).to_state().unwrap();
        assert_eq!(back.log_start, Offset(before.0 + 3));
        assert_eq!(back.epochs.starts().first().map(|(_, at)| *at), Some(back.log_start));
    }

    #[test]
    fn damage_at_any_byte_is_noticed() {
        let mut bytes = Vec::new();
        LogRecord::of(&state(), CommitSequence(9)).encode(&mut bytes);
        let (record, _) = LogRecord::decode(&bytes).unwrap();
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x40;
            if let Some((read, _)) = LogRecord::decode(&damaged) {
                assert_eq!(read, record, "byte {index}: only padding may differ");
            }
        }
        for len in 0..bytes.len() - FRAME_BYTES {
            assert!(LogRecord::decode(&bytes[..len]).is_none());
        }
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused() {
        let record = LogRecord::of(&state(), CommitSequence(9));
        let mut wrong = record.clone();
        wrong.segments[0].flushed = 6000;
        assert_eq!(wrong.to_state().unwrap_err().what, "segment lengths");
        let mut wrong = record.clone();
        wrong.segments[0].revision = 1;
        assert_eq!(wrong.to_state().unwrap_err().what, "segment lengths");
        let mut wrong = record.clone();
        wrong.log_start = 11;
        assert_eq!(wrong.to_state().unwrap_err().what, "offsets");
        let mut wrong = record;
        wrong.segments.swap(0, 1);
        assert_eq!(wrong.to_state().unwrap_err().what, "segment order");
    }
}
