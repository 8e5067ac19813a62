//! Identifiers, offsets and the record batch: the same bytes on the wire, in the journal, in a
//! segment and to a replica. Knows no file, no socket, no clock and no protocol.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod batch;
mod compression;
mod crc;
mod epoch;
mod id;
mod offset;
mod producer;
mod timestamp;
mod varint;

pub use batch::{
    Attributes, BatchBuilder, BatchHeader, BatchView, BuildError, ControlError, CrcCheck,
    CrcProgress, EndMarker, Framing, FramingCheck, HEADER_BYTES, Header, HeaderError, HeaderIter,
    HeaderMut, HeaderView, Headers, MAGIC, MarkerPlace, NewRecord, ProduceError, ProduceLimits,
    Record, RecordError, RecordFault, RecordIter, Records, RetainError, Retained, Retention, Seal,
    SealProducer, TransactionEnd, UNSUMMED_BYTES,
};
pub use compression::{Codec, CompressionError, Decompressor, compress};
pub use crc::Crc32c;
pub use epoch::{CoordinatorEpoch, LeaderEpoch};
pub use id::{NodeId, PartitionIndex, ShardId, TopicId, TopicPartition};
pub use offset::{Offset, OffsetDelta};
pub use producer::{ProducerEpoch, ProducerId, Sequence};
pub use timestamp::{Timestamp, TimestampType};
pub use varint::VarintError;
