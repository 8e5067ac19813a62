//! The topics that members subscribe to: the one thing that is read of what they say of
//! themselves, to know whose offsets are in use.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::answer::ClassicError;
use super::group::ClassicGroup;
use super::state::GroupState;
use crate::group::log::Subscription;

/// The protocol type of Kafka's consumers.
const CONSUMER: &str = "consumer";

impl ClassicGroup {
    /// Whether a member reads the topic, as far as can be known: members of type "consumer" that
    /// can not be understood may read any. The offsets of such a topic are not to be deleted.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.is_of_consumers(), |topics| topics.contains(topic))
    }

    /// Whether offsets may be deleted one by one: where it is not known who reads what, only with
    /// no members.
    pub fn may_delete_offsets(&self) -> Result<(), ClassicError> {
        match self.state {
            GroupState::Dead => Err(ClassicError::GroupIdNotFound),
            GroupState::Empty => Ok(()),
            _ if self.is_of_consumers() => Ok(()),
            _ => Err(ClassicError::NonEmptyGroup),
        }
    }

    pub(super) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// None unless all members are consumers that can be understood.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<Arc<str>>> {
        if !self.is_of_consumers() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for (_, member) in self.roster.iter() {
            let metadata = member.protocols.metadata(Some(self.protocol.as_deref()?));
            topics.extend(Subscription::read_topics(&metadata).ok()?);
        }
        Some(topics)
    }
}
