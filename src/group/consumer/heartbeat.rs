//! What a member asks and is told: the heartbeat of KIP-848, free of any wire format.

use std::sync::Arc;
use std::time::Duration;

use record::TopicPartition;
use thiserror::Error;

use super::assignment::Assignment;
use super::limits::{NAME_BYTES_MAX, REGEX_BYTES_MAX, SUBSCRIBED_TOPICS_MAX};
use crate::group::id::{InstanceId, MemberId};

/// The member epoch of who joins.
pub const JOIN_EPOCH: i32 = 0;
/// The member epoch of who leaves for good.
pub const LEAVE_EPOCH: i32 = -1;
/// The member epoch of a static member that leaves and means to come back.
pub const STATIC_LEAVE_EPOCH: i32 = -2;

/// One heartbeat. What is `None` (but for `instance_id`, `new_id`) is as it was before.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// Who asks; empty if the coordinator is to give the id (version 0, joining).
    pub member_id: MemberId,
    /// The id to give then, made of random bytes; `None` if members bring their own (version 1).
    pub new_id: Option<MemberId>,
    /// Where the member is, or one of [`JOIN_EPOCH`], [`LEAVE_EPOCH`], [`STATIC_LEAVE_EPOCH`].
    pub member_epoch: i32,
    /// Of a static member.
    pub instance_id: Option<InstanceId>,
    /// Where the member runs.
    pub rack_id: Option<Arc<str>>,
    /// How long giving up partitions may take.
    pub rebalance_timeout: Option<Duration>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where the client connects from.
    pub client_host: Arc<str>,
    /// The topics to read, by name.
    pub topics: Option<Vec<Arc<str>>>,
    /// The topics to read, by a regular expression of their names; empty for none.
    pub regex: Option<Arc<str>>,
    /// The assignor that the member would like.
    pub assignor: Option<Arc<str>>,
    /// What the member has at this moment.
    pub owned: Option<Vec<TopicPartition>>,
}

/// What a heartbeat is answered with, if it is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The member's id.
    pub member_id: MemberId,
    /// The epoch to send next time.
    pub member_epoch: i32,
    /// When to send it.
    pub heartbeat_interval: Duration,
    /// What the member is to own, all of it; `None` if that is what it was told before.
    pub assignment: Option<Assignment>,
}

/// Why a heartbeat is refused; each stands for one of Kafka's errors.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The request contradicts itself.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// There is no such member: it starts over with epoch 0.
    #[error("the member is not in the group")]
    UnknownMemberId,
    /// The member's epoch is not the group's: it gives up everything and starts over.
    #[error("the member's epoch is {received}, in the group it is {known}")]
    FencedMemberEpoch {
        /// What the member sent.
        received: i32,
        /// What it would have had to send.
        known: i32,
    },
    /// Another member has this instance id.
    #[error("the instance id belongs to another member")]
    FencedInstanceId,
    /// Another member has this instance id, and has not left.
    #[error("the instance id is in use by another member")]
    UnreleasedInstanceId,
    /// No such assignor can be had.
    #[error("the assignor is not supported")]
    UnsupportedAssignor,
    /// The group is full.
    #[error("the group has its {0} members")]
    GroupMaxSizeReached(usize),
    /// The regular expression can not be compiled, or is too large.
    #[error("invalid regular expression: {0}")]
    InvalidRegularExpression(String),
}

/// The answer to a heartbeat.
pub type Answer = Result<Told, Refusal>;

impl Heartbeat {
    /// Whether everything is said: after a join or any error a member does so, and is then told
    /// its whole assignment.
    pub(crate) fn is_full(&self) -> bool {
        self.rebalance_timeout.is_some()
            && (self.topics.is_some() || self.regex.is_some())
            && self.owned.is_some()
    }

    /// Refuses what contradicts itself or is too large, whatever the group's state.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let invalid = |what| Err(Refusal::InvalidRequest(what));
        if self.member_epoch < STATIC_LEAVE_EPOCH {
            return invalid("the member epoch is below -2");
        }
        let id = self.member_id.as_str();
        if id.is_empty() && (self.member_epoch != JOIN_EPOCH || self.new_id.is_none()) {
            return invalid("the member id is empty");
        }
        let instance = self.instance_id.as_ref().map(InstanceId::as_str);
        let names = [instance, self.rack_id.as_deref()];
        if names.iter().flatten().any(|name| name.is_empty()) {
            return invalid("an instance id or rack id is empty");
        }
        if names.iter().flatten().chain([&id]).any(|name| name.len() > NAME_BYTES_MAX) {
            return invalid("a member id, instance id or rack id is too long");
        }
        if self.topics.as_ref().is_some_and(|topics| topics.len() > SUBSCRIBED_TOPICS_MAX) {
            return invalid("too many topics in the subscription");
        }
        if self.topics.iter().flatten().any(|topic| topic.len() > NAME_BYTES_MAX) {
            return invalid("a topic's name is too long");
        }
        if self.regex.as_ref().is_some_and(|regex| regex.len() > REGEX_BYTES_MAX) {
            return Err(Refusal::InvalidRegularExpression("it is too long".to_owned()));
        }
        match self.member_epoch {
            STATIC_LEAVE_EPOCH if self.instance_id.is_none() => {
                invalid("a member without an instance id can not leave for a while")
            }
            JOIN_EPOCH => self.check_join(),
            _ => Ok(()),
        }
    }

    fn check_join(&self) -> Result<(), Refusal> {
        let invalid = |what| Err(Refusal::InvalidRequest(what));
        if self.rebalance_timeout.is_none() {
            return invalid("who joins has to give a rebalance timeout");
        }
        if self.topics.is_none() && self.regex.is_none() {
            return invalid("who joins has to give topics or a regular expression");
        }
        if self.owned.as_ref().is_none_or(|owned| !owned.is_empty()) {
            return invalid("who joins owns no partitions");
        }
        Ok(())
    }
}
