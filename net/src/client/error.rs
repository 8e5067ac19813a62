//! What can go wrong between a client and its cluster, by what can be done about it.

use std::io;
use std::time::Duration;

use record::{Offset, PartitionIndex};

use super::endpoint::Endpoint;
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::frame::FrameError;
use crate::kafka::wire::{DecodeError, EncodeError};

/// What ends a connection, or keeps it from being made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The host has no address.
    #[error("{endpoint}: the host can not be resolved: {reason}")]
    Resolve {
        /// Which broker.
        endpoint: Endpoint,
        /// The resolver's answer.
        reason: String,
    },
    /// Nobody listens there, or no answer came in time.
    #[error("{endpoint}: can not connect: {kind}")]
    Connect {
        /// Which broker.
        endpoint: Endpoint,
        /// The kernel's answer, of the last address tried.
        kind: io::ErrorKind,
    },
    /// The connection was there, and ended.
    #[error("{endpoint}: the connection was closed")]
    Closed {
        /// Which broker.
        endpoint: Endpoint,
    },
    /// Sending or receiving failed.
    #[error("{endpoint}: the connection failed: {kind}")]
    Broken {
        /// Which broker.
        endpoint: Endpoint,
        /// The kernel's answer.
        kind: io::ErrorKind,
    },
    /// A request was not answered in time; the connection is given up, as its answers have lost
    /// their order.
    #[error("{endpoint}: no answer within {patience:?}")]
    Silent {
        /// Which broker.
        endpoint: Endpoint,
        /// How long was waited.
        patience: Duration,
    },
    /// What came is not Kafka's protocol, or too large.
    #[error("{endpoint}: {source}")]
    Frame {
        /// Which broker.
        endpoint: Endpoint,
        /// What is wrong.
        source: FrameError,
    },
    /// An answer to another request than the one that is next.
    #[error("{endpoint}: answered request {got} where {wanted} was next")]
    OutOfStep {
        /// Which broker.
        endpoint: Endpoint,
        /// The number that came.
        got: i32,
        /// The number that was to come.
        wanted: i32,
    },
    /// An answer that can not be read.
    #[error("an answer can not be read: {0}")]
    Decode(#[from] DecodeError),
    /// A request that can not be written.
    #[error("a request can not be written: {0}")]
    Encode(#[from] EncodeError),
    /// The broker and this client have no version in common.
    #[error("{endpoint}: the broker serves no version of {api:?} that this client speaks")]
    NoVersion {
        /// Which broker.
        endpoint: Endpoint,
        /// The API.
        api: ApiKey,
    },
    /// The broker refused to say what it serves.
    #[error("{endpoint}: refused to say which versions it serves: {code}")]
    Refused {
        /// Which broker.
        endpoint: Endpoint,
        /// Its answer.
        code: ErrorCode,
    },
}

impl ConnectionError {
    /// Whether another connection may do better.
    pub fn is_retriable(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. }
                | Self::Connect { .. }
                | Self::Closed { .. }
                | Self::Broken { .. }
                | Self::Silent { .. }
        )
    }
}

/// Why a client could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// No broker can be talked to.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The cluster has no such topic.
    #[error("topic '{topic}' does not exist")]
    UnknownTopic {
        /// Which topic.
        topic: String,
    },
    /// The topic has no such partition.
    #[error("topic '{topic}' has {partitions} partitions, and no partition {partition}")]
    UnknownPartition {
        /// Which topic.
        topic: String,
        /// Which partition.
        partition: PartitionIndex,
        /// How many it has.
        partitions: usize,
    },
    /// A partition has no leader that can be reached, after all tries.
    #[error("partition {partition} of topic '{topic}' has no leader")]
    NoLeader {
        /// Which topic.
        topic: String,
        /// Which partition.
        partition: PartitionIndex,
    },
    /// The cluster refused.
    #[error("{action}: {code}{}", detail(message.as_deref()))]
    Refused {
        /// What was asked, to be read before the reason.
        action: String,
        /// Kafka's name for the reason.
        code: ErrorCode,
        /// The broker's own words.
        message: Option<String>,
    },
    /// An answer without what was asked for.
    #[error("the answer to {api:?} lacks what was asked")]
    Incomplete {
        /// Which API.
        api: ApiKey,
    },
    /// A record is larger than the producer's whole buffer, or no batch can hold it.
    #[error("a record of {bytes} bytes is over the limit of {limit}")]
    RecordTooLarge {
        /// Its size in a batch of its own.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A batch can not be built.
    #[error(transparent)]
    Build(#[from] record::BuildError),
    /// A batch that came can not be read.
    #[error("partition {partition}, offset {offset}: {reason}")]
    Damaged {
        /// Which partition.
        partition: PartitionIndex,
        /// Where.
        offset: Offset,
        /// What is wrong.
        reason: String,
    },
    /// An offset to begin at that does not exist yet.
    #[error("partition {partition} ends at offset {latest}, before {offset}")]
    PastEnd {
        /// Which partition.
        partition: PartitionIndex,
        /// The offset asked for.
        offset: Offset,
        /// The offset behind the last record.
        latest: Offset,
    },
    /// The connection went away with its client.
    #[error("the client was closed")]
    Closed,
}

impl ClientError {
    /// The broker's error code, if it is one that the broker gave.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the same may go well a little later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connection(error) => error.is_retriable(),
            Self::Refused { code, .. } => code.is_retriable(),
            Self::NoLeader { .. } => true,
            _ => false,
        }
    }

    /// A refusal with the broker's own words, `Ok` if there is none.
    pub(super) fn check(
        code: ErrorCode,
        message: Option<&str>,
        action: impl FnOnce() -> String,
    ) -> Result<(), Self> {
        if code.is_none() {
            return Ok(());
        }
        let message = message.filter(|message| !message.is_empty()).map(str::to_owned);
        Err(Self::Refused { action: action(), code, message })
    }
}

fn detail(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}
