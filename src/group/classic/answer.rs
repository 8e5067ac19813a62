//! What a classic group answers.

use std::sync::Arc;

use crate::group::id::{InstanceId, MemberId};

/// The answer to an event's ticket, of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the events'")]
pub enum Answer {
    Join(Result<Joined, RefusedJoin>),
    Sync(Result<Synced, ClassicError>),
    Heartbeat(Result<(), ClassicError>),
    Leave(Result<Vec<LeftMember>, ClassicError>),
    Delete(Result<(), ClassicError>),
}

/// A member is in a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Its id.
    pub member: MemberId,
    /// The generation.
    pub generation: i32,
    /// What the group is for.
    pub protocol_type: Option<Arc<str>>,
    /// The protocol that all support.
    pub protocol: Option<Arc<str>>,
    /// The member that is to assign.
    pub leader: Option<MemberId>,
    /// The member leads, but the assignment stands (KIP-814).
    pub skip_assignment: bool,
    /// All members, for the leader; empty for others.
    pub members: Vec<JoinedMember>,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member: MemberId,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// What it said of itself for the chosen protocol.
    pub metadata: Arc<[u8]>,
}

/// A join that led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedJoin {
    /// Why.
    pub error: ClassicError,
    /// The id to answer with; for [`ClassicError::MemberIdRequired`] the one to come back with.
    pub member: Option<MemberId>,
}

/// A member's assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// What the group is for.
    pub protocol_type: Option<Arc<str>>,
    /// The chosen protocol.
    pub protocol: Option<Arc<str>>,
    /// What the leader assigned; empty if it forgot this member.
    pub assignment: Arc<[u8]>,
}

/// What became of a member that was to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftMember {
    /// As it was asked for.
    pub member: Option<MemberId>,
    /// As it was asked for.
    pub instance: Option<InstanceId>,
    /// Why it did not go.
    pub error: Option<ClassicError>,
}

/// What a member of a classic group can be told, each variant one error of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum ClassicError {
    /// The group is gone, or about to be.
    #[error("the group is gone from here")]
    CoordinatorNotAvailable,
    /// Another coordinator has the group.
    #[error("another coordinator has the group")]
    NotCoordinator,
    /// No such member: it has to join as a new one.
    #[error("no such member")]
    UnknownMemberId,
    /// Not the generation that the group is in.
    #[error("not the current generation")]
    IllegalGeneration,
    /// Another has taken over the static member.
    #[error("another member has taken this instance over")]
    FencedInstanceId,
    /// The members are to join again.
    #[error("the group rebalances")]
    RebalanceInProgress,
    /// No protocol that all members support, or another protocol type.
    #[error("no protocol that all members support")]
    InconsistentGroupProtocol,
    /// To be asked again with the id that comes along.
    #[error("a member id is needed")]
    MemberIdRequired,
    /// As many members as may be.
    #[error("the group is full")]
    GroupMaxSizeReached,
    /// Below or above what the broker allows.
    #[error("a session timeout that is not allowed")]
    InvalidSessionTimeout,
    /// Something that no record could hold.
    #[error("a name is too long")]
    InvalidRequest,
    /// The group has members.
    #[error("the group has members")]
    NonEmptyGroup,
    /// There is no such group.
    #[error("no such group")]
    GroupIdNotFound,
}
