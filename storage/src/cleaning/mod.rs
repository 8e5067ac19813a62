//! Compaction, as far as it is a matter of bytes and numbers: which segments, which keys, and what
//! is left of a batch.
//!
//! Two passes, as in Kafka: [`scan::KeyScan`] reads the records that no pass has seen and notes
//! the last offset of each key; [`filter::Filter`] reads everything from the log's front and lets
//! go of records whose key comes again later. Pure: bytes come in pieces, time is an argument.

pub mod batches;
pub mod choose;
pub mod filter;
pub mod keys;
pub mod scan;
#[cfg(test)]
mod tests;

use record::Offset;

/// Why a segment can not be compacted. It is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CleanError {
    /// Its bytes are no batches.
    #[error("no batch at byte {position}: {what}")]
    NoBatch {
        /// Where, in the bytes that were given.
        position: u64,
        /// Why not.
        what: String,
    },
    /// A batch is not what was written.
    #[error("batch {base}: the CRC does not match")]
    Crc {
        /// The batch.
        base: Offset,
    },
    /// A batch's offsets are not behind those of the batch before, or not within the segment.
    #[error("batch {base} is out of order")]
    Offsets {
        /// The batch, or behind the last one.
        base: Offset,
    },
    /// It ends inside a batch.
    #[error("the last batch is cut off")]
    CutOff,
    /// What is left would be over the 4 GiB that a segment can have.
    #[error("what is left does not fit a segment")]
    TooLarge,
}
