//! What a producer's batch header may claim.
//!
//! Guarantees, for an accepted header, that its count and offsets agree, that it names a known
//! codec and a coherent producer, and that it claims nothing that only a broker may write. Knows
//! neither topic, clock, transactions nor the protocol's error codes; the codes named here are
//! the ones that Kafka's broker gives, for whoever maps them.

use super::HeaderView;
use crate::{Offset, OffsetDelta, ProducerEpoch, ProducerId, Sequence, TimestampType};

/// What a topic allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProduceLimits {
    /// The largest batch in bytes, header included (`max.message.bytes`).
    pub batch_bytes_max: usize,
}

/// Why a producer's batch header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProduceError {
    /// Over the topic's limit: `MESSAGE_TOO_LARGE`.
    #[error("a batch of {total_len} bytes is over the limit of {batch_bytes_max}")]
    TooLarge {
        /// The batch's bytes.
        total_len: usize,
        /// The limit.
        batch_bytes_max: usize,
    },
    /// A producer must leave offsets to the broker: `INVALID_RECORD`.
    #[error("base offset {base_offset} is not 0")]
    BaseOffset {
        /// The base offset.
        base_offset: Offset,
    },
    /// No records, or fewer than none: `INVALID_RECORD`.
    #[error("record count {record_count} is not positive")]
    RecordCount {
        /// The count.
        record_count: i32,
    },
    /// The last delta and the count contradict each other: `INVALID_RECORD`.
    #[error("last offset delta {last_offset_delta} does not fit {record_count} records")]
    LastOffsetDelta {
        /// The last delta.
        last_offset_delta: OffsetDelta,
        /// The count.
        record_count: i32,
    },
    /// Only a broker writes control batches: `INVALID_RECORD`.
    #[error("the control bit is set")]
    Control,
    /// Only compaction writes delete horizons: `INVALID_RECORD`.
    #[error("the delete horizon bit is set")]
    DeleteHorizon,
    /// Only a broker stamps log append time: `INVALID_TIMESTAMP`.
    #[error("the timestamp type is log append time")]
    TimestampType,
    /// No codec has this id: `UNSUPPORTED_COMPRESSION_TYPE`.
    #[error("compression codec {id} is unknown")]
    Codec {
        /// The codec bits.
        id: u8,
    },
    /// Neither a producer id nor the value for none: `INVALID_RECORD`.
    #[error("producer id {producer_id} is below -1")]
    ProducerId {
        /// The id.
        producer_id: ProducerId,
    },
    /// A producer id without an epoch: `INVALID_PRODUCER_EPOCH`.
    #[error("producer epoch {producer_epoch} is negative")]
    ProducerEpoch {
        /// The epoch.
        producer_epoch: ProducerEpoch,
    },
    /// A producer id without a sequence: `INVALID_RECORD`.
    #[error("base sequence {base_sequence} is negative")]
    BaseSequence {
        /// The sequence.
        base_sequence: Sequence,
    },
    /// In a transaction without a producer id: `INVALID_RECORD`.
    #[error("the transactional bit is set without a producer id")]
    TransactionalWithoutProducer,
}

#[inline]
pub(super) fn check(header: HeaderView<'_>, limits: ProduceLimits) -> Result<(), ProduceError> {
    let batch_bytes_max = limits.batch_bytes_max;
    let total_len = header.total_len();
    if total_len > batch_bytes_max {
        return Err(ProduceError::TooLarge { total_len, batch_bytes_max });
    }
    check_offsets(header)?;
    check_attributes(header)?;
    check_producer(header)
}

#[inline]
fn check_offsets(header: HeaderView<'_>) -> Result<(), ProduceError> {
    let base_offset = header.base_offset();
    if base_offset != Offset::ZERO {
        return Err(ProduceError::BaseOffset { base_offset });
    }
    let record_count = header.record_count();
    if record_count <= 0 {
        return Err(ProduceError::RecordCount { record_count });
    }
    let last_offset_delta = header.last_offset_delta();
    if last_offset_delta.0 != record_count - 1 {
        return Err(ProduceError::LastOffsetDelta { last_offset_delta, record_count });
    }
    Ok(())
}

#[inline]
fn check_attributes(header: HeaderView<'_>) -> Result<(), ProduceError> {
    let attributes = header.attributes();
    if attributes.is_control() {
        return Err(ProduceError::Control);
    }
    if attributes.has_delete_horizon() {
        return Err(ProduceError::DeleteHorizon);
    }
    if attributes.timestamp_type() == TimestampType::LogAppendTime {
        return Err(ProduceError::TimestampType);
    }
    if attributes.codec().is_none() {
        return Err(ProduceError::Codec { id: attributes.codec_id() });
    }
    Ok(())
}

