//! What a coordinator is asked, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use record::{PartitionIndex, TopicId};

use crate::group::classic::{self, ClassicError, DescribedGroup};
use crate::group::consumer::{self, NotAMember, Refusal};
use crate::group::effects::Ticket;
use crate::group::id::{GroupId, InstanceId, MemberId};
use crate::group::log::OffsetCommitValue;
use crate::group::offsets::{Commit, OffsetError};

/// A request; each ticket gets one [`Answer`] of the same kind.
#[derive(Clone, Debug)]
pub enum Request {
    /// Something of the classic protocol, which carries its own ticket.
    Classic(GroupId, Box<classic::Event>),
    /// A heartbeat of KIP-848, with what holds for the group now.
    Heartbeat(Ticket, GroupId, Box<consumer::Heartbeat>, Timing),
    /// Offsets are to be kept.
    CommitOffsets(Ticket, CommitOffsets),
    /// Offsets are asked for.
    FetchOffsets(Ticket, FetchOffsets),
    /// Offsets are to be forgotten.
    DeleteOffsets(Ticket, DeleteOffsets),
    /// What a classic group is like.
    DescribeClassic(Ticket, GroupId),
    /// What a consumer group is like.
    DescribeConsumer(Ticket, GroupId),
    /// All groups.
    List(Ticket),
    /// A group is to be forgotten.
    Delete(Ticket, GroupId),
    /// A topic is gone, and its offsets with it. Nobody waits.
    TopicDeleted(Arc<str>, TopicId),
    /// Topics were made or deleted, or have more partitions. Nobody waits.
    TopicsChanged,
}

impl Request {
    /// Who waits for the answer.
    pub fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Classic(_, event) => event.ticket(),
            Self::Heartbeat(ticket, ..)
            | Self::CommitOffsets(ticket, _)
            | Self::FetchOffsets(ticket, _)
            | Self::DeleteOffsets(ticket, _)
            | Self::DescribeClassic(ticket, _)
            | Self::DescribeConsumer(ticket, _)
            | Self::List(ticket)
            | Self::Delete(ticket, _) => Some(*ticket),
            Self::TopicDeleted(..) | Self::TopicsChanged => None,
        }
    }
}

/// The times that can be configured for one consumer group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// `consumer.session.timeout.ms`
    pub session_timeout: Duration,
    /// `consumer.heartbeat.interval.ms`
    pub heartbeat_interval: Duration,
}

/// Who commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committer {
    /// The member; none for whoever is in no group.
    pub member: Option<MemberId>,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// Its generation or member epoch; negative for whoever is in no group.
    pub generation: i32,
}

/// Offsets to keep.
#[derive(Clone, Debug)]
pub struct CommitOffsets {
    /// Of which group.
    pub group: GroupId,
    /// By whom.
    pub committer: Committer,
    /// The offsets.
    pub commits: Vec<Commit>,
    /// Whether the client can speak of member epochs (`OffsetCommit` 9 and later).
    pub knows_epochs: bool,
}

/// Offsets that are asked for.
#[derive(Clone, Debug)]
pub struct FetchOffsets {
    /// Of which group.
    pub group: GroupId,
    /// The member that asks, and its epoch (KIP-848); none if it does not say.
    pub asker: Option<(MemberId, i32)>,
    /// Of which partitions; none for all that there are.
    pub topics: Option<Vec<FetchTopic>>,
}

/// A topic of [`FetchOffsets`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchTopic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id now: offsets of an older topic of that name are not given.
    pub id: Option<TopicId>,
    /// The partitions.
    pub partitions: Vec<PartitionIndex>,
}

/// The offsets of a topic, in the order asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedTopic {
    /// Its name.
    pub name: Arc<str>,
    /// Its offsets.
    pub offsets: Vec<FetchedOffset>,
}

/// What was committed for a partition; none if nothing was.
pub type FetchedOffset = (PartitionIndex, Option<OffsetCommitValue>);

/// Offsets to forget.
#[derive(Clone, Debug)]
pub struct DeleteOffsets {
    /// Of which group.
    pub group: GroupId,
    /// Of which partitions.
    pub partitions: Vec<(Arc<str>, PartitionIndex)>,
}

/// Which protocol a group's members speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupProtocol {
    /// `JoinGroup` and its like.
    Classic,
    /// The heartbeat of KIP-848.
    Consumer,
}

impl GroupProtocol {
    /// As Kafka names this type of group.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
        }
    }
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub group: GroupId,
    /// What it is for; empty for a group that only keeps offsets.
    pub protocol_type: Arc<str>,
    /// Its state, as Kafka names it.
    pub state: &'static str,
    /// Which protocol its members speak.
    pub protocol: GroupProtocol,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Request::Classic`].
    Classic(classic::Answer),
    /// To [`Request::Heartbeat`].
    Heartbeat(Result<consumer::Told, HeartbeatError>),
    /// To [`Request::CommitOffsets`]: one result for each commit.
    CommitOffsets(Result<Vec<Result<(), OffsetError>>, GroupError>),
    /// To [`Request::FetchOffsets`]. A group that there is not has no offsets.
    FetchOffsets(Result<Vec<FetchedTopic>, GroupError>),
    /// To [`Request::DeleteOffsets`]: one result for each partition.
    DeleteOffsets(Result<Vec<Result<(), OffsetError>>, GroupError>),
    /// To [`Request::DescribeClassic`].
    DescribeClassic(Result<DescribedGroup, NotDescribed>),
    /// To [`Request::DescribeConsumer`].
    DescribeConsumer(Result<consumer::Description, NotDescribed>),
    /// To [`Request::List`].
    List(Vec<GroupListing>),
    /// To [`Request::Delete`].
    Delete(Result<(), GroupError>),
}

/// Why a request about a group is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// By the classic protocol's rules.
    #[error(transparent)]
    Classic(#[from] ClassicError),
    /// By the rules of KIP-848.
    #[error(transparent)]
    NotAMember(#[from] NotAMember),
    /// A member of a consumer group commits with a version that knows no member epochs.
    #[error("OffsetCommit version 9 or above must be used by members of a consumer group")]
    UnsupportedVersion,
    /// There are as many groups as may be.
    #[error("there are as many groups as this coordinator holds")]
    TooManyGroups,
}

/// Why a heartbeat of KIP-848 is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// By the group.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The group has members of the classic protocol.
    #[error("the group is not a consumer group")]
    NotAConsumerGroup,
    /// There are as many groups as may be.
    #[error("there are as many groups as this coordinator holds")]
    TooManyGroups,
}

/// Why a group is not described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDescribed {
    /// There is no such group.
    #[error("not found")]
    NotFound,
    /// It is of the other kind.
    #[error("it is of another type")]
    AnotherType,
}
