//! The record batch, version 2: the same bytes on the wire, in the journal, in a segment and to a
//! replica.
//!
//! - A batch is a 61-byte header and its records, compressed as one block or not at all.
//! - Its first 21 bytes are the broker's to write; a CRC-32C covers the rest.
//! - It covers the offsets from its base offset to its last offset delta. Records may be missing
//!   from that range after compaction, so the next offset comes from the delta, never the count.
//! - Whatever bytes come in, nothing here panics, allocates by their word, or reads outside them.

mod attributes;
mod builder;
mod control;
mod framing;
mod header;
mod produced;
mod record;
mod records;
mod retain;
mod stamp;
mod view;

pub use attributes::Attributes;
pub use builder::{BatchBuilder, BuildError, Seal, SealProducer};
pub use control::{ControlError, EndMarker, MarkerPlace, TransactionEnd};
pub use framing::{Framing, FramingCheck};
pub use header::{BatchHeader, HEADER_BYTES, HeaderError, HeaderView, MAGIC, UNSUMMED_BYTES};
pub use produced::{ProduceError, ProduceLimits};
pub use record::{Header, HeaderIter, Headers, NewRecord, Record, RecordFault};
pub use records::{RecordError, RecordIter, Records};
pub use retain::{RetainError, Retained, Retention};
pub use stamp::HeaderMut;
pub use view::{BatchView, CrcCheck, CrcProgress};
