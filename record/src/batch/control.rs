//! Control batches: the markers that end a transaction in a partition (KIP-98).
//!
//! ```text
//! key:    i16 version 0, i16 type: 0 abort, 1 commit
//! value:  i16 version 0, i32 coordinator epoch
//! ```
//!
//! One record in one uncompressed batch with the control and transactional bits. Guarantees that
//! what it builds reads back the same. A later version of key or value may be longer and is read
//! as far as it is known; a negative version is refused. Knows nothing of what a marker does.

use super::{Attributes, BatchBuilder, BatchView, NewRecord, RecordError, Seal, SealProducer};
use crate::{
    Codec, CoordinatorEpoch, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp,
};

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionEnd {
    /// Its records are not to be seen.
    Abort,
    /// Its records count.
    Commit,
}

/// What a control batch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMarker {
    /// How the transaction ended.
    pub end: TransactionEnd,
    /// The coordinator's reign, to fence an older one.
    pub coordinator_epoch: CoordinatorEpoch,
}

/// Where and for whom a control batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkerPlace {
    /// The offset that the marker takes.
    pub base_offset: Offset,
    /// The partition's reign.
    pub leader_epoch: LeaderEpoch,
    /// When it is written.
    pub timestamp: Timestamp,
    /// Whose transaction it ends.
    pub producer_id: ProducerId,
    /// The producer's epoch.
    pub producer_epoch: ProducerEpoch,
}

/// Why a batch is not an end marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The control bit is not set.
    #[error("not a control batch")]
    NotControl,
    /// Control batches are not compressed.
    #[error("a compressed control batch")]
    Compressed,
    /// A control batch has one record.
    #[error("{record_count} records in a control batch")]
    RecordCount {
        /// The count.
        record_count: i32,
    },
    /// The record can not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The key is missing, too short, or of a negative version.
    #[error("the control key can not be read")]
    Key,
    /// A control record of another kind: those that Kafka's own metadata log has.
    #[error("control type {kind} is not an end marker")]
    Kind {
        /// The type.
        kind: i16,
    },
    /// The value is missing, too short, or of a negative version.
    #[error("the end marker can not be read")]
    Value,
}

impl EndMarker {
    /// The batch that says this.
    pub fn to_batch(self, place: &MarkerPlace) -> Vec<u8> {
        let kind = match self.end {
            TransactionEnd::Abort => 0_i16,
            TransactionEnd::Commit => 1,
        };
        let [k0, k1] = kind.to_be_bytes();
        let [e0, e1, e2, e3] = self.coordinator_epoch.0.to_be_bytes();
        let mut builder = BatchBuilder::new();
        let appended = builder.append(&NewRecord {
            timestamp: place.timestamp,
            key: Some(&[0, 0, k0, k1]),
            value: Some(&[0, 0, e0, e1, e2, e3]),
            headers: &[],
        });
        appended.expect("a marker is small and its batch's first record");
        let seal = Seal {
            codec: Codec::None,
            base_offset: place.base_offset,
            leader_epoch: place.leader_epoch,
            producer: Some(SealProducer {
                id: place.producer_id,
                epoch: place.producer_epoch,
                base_sequence: Sequence::NONE,
                transactional: true,
            }),
        };
        let batch = builder.seal_with(&seal, Attributes::default().with_control(true));
        batch.expect("an uncompressed batch of one record can be sealed")
    }

    /// What `batch` says, if it is an end marker.
    pub fn read(batch: &BatchView<'_>) -> Result<Self, ControlError> {
        let header = batch.header();
        if !header.attributes().is_control() {
            return Err(ControlError::NotControl);
        }
        let records = batch.plain_records().ok_or(ControlError::Compressed)?;
        let record_count = header.record_count();
        let mut iter = records.iter();
        let record = match (record_count, iter.next()) {
            (1, Some(record)) => record?,
            _ => return Err(ControlError::RecordCount { record_count }),
        };
        if let Some(trailing) = iter.next() {
            trailing?;
        }
        let end = match read_key(record.key).ok_or(ControlError::Key)? {
            0 => TransactionEnd::Abort,
            1 => TransactionEnd::Commit,
            kind => return Err(ControlError::Kind { kind }),
        };
        let coordinator_epoch = read_value(record.value).ok_or(ControlError::Value)?;
        Ok(Self { end, coordinator_epoch })
    }
}

fn read_key(key: Option<&[u8]>) -> Option<i16> {
    let [v0, v1, k0, k1] = *key?.first_chunk()?;
    (i16::from_be_bytes([v0, v1]) >= 0).then_some(i16::from_be_bytes([k0, k1]))
}

fn read_value(value: Option<&[u8]>) -> Option<CoordinatorEpoch> {
    let [v0, v1, e0, e1, e2, e3] = *value?.first_chunk()?;
    let epoch = CoordinatorEpoch(i32::from_be_bytes([e0, e1, e2, e3]));
    (i16::from_be_bytes([v0, v1]) >= 0).then_some(epoch)
}
