//! `Fetch`, key 1, versions 4-18, flexible from 12: reads records.
//!
//! - 5: the log's start, both ways.
//! - 6: `KAFKA_STORAGE_ERROR` may be answered.
//! - 7: sessions, with an error code of their own in the response (KIP-227).
//! - 9: leader epochs (KIP-320).
//! - 10: records may be compressed with zstd (KIP-110).
//! - 11: the consumer's rack, and the replica it should rather read from (KIP-392).
//! - 12: the last fetched epoch, and where the logs diverge (KIP-595); present leader.
//! - 13: topics by id in place of names (KIP-516).
//! - 14: `OFFSET_MOVED_TO_TIERED_STORAGE` may be answered (KIP-405).
//! - 15: the replica's state in place of its id (KIP-903).
//! - 16: the endpoints of present leaders (KIP-951).
//! - 17: the replica's directory (KIP-853).
//! - 18: the replica's high watermark (KIP-1166).
//!
//! Version 8 changes nothing on the wire.

mod encoder;
mod request;
mod response;

pub use encoder::{FetchResponseEncoder, FetchResponseHead};
pub use request::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, ReplicaState, SessionEpoch, SessionId,
};
pub use response::{
    AbortedTransaction, EpochEnd, FetchResponse, FetchTopicResponse, FetchedPartition,
    PartitionData, SnapshotId,
};

/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 13;
/// The first version with the log's start.
const LOG_START_FROM: i16 = 5;
/// The first version with sessions.
const SESSIONS_FROM: i16 = 7;

#[cfg(test)]
mod tests;
