//! A member as the group knows it: what it said, where it is, what it is meant to get.

use std::sync::Arc;
use std::time::Duration;

use super::assignment::Assignment;
use super::assignor::Assignor;
use super::heartbeat::Heartbeat;
use crate::group::id::InstanceId;

/// What a member said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Of a static member.
    pub instance_id: Option<InstanceId>,
    /// Where it runs.
    pub rack_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// The topics it reads by name, in order, none twice.
    pub topics: Vec<Arc<str>>,
    /// The topics it reads by a regular expression.
    pub regex: Option<Arc<str>>,
    /// How long it may take to give up partitions.
    pub rebalance_timeout: Duration,
    /// The assignor it would like.
    pub assignor: Option<Assignor>,
}

impl Metadata {
    /// What it is after a heartbeat; `None` if that is what it was, found without copying.
    pub(crate) fn updated(
        &self,
        heartbeat: &Heartbeat,
        assignor: Option<Assignor>,
    ) -> Option<Self> {
        let regex =
            heartbeat.regex.as_ref().map(|regex| (!regex.is_empty()).then(|| regex.clone()));
        let topics = heartbeat.topics.as_ref().filter(|topics| !is_same_set(topics, &self.topics));
        let same = topics.is_none()
            && regex.as_ref().is_none_or(|regex| *regex == self.regex)
            && heartbeat
                .instance_id
                .as_ref()
                .is_none_or(|id| Some(id) == self.instance_id.as_ref())
            && heartbeat.rack_id.as_ref().is_none_or(|rack| Some(rack) == self.rack_id.as_ref())
            && heartbeat.rebalance_timeout.is_none_or(|time| time == self.rebalance_timeout)
            && assignor.is_none_or(|assignor| Some(assignor) == self.assignor)
            && heartbeat.client_id == self.client_id
            && heartbeat.client_host == self.client_host;
        if same {
            return None;
        }
        let mut topics = topics.unwrap_or(&self.topics).clone();
        topics.sort_unstable();
        topics.dedup();
        Some(Self {
            instance_id: heartbeat.instance_id.clone().or_else(|| self.instance_id.clone()),
            rack_id: heartbeat.rack_id.clone().or_else(|| self.rack_id.clone()),
            client_id: heartbeat.client_id.clone(),
            client_host: heartbeat.client_host.clone(),
            topics,
            regex: regex.unwrap_or_else(|| self.regex.clone()),
            rebalance_timeout: heartbeat.rebalance_timeout.unwrap_or(self.rebalance_timeout),
            assignor: assignor.or(self.assignor),
        })
    }

    /// Whether both ask for the same topics in the same words.
    pub(crate) fn subscribes_like(&self, other: &Self) -> bool {
        self.topics == other.topics && self.regex == other.regex
    }
}

/// Clients send a set in any order, and nearly always the one they sent before.
fn is_same_set(sent: &[Arc<str>], known: &[Arc<str>]) -> bool {
    if sent == known {
        return true;
    }
    let mut sent: Vec<_> = sent.iter().collect();
    sent.sort_unstable();
    sent.dedup();
    sent.into_iter().eq(known)
}

/// How far a member is on its way to the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It has what it is meant to have.
    #[default]
    Stable,
    /// It has to give up partitions before it can go on.
    UnrevokedPartitions,
    /// It waits for partitions that others still have.
    UnreleasedPartitions,
}

/// Where a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The epoch it is in: 0 before it was told any, -2 while a static member is away.
    pub epoch: i32,
    /// The epoch before: what the member sends if it did not hear of the present one.
    pub previous_epoch: i32,
    /// How far it is.
    pub state: MemberState,
    /// What it is to own.
    pub assigned: Assignment,
    /// What it still owns and is to give up.
    pub revoking: Assignment,
}

impl Default for Current {
    fn default() -> Self {
        Self {
            epoch: 0,
            previous_epoch: -1,
            state: MemberState::Stable,
            assigned: Assignment::default(),
            revoking: Assignment::default(),
        }
    }
}

/// A member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    /// What it said of itself.
    pub metadata: Arc<Metadata>,
    /// Where it is.
    pub current: Current,
    /// What it is meant to get.
    pub target: Assignment,
    /// When it is out for its silence; since the group's origin of time.
    pub(crate) session_ends: Duration,
    /// When it is out for not giving up partitions.
    pub(crate) rebalance_ends: Option<Duration>,
    /// Whether its metadata was ever written; a log cut short may have the rest without it.
    pub(crate) is_known: bool,
}

impl PartialEq for Member {
    /// What is written down; timers are not.
    fn eq(&self, other: &Self) -> bool {
        self.metadata == other.metadata
            && self.current == other.current
            && self.target == other.target
    }
}
