//! Groups as an administrator sees and removes them.

use std::sync::Arc;

use super::entry::Members;
use super::request::{Answer, GroupError, GroupListing, GroupProtocol, NotDescribed};
use super::state::Coordinator;
use crate::group::classic::{self, ClassicError, ClassicGroup, DescribedGroup, Now};
use crate::group::consumer::Description;
use crate::group::effects::{Effects, Ticket};
use crate::group::id::GroupId;

impl Coordinator {
    /// A group that only keeps offsets is an empty classic one without a protocol.
    pub(super) fn describe_classic(&self, id: &GroupId) -> Result<DescribedGroup, NotDescribed> {
        match &self.groups.get(id).ok_or(NotDescribed::NotFound)?.members {
            Members::Classic(group) => Ok(group.describe()),
            Members::None => {
                let config = Arc::clone(&self.settings.classic);
                Ok(ClassicGroup::new(id.clone(), config).describe())
            }
            Members::Consumer(_) => Err(NotDescribed::AnotherType),
        }
    }

    pub(super) fn describe_consumer(&self, id: &GroupId) -> Result<Description, NotDescribed> {
        match &self.groups.get(id).ok_or(NotDescribed::NotFound)?.members {
            Members::Consumer(group) => Ok(group.describe()),
            Members::Classic(_) | Members::None => Err(NotDescribed::AnotherType),
        }
    }

    pub(super) fn list(&self) -> Vec<GroupListing> {
        let listed = self.groups.iter().map(|(id, entry)| {
            let (protocol_type, state, protocol) = match &entry.members {
                Members::None => ("", classic::GroupState::Empty.as_str(), GroupProtocol::Classic),
                Members::Classic(group) => {
                    let protocol_type = group.protocol_type().unwrap_or("");
                    (protocol_type, group.state().as_str(), GroupProtocol::Classic)
                }
                Members::Consumer(group) => {
                    ("consumer", group.state().as_str(), GroupProtocol::Consumer)
                }
            };
            GroupListing { group: id.clone(), protocol_type: protocol_type.into(), state, protocol }
        });
        listed.collect()
    }

    /// Forgets an empty group and its offsets.
    pub(super) fn delete(&mut self, now: Now, ticket: Ticket, id: &GroupId) -> Effects<Answer> {
        let mut effects = Effects::default();
        let result = self.delete_now(now, id, &mut effects);
        effects.answers.push((ticket, Answer::Delete(result)));
        effects
    }

    fn delete_now(
        &mut self,
        now: Now,
        id: &GroupId,
        effects: &mut Effects<Answer>,
    ) -> Result<(), GroupError> {
        let entry = self.groups.get_mut(id).ok_or(ClassicError::GroupIdNotFound)?;
        effects.records.extend(entry.members.end(now).ok_or(ClassicError::NonEmptyGroup)?);
        effects.records.extend(entry.offsets.delete_all());
        self.forget_if_gone(id);
        Ok(())
    }
}
