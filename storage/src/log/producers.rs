//! What a log knows of idempotent producers: enough to take each batch once and in order (KIP-98).
//!
//! Pure. All of it follows from batch headers, so replaying the headers gives the same state.

use std::collections::VecDeque;

use record::{BatchHeader, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, TimestampType};
use runtime::hash::FixedMap;

use crate::limits::{PRODUCER_BATCHES, PRODUCERS_MAX};

/// One remembered batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerBatch {
    /// The sequence of its first record.
    pub first_sequence: Sequence,
    /// The sequence of its last record.
    pub last_sequence: Sequence,
    /// Its first offset.
    pub base_offset: Offset,
    /// Its last offset.
    pub last_offset: Offset,
    /// Its append time, if the broker stamped it; else none.
    pub append_time: Timestamp,
}

/// One producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// The epoch that wrote last.
    pub epoch: ProducerEpoch,
    /// When it last wrote, by the broker's clock.
    pub last_seen: Timestamp,
    /// Its last batches, oldest first, never none.
    pub batches: VecDeque<ProducerBatch>,
}

/// All producers of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    entries: FixedMap<ProducerId, ProducerEntry>,
}

/// What is to be done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one, or carries no producer id.
    Append,
    /// It was taken before: the answer is the original's.
    Duplicate(ProducerBatch),
}

/// Why a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// A newer epoch of the producer has written: `INVALID_PRODUCER_EPOCH`.
    #[error("producer {producer} epoch {} was fenced by epoch {}", .epoch.0, .current.0)]
    Fenced {
        /// The producer.
        producer: ProducerId,
        /// The batch's epoch.
        epoch: ProducerEpoch,
        /// The epoch in force.
        current: ProducerEpoch,
    },
    /// Sequences are missing or come back: `OUT_OF_ORDER_SEQUENCE_NUMBER`.
    #[error("producer {producer} sent sequence {}, expected {}", .sequence.0, .expected.0)]
    OutOfOrder {
        /// The producer.
        producer: ProducerId,
        /// The batch's first sequence.
        sequence: Sequence,
        /// The sequence that would have been next.
        expected: Sequence,
    },
}

impl Producers {
    /// State as it was stored.
    pub fn from_entries(entries: impl IntoIterator<Item = (ProducerId, ProducerEntry)>) -> Self {
        Self { entries: entries.into_iter().collect() }
    }

    /// All producers, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = (ProducerId, &ProducerEntry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Decides about a checked batch header, as Kafka's `ProducerAppendInfo` does. A producer that
    /// is not known may start at any sequence: its state may have expired.
    pub fn check(&self, header: &BatchHeader) -> Result<Verdict, SequenceError> {
        let producer = header.producer_id;
        if producer == ProducerId::NONE {
            return Ok(Verdict::Append);
        }
        let Some(entry) = self.entries.get(&producer) else { return Ok(Verdict::Append) };
        let (epoch, current) = (header.producer_epoch, entry.epoch);
        if epoch < current {
            return Err(SequenceError::Fenced { producer, epoch, current });
        }
        let sequence = header.base_sequence;
        if epoch > current {
            if sequence != Sequence(0) {
                let expected = Sequence(0);
                return Err(SequenceError::OutOfOrder { producer, sequence, expected });
            }
            return Ok(Verdict::Append);
        }
        let last_sequence = sequence.advanced_by(header.last_offset_delta.0);
        let same = |batch: &&ProducerBatch| {
            batch.first_sequence == sequence && batch.last_sequence == last_sequence
        };
        if let Some(original) = entry.batches.iter().find(same) {
            return Ok(Verdict::Duplicate(*original));
        }
        let last = entry.batches.back().expect("a known producer has written");
        let expected = last.last_sequence.advanced_by(1);
        if sequence != expected {
            return Err(SequenceError::OutOfOrder { producer, sequence, expected });
        }
        Ok(Verdict::Append)
    }

