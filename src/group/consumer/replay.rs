//! A group's state is what its records say: each change is applied the same way when it is made
//! and when it is read back.

use std::time::Duration;

use record::TopicPartition;

use super::change::Change;
use super::member::{Current, Member, MemberState};
use super::state::ConsumerGroup;
use crate::group::effects::GroupRecord;
use crate::group::id::MemberId;
use crate::group::log::GroupLogRecord;

impl ConsumerGroup {
    /// Applies a record of this group that was read back. Records of another kind (offsets, a
    /// classic group) are passed over. Once all are applied, call [`ConsumerGroup::start`].
    pub fn replay(&mut self, record: GroupLogRecord) {
        if let Some(change) = Change::from_record(record) {
            self.apply_change(change);
        }
    }

    /// Begins to serve after all records were applied: each member has a whole session timeout to
    /// be heard of, and a whole rebalance timeout to give up what it has to. An event
    /// [`super::Event::TopicsChanged`] should follow, as topics may have changed meanwhile.
    pub fn start(&mut self, now: Duration) {
        self.members.retain(|_, member| member.is_known);
        self.owners.clear();
        self.instances.clear();
        for (id, member) in &mut self.members {
            for &partition in held(&member.current) {
                self.owners.insert(partition, id.clone());
            }
            if let Some(instance) = &member.metadata.instance_id {
                self.instances.insert(instance.clone(), id.clone());
            }
            member.session_ends = now.saturating_add(self.settings.session_timeout);
            member.rebalance_ends = (member.current.state == MemberState::UnrevokedPartitions)
                .then(|| now.saturating_add(member.metadata.rebalance_timeout));
        }
        self.wake = self.earliest_deadline();
    }

    /// Makes a change, and writes it down.
    pub(super) fn change(&mut self, change: Change, log: &mut Vec<GroupRecord>) {
        log.push(change.to_record(&self.id));
        self.apply_change(change);
    }

    fn apply_change(&mut self, change: Change) {
        match change {
            Change::Group(value) => {
                self.epoch = value.map_or(0, |value| value.epoch);
                self.metadata_hash = value.map_or(0, |value| value.metadata_hash);
            }
            Change::TargetEpoch(epoch) => self.target_epoch = epoch.unwrap_or(0),
            Change::Regex(regex, Some(resolved)) => {
                self.regexes.insert(regex, resolved);
            }
            Change::Regex(regex, None) => {
                self.regexes.remove(&regex);
            }
            Change::Member(id, Some(metadata)) => {
                self.forget_instance(&id);
                if let Some(instance) = &metadata.instance_id {
                    self.instances.insert(instance.clone(), id.clone());
                }
                let member = self.member_mut(id);
                member.metadata = metadata;
                member.is_known = true;
            }
            Change::Member(id, None) => {
                self.forget_instance(&id);
                self.set_current(&id, Current::default());
                self.members.remove(&id);
            }
            Change::Target(id, Some(target)) => self.member_mut(id).target = target,
            Change::Target(id, None) => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.target = super::Assignment::default();
                }
            }
            Change::Current(id, Some(current)) => {
                self.member_mut(id.clone());
                self.set_current(&id, current);
            }
            Change::Current(id, None) => self.set_current(&id, Current::default()),
        }
    }

    /// The member, made if a record comes before the one of its metadata: compaction keeps the
    /// last of each.
    fn member_mut(&mut self, id: MemberId) -> &mut Member {
        self.members.entry(id).or_default()
    }

    fn forget_instance(&mut self, id: &MemberId) {
        let member = self.members.get(id);
        if let Some(instance) = member.and_then(|member| member.metadata.instance_id.as_ref())
            && self.instances.get(instance) == Some(id)
        {
            self.instances.remove(instance);
        }
    }

    fn set_current(&mut self, id: &MemberId, current: Current) {
        let Some(member) = self.members.get_mut(id) else { return };
        let before = std::mem::replace(&mut member.current, current);
        for partition in held(&before) {
            if self.owners.get(partition) == Some(id) {
                self.owners.remove(partition);
            }
        }
        for &partition in held(&member.current) {
            self.owners.insert(partition, id.clone());
        }
    }
}

/// What a member may be reading: what it has, and what it has not given up yet.
fn held(current: &Current) -> impl Iterator<Item = &TopicPartition> {
    current.assigned.as_slice().iter().chain(current.revoking.as_slice())
}