/// Epoch and sequence are not looked at without a producer id: some clients then leave them 0
/// (sarama's sequence, for one).
#[inline]
fn check_producer(header: HeaderView<'_>) -> Result<(), ProduceError> {
    let producer_id = header.producer_id();
    if producer_id == ProducerId::NONE {
        return if header.attributes().is_transactional() {
            Err(ProduceError::TransactionalWithoutProducer)
        } else {
            Ok(())
        };
    }
    if !producer_id.is_some() {
        return Err(ProduceError::ProducerId { producer_id });
    }
    let producer_epoch = header.producer_epoch();
    if producer_epoch.0 < 0 {
        return Err(ProduceError::ProducerEpoch { producer_epoch });
    }
    let base_sequence = header.base_sequence();
    if base_sequence.0 < 0 {
        return Err(ProduceError::BaseSequence { base_sequence });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Attributes, BatchHeader};
    use crate::{LeaderEpoch, Timestamp};

    const LIMITS: ProduceLimits = ProduceLimits { batch_bytes_max: 1_000 };

    fn good() -> BatchHeader {
        BatchHeader {
            base_offset: Offset::ZERO,
            total_len: 1_000,
            leader_epoch: LeaderEpoch::NONE,
            crc: 0,
            attributes: Attributes(4),
            last_offset_delta: OffsetDelta(2),
            base_timestamp: Timestamp(0),
            max_timestamp: Timestamp(0),
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            record_count: 3,
        }
    }

    fn idempotent() -> BatchHeader {
        BatchHeader {
            producer_id: ProducerId(0),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(0),
            ..good()
        }
    }

    #[track_caller]
    fn check_header(header: BatchHeader, expected: Result<(), ProduceError>) {
        let bytes = header.encode();
        assert_eq!(check(HeaderView::parse(&bytes).unwrap(), LIMITS), expected, "{header:?}");
    }

    #[test]
    fn good_headers_pass() {
        check_header(good(), Ok(()));
        check_header(idempotent(), Ok(()));
        check_header(BatchHeader { attributes: Attributes(1 << 4), ..idempotent() }, Ok(()));
        let sarama = BatchHeader { base_sequence: Sequence(0), ..good() };
        check_header(sarama, Ok(()));
    }

    #[test]
    fn size_over_the_limit_is_refused() {
        let refused = ProduceError::TooLarge { total_len: 1_001, batch_bytes_max: 1_000 };
        check_header(BatchHeader { total_len: 1_001, ..good() }, Err(refused));
    }

    #[test]
    fn offsets_are_the_brokers_to_give() {
        let base_offset = Offset(1);
        let refused = ProduceError::BaseOffset { base_offset };
        check_header(BatchHeader { base_offset, ..good() }, Err(refused));
    }

    #[test]
    fn count_and_last_delta_must_agree() {
        for record_count in [0, -1, i32::MIN] {
            let refused = ProduceError::RecordCount { record_count };
            check_header(BatchHeader { record_count, ..good() }, Err(refused));
        }
        for (record_count, delta) in [(2, 2), (i32::MAX, 2), (3, 0), (3, i32::MAX)] {
            let last_offset_delta = OffsetDelta(delta);
            let refused = ProduceError::LastOffsetDelta { last_offset_delta, record_count };
            check_header(BatchHeader { last_offset_delta, record_count, ..good() }, Err(refused));
        }
    }

    #[test]
    fn bits_that_only_a_broker_writes_are_refused() {
        let refused = [
            (1 << 3, ProduceError::TimestampType),
            (1 << 5, ProduceError::Control),
            (1 << 6, ProduceError::DeleteHorizon),
            (5, ProduceError::Codec { id: 5 }),
            (6, ProduceError::Codec { id: 6 }),
            (7, ProduceError::Codec { id: 7 }),
        ];
        for (bits, error) in refused {
            check_header(BatchHeader { attributes: Attributes(bits), ..idempotent() }, Err(error));
        }
    }

    #[test]
    fn a_producer_id_brings_epoch_and_sequence() {
        let producer_epoch = ProducerEpoch(-1);
        let refused = ProduceError::ProducerEpoch { producer_epoch };
        check_header(BatchHeader { producer_epoch, ..idempotent() }, Err(refused));
        let base_sequence = Sequence(-1);
        let refused = ProduceError::BaseSequence { base_sequence };
        check_header(BatchHeader { base_sequence, ..idempotent() }, Err(refused));
        let producer_id = ProducerId(-2);
        let refused = ProduceError::ProducerId { producer_id };
        check_header(BatchHeader { producer_id, ..idempotent() }, Err(refused));
    }

    #[test]
    fn a_transaction_needs_a_producer_id() {
        let refused = ProduceError::TransactionalWithoutProducer;
        check_header(BatchHeader { attributes: Attributes(1 << 4), ..good() }, Err(refused));
    }
}