    /// Notes a batch that was appended; `header` carries its final offsets.
    pub fn note(&mut self, header: &BatchHeader, now: Timestamp) {
        if header.producer_id == ProducerId::NONE {
            return;
        }
        if !self.entries.contains_key(&header.producer_id) && self.entries.len() >= PRODUCERS_MAX {
            self.forget_oldest();
        }
        let delta = header.last_offset_delta.0;
        let batch = ProducerBatch {
            first_sequence: header.base_sequence,
            last_sequence: header.base_sequence.advanced_by(delta),
            base_offset: header.base_offset,
            last_offset: Offset(header.base_offset.0 + i64::from(delta)),
            append_time: match header.attributes.timestamp_type() {
                TimestampType::LogAppendTime => header.max_timestamp,
                TimestampType::CreateTime => Timestamp::NONE,
            },
        };
        let entry = self.entries.entry(header.producer_id).or_insert_with(|| ProducerEntry {
            epoch: header.producer_epoch,
            last_seen: now,
            batches: VecDeque::with_capacity(PRODUCER_BATCHES),
        });
        if entry.epoch != header.producer_epoch {
            entry.epoch = header.producer_epoch;
            entry.batches.clear();
        }
        entry.last_seen = now;
        if entry.batches.len() == PRODUCER_BATCHES {
            entry.batches.pop_front();
        }
        entry.batches.push_back(batch);
    }

    /// Forgets producers that have not written since `before`.
    pub fn expire(&mut self, before: Timestamp) {
        self.entries.retain(|_, entry| entry.last_seen >= before);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(id, entry)| (entry.last_seen, **id));
        let oldest = oldest.map(|(id, _)| *id).expect("the map is full");
        self.entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use record::{Attributes, LeaderEpoch, OffsetDelta};

    use super::*;

    fn header(id: i64, epoch: i16, sequence: i32, count: i32, offset: i64) -> BatchHeader {
        BatchHeader {
            base_offset: Offset(offset),
            total_len: 100,
            leader_epoch: LeaderEpoch(0),
            crc: 0,
            attributes: Attributes(0),
            last_offset_delta: OffsetDelta(count - 1),
            base_timestamp: Timestamp(0),
            max_timestamp: Timestamp(0),
            producer_id: ProducerId(id),
            producer_epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
            record_count: count,
        }
    }

    fn noted(headers: &[BatchHeader]) -> Producers {
        let mut producers = Producers::default();
        for header in headers {
            assert_eq!(producers.check(header), Ok(Verdict::Append));
            producers.note(header, Timestamp(1));
        }
        producers
    }

    #[test]
    fn each_of_the_last_five_batches_is_recognised_and_an_older_one_is_out_of_order() {
        let sent: Vec<_> =
            (0..6).map(|i| header(1, 0, i * 10, 10, 100 + i64::from(i) * 10)).collect();
        let producers = noted(&sent);
        for (index, batch) in sent.iter().enumerate() {
            let verdict = producers.check(batch);
            if index == 0 {
                assert!(matches!(verdict, Err(SequenceError::OutOfOrder { .. })));
            } else {
                let Ok(Verdict::Duplicate(original)) = verdict else { panic!("{verdict:?}") };
                assert_eq!(original.base_offset, batch.base_offset);
                assert_eq!(original.last_offset, Offset(batch.base_offset.0 + 9));
            }
        }
        assert!(matches!(
            producers.check(&header(1, 0, 50, 9, 0)),
            Err(SequenceError::OutOfOrder { expected: Sequence(60), .. })
        ));
    }

    #[test]
    fn a_gap_is_refused_and_the_wrap_is_not_a_gap() {
        let producers = noted(&[header(1, 0, i32::MAX - 1, 2, 0)]);
        assert_eq!(producers.check(&header(1, 0, 0, 1, 0)), Ok(Verdict::Append));
        assert!(producers.check(&header(1, 0, 1, 1, 0)).is_err());
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old() {
        let mut producers = noted(&[header(1, 3, 0, 5, 0)]);
        assert!(producers.check(&header(1, 4, 5, 1, 0)).is_err());
        let first = header(1, 4, 0, 1, 5);
        assert_eq!(producers.check(&first), Ok(Verdict::Append));
        producers.note(&first, Timestamp(2));
        assert!(matches!(
            producers.check(&header(1, 3, 5, 1, 0)),
            Err(SequenceError::Fenced { current: ProducerEpoch(4), .. })
        ));
    }

    #[test]
    fn an_unknown_or_expired_producer_may_start_anywhere() {
        let mut producers = noted(&[header(1, 0, 7, 1, 0)]);
        producers.expire(Timestamp(1));
        assert_eq!(producers.len(), 1);
        producers.expire(Timestamp(2));
        assert!(producers.is_empty());
        assert_eq!(producers.check(&header(1, 0, 99, 1, 0)), Ok(Verdict::Append));
        assert_eq!(producers.check(&header(-1, -1, -1, 1, 0)), Ok(Verdict::Append));
    }
}
