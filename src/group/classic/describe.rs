//! A group as an administrator sees it.

use std::sync::Arc;

use super::group::ClassicGroup;
use super::state::GroupState;
use crate::group::id::{GroupId, InstanceId, MemberId};
use crate::group::offsets::OffsetExpiry;

/// A group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// Its state.
    pub state: GroupState,
    /// What it is for; empty if no member has ever said.
    pub protocol_type: Arc<str>,
    /// The protocol of a stable group.
    pub protocol: Option<Arc<str>>,
    /// The members.
    pub members: Vec<DescribedMember>,
}

/// A member; what it said and got only in a stable group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member: MemberId,
    /// Its own name, if it is static.
    pub instance: Option<InstanceId>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connected from.
    pub client_host: Arc<str>,
    /// What it said of itself for the chosen protocol.
    pub metadata: Arc<[u8]>,
    /// What the leader assigned to it.
    pub assignment: Arc<[u8]>,
}

impl ClassicGroup {
    /// Its name.
    pub fn id(&self) -> &GroupId {
        &self.id
    }

    /// Its state.
    pub fn state(&self) -> GroupState {
        self.state
    }

    /// Its generation.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// What it is for; none if no member has ever said.
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// As `DescribeGroups` shows it.
    pub fn describe(&self) -> DescribedGroup {
        let is_stable = self.state == GroupState::Stable;
        let protocol = self.protocol.clone().filter(|_| is_stable);
        let members = self.roster.iter().map(|(id, member)| DescribedMember {
            member: id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.protocols.metadata(protocol.as_deref()),
            assignment: if is_stable { member.assignment.clone() } else { Arc::from([]) },
        });
        DescribedGroup {
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_else(|| Arc::from("")),
            members: members.collect(),
            protocol,
        }
    }

    /// Which of its offsets may expire (KIP-211, KAFKA-13636). Together with
    /// [`ClassicGroup::is_subscribed_to`].
    pub fn offset_expiry(&self) -> OffsetExpiry {
        match self.state {
            GroupState::Dead => OffsetExpiry::Never,
            _ if self.protocol_type.is_none() => OffsetExpiry::SinceCommit,
            GroupState::Empty => {
                self.state_since.map_or(OffsetExpiry::SinceCommit, OffsetExpiry::Since)
            }
            GroupState::Stable if self.is_of_consumers() && self.subscribed.is_some() => {
                OffsetExpiry::SinceCommit
            }
            _ => OffsetExpiry::Never,
        }
    }
}
