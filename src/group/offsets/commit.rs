//! Commits: what is asked for, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use record::{LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::group::effects::GroupRecord;

/// Settings, with Kafka's names and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetsConfig {
    /// `offset.metadata.max.bytes`: how much a client may keep with an offset.
    pub metadata_bytes_max: usize,
    /// `offsets.retention.minutes`: how long offsets outlive their use.
    pub retention: Duration,
}

impl Default for OffsetsConfig {
    fn default() -> Self {
        Self { metadata_bytes_max: 4096, retention: Duration::from_hours(7 * 24) }
    }
}

/// An offset to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id, where the broker knows the topic.
    pub topic_id: Option<TopicId>,
    /// The partition.
    pub partition: PartitionIndex,
    /// The offset of the next record to read. A lower one than before is a client's right.
    pub offset: Offset,
    /// The leader epoch of the last record read, or [`LeaderEpoch::NONE`].
    pub leader_epoch: LeaderEpoch,
    /// What the client wants to be kept with it.
    pub metadata: Arc<str>,
    /// How long to keep it, where the client says so (`OffsetCommit` before version 5).
    pub retention: Option<Duration>,
}

/// What became of commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Records to append, in order. The answer waits for them.
    pub records: Vec<GroupRecord>,
    /// For each commit, in order, whether it is among them.
    pub results: Vec<Result<(), OffsetError>>,
}

/// Why an offset was not committed or deleted, each variant one error of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// More metadata than may be kept.
    #[error("too much metadata with an offset")]
    OffsetMetadataTooLarge,
    /// A name that no record holds.
    #[error("a name is too long")]
    InvalidRequest,
    /// A live member reads the topic.
    #[error("a member is subscribed to the topic")]
    GroupSubscribedToTopic,
}
