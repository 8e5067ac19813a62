//! Everything that shards say to each other: a closed set.

use std::os::fd::OwnedFd;
use std::time::Duration;

use record::{BatchHeader, LeaderEpoch, Offset, Timestamp, TopicPartition};
use runtime::buffer::Slice;
use storage::journal::staging::Stamp;
use storage::{AppendError, TimeMatch};

use crate::broker::groups::Unavailable;
use crate::broker::producers::KnownProducer;
use crate::group::coordinator;
use crate::group::effects::Ticket;
use crate::registry::command::{Command, CommandError, Outcome};
use crate::registry::event::Event;

/// A request to another shard. Its handler never waits for another request of its own.
pub enum Request {
    /// Apply a registry event that is durable.
    Apply(Event),
    /// Change the registry; only shard 0 is asked.
    Command(Command),
    /// Append batches that were checked already.
    Produce(RemoteProduce),
    /// Look what can be read.
    Plan(Vec<PlanPart>),
    /// The next piece of what was planned.
    Extent(Lease),
    /// What was planned is not wanted any more.
    Release(Lease),
    /// Say when there is more to read of any of these: see [`Request::Ready`].
    Watch(RemoteWatch),
    /// Nobody waits any more.
    Unwatch(WatchNumber),
    /// There is more to read: the answer to a [`Request::Watch`] from the shard that asked.
    Ready(WatchNumber),
    /// Ask or change one log.
    Query(TopicPartition, LogQuery),
    /// Something for the groups in a partition of `__consumer_offsets`: see
    /// [`Request::GroupAnswer`].
    Group(TopicPartition, Box<coordinator::Request>),
    /// What the ticket of a [`Request::Group`] from the shard that is asked was waiting for.
    GroupAnswer(Ticket, Box<Result<coordinator::Answer, Unavailable>>),
    /// Which producers does a log know?
    Producers(TopicPartition),
    /// Take over a connection.
    Connection(OwnedFd),
    /// Refuse what is new, answer long polls, and say when all connections have ended.
    Quiesce,
}

/// The reply to a request.
pub enum Reply {
    /// It was done.
    Done,
    /// It was not, and why.
    Failed(String),
    /// To [`Request::Command`].
    Command(Result<Outcome, CommandError>),
    /// To [`Request::Produce`], when each batch may be acknowledged.
    Produced(Vec<Result<ProducedAt, AppendError>>),
    /// To [`Request::Plan`].
    Planned(Vec<Result<Planned, LogFailure>>),
    /// To [`Request::Extent`].
    Extent(Result<RemoteExtent, LogFailure>),
    /// To [`Request::Group`]: whether it will be answered.
    Coordinated(Result<(), Unavailable>),
    /// To [`Request::Query`].
    Answer(Result<LogAnswer, LogFailure>),
    /// To [`Request::Producers`].
    Producers(Result<Vec<KnownProducer>, LogFailure>),
}

/// Batches for one shard, all from one frame.
pub struct RemoteProduce {
    /// The frame's bytes, or those of the batches alone.
    pub frame: Slice,
    /// The batches, in order.
    pub batches: Vec<RemoteBatch>,
    /// How long they may wait for room.
    pub patience: Duration,
}

/// One batch of a [`RemoteProduce`].
pub struct RemoteBatch {
    /// Its log.
    pub log: TopicPartition,
    /// Where it starts in the frame.
    pub start: usize,
    /// Its header.
    pub header: BatchHeader,
    /// What the broker writes into it.
    pub stamp: Stamp,
}

/// Where a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducedAt {
    /// Its first offset.
    pub base_offset: Offset,
    /// The broker's time on it, or none.
    pub append_time: Timestamp,
    /// Where the log starts.
    pub log_start: Offset,
}

/// One partition to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanPart {
    /// Its log.
    pub log: TopicPartition,
    /// From where.
    pub offset: Offset,
    /// Bytes at most, the first batch excepted.
    pub bytes_max: u32,
    /// The leader epoch that the reader knows, if it said so.
    pub leader_epoch: Option<LeaderEpoch>,
}

/// What can be read of a partition.
pub struct Planned {
    /// The first offset that can not be read.
    pub high_watermark: Offset,
    /// The first offset of the log.
    pub log_start: Offset,
    /// How many bytes; zero if there is nothing.
    pub len: u64,
    /// The first of them, if they are in memory.
    pub first: Vec<Slice>,
    /// Where the rest is asked for; none if `first` is all.
    pub lease: Option<Lease>,
}

/// Something planned that its owner keeps until it was taken or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease(pub u64);

/// A piece of what was planned.
pub enum RemoteExtent {
    /// In memory.
    Memory(Vec<Slice>),
    /// In a file, by a descriptor of one's own.
    File {
        /// The file, through the page cache.
        descriptor: OwnedFd,
        /// Where.
        offset: u64,
        /// How many bytes.
        len: u64,
    },
}

/// Partitions to be watched for a reader on another shard.
pub struct RemoteWatch {
    /// What the reader calls it.
    pub number: WatchNumber,
    /// The partitions, each with the offset that the reader waits at.
    pub parts: Vec<(TopicPartition, Offset)>,
}

/// A reader's name for a watch; unique on its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchNumber(pub u64);

/// What can be asked of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogQuery {
    /// Where it starts and ends.
    Bounds,
    /// The record that a time asks for.
    Time(TimeMatch),
    /// Where a leader epoch ended.
    EpochEnd(LeaderEpoch),
    /// Start at this offset, or at the high watermark; what is before may go.
    DeleteRecords(Option<Offset>),
}

/// What a log answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogAnswer {
    /// To [`LogQuery::Bounds`].
    Bounds {
        /// The first offset.
        log_start: Offset,
        /// The first offset that can not be read.
        high_watermark: Offset,
        /// The epoch in force.
        leader_epoch: LeaderEpoch,
        /// Bytes of all segments.
        size: u64,
    },
    /// To [`LogQuery::Time`].
    Time {
        /// The record's offset and time; none if there is no such record.
        found: Option<(Offset, Timestamp)>,
        /// The epoch in which it was written.
        leader_epoch: LeaderEpoch,
    },
    /// To [`LogQuery::EpochEnd`]: the largest epoch that is not above the one asked for.
    EpochEnd {
        /// The epoch and its end; none if the one asked for is unknown.
        end: Option<(LeaderEpoch, Offset)>,
        /// The epoch in force.
        leader_epoch: LeaderEpoch,
    },
    /// To [`LogQuery::DeleteRecords`]: where the log starts now.
    LogStart(Offset),
}

/// Why a log could not be read or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFailure {
    /// The offset is not in the log.
    #[error("offset out of range")]
    OutOfRange {
        /// The log's start.
        log_start: Offset,
        /// Its high watermark.
        high_watermark: Offset,
    },
    /// There is no such log here any more.
    #[error("the partition was deleted")]
    Deleted,
    /// It can not be used.
    #[error("{0}")]
    Storage(String),
    /// The reader knows an older epoch than the one in force.
    #[error("the leader epoch is older than the one in force")]
    FencedEpoch,
    /// The reader knows a newer epoch than the one in force.
    #[error("the leader epoch is newer than the one in force")]
    UnknownEpoch,
    /// The other shard is stopping.
    #[error("the shard is stopping")]
    Stopping,
}
