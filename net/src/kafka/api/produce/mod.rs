//! `Produce`, key 0, versions 3-13 (advertised 0-13, see [`crate::kafka::api_key::APIS`]),
//! flexible from 9: appends records.
//!
//! - 4: `KAFKA_STORAGE_ERROR` may be answered.
//! - 5: the log's start in the response.
//! - 7: records may be compressed with zstd (KIP-110).
//! - 8: which records were refused and why, in the response (KIP-467).
//! - 10: the present leader and its endpoint in the response (KIP-951).
//! - 11: `TRANSACTION_ABORTABLE` may be answered (KIP-890).
//! - 12: a transactional produce adds its partitions to the transaction itself (KIP-890).
//! - 13: topics by id in place of names (KIP-516).
//!
//! Version 6 changes nothing on the wire. Each partition carries exactly one record batch, which
//! the broker checks, not this codec.

mod encoder;
mod request;
mod response;

pub use encoder::ProduceResponseEncoder;
pub use request::{Acks, PartitionProduce, ProduceRequest, ProduceSlot, TopicProduce};
pub use response::{PartitionProduceResponse, ProduceResponse, RecordError, TopicProduceResponse};

/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 13;

#[cfg(test)]
mod tests;
