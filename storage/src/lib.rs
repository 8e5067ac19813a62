//! One shard's storage: journal, tail, segments, indexes, checkpoint, recovery, retention.
//!
//! Everything is appended to one journal per shard and acknowledged from there; segments are
//! filled behind it and serve old reads. Knows no protocol and no socket, and never asks a clock.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod checkpoint;
pub mod cleaning;
pub mod config;
pub mod data;
pub mod identity;
pub mod inspect;
pub mod journal;
pub mod limits;
pub mod log;
pub mod open;
pub mod recovery;
pub mod segment;
mod store;
pub mod superblock;
mod twin;

pub use journal::ticket::CommitTimes;
pub use store::{
    Ack, Admission, AppendError, Appended, CompactError, Extent, FileExtent, FlushError, LogError,
    LogRange, NewBatch, Plan, ReadError, ReadLimits, Source, Store, StoreStatistics, StoreTasks,
    TimeMatch, Timed,
};
