//! How members go: for good, for a while, or because they were not heard of.

use std::time::Duration;

use super::assignment::Assignment;
use super::change::Change;
use super::heartbeat::{Answer, Heartbeat, Refusal, STATIC_LEAVE_EPOCH, Told};
use super::member::{Current, MemberState};
use super::state::ConsumerGroup;
use super::topics::Topics;
use crate::group::effects::GroupRecord;
use crate::group::id::MemberId;

impl ConsumerGroup {
    /// A member says that it leaves.
    pub(super) fn leave(
        &mut self,
        now: Duration,
        heartbeat: &Heartbeat,
        topics: &dyn Topics,
        log: &mut Vec<GroupRecord>,
    ) -> Answer {
        let id = &heartbeat.member_id;
        if let Some(instance) = &heartbeat.instance_id {
            let holder = self.instances.get(instance).ok_or(Refusal::UnknownMemberId)?;
            if holder != id {
                return Err(Refusal::FencedInstanceId);
            }
        }
        let member = self.members.get_mut(id).ok_or(Refusal::UnknownMemberId)?;
        if heartbeat.member_epoch == STATIC_LEAVE_EPOCH {
            member.session_ends = now.saturating_add(self.settings.session_timeout);
            member.rebalance_ends = None;
            let away = Current {
                epoch: STATIC_LEAVE_EPOCH,
                previous_epoch: member.current.epoch,
                state: MemberState::Stable,
                assigned: member.current.assigned.clone(),
                revoking: Assignment::default(),
            };
            if member.current.epoch != STATIC_LEAVE_EPOCH {
                self.change(Change::Current(id.clone(), Some(away)), log);
            }
        } else {
            self.remove(id, log);
            self.bump(topics, log);
        }
        Ok(Told {
            member_id: id.clone(),
            member_epoch: heartbeat.member_epoch,
            heartbeat_interval: Duration::ZERO,
            assignment: None,
        })
    }

    /// Puts out who was silent for too long or did not give up partitions in time. Does nothing
    /// before [`ConsumerGroup::deadline`].
    pub(super) fn tick(&mut self, now: Duration, topics: &dyn Topics, log: &mut Vec<GroupRecord>) {
        if self.wake.is_none_or(|wake| now < wake) {
            return;
        }
        let is_out = |ends: Option<Duration>| ends.is_some_and(|ends| ends <= now);
        let out: Vec<_> = self
            .members
            .iter()
            .filter(|(_, it)| is_out(Some(it.session_ends)) || is_out(it.rebalance_ends))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &out {
            self.remove(id, log);
        }
        if !out.is_empty() {
            self.bump(topics, log);
        }
        self.wake = self.earliest_deadline();
    }

    /// Forgets a member, and gives free what it had.
    pub(super) fn remove(&mut self, id: &MemberId, log: &mut Vec<GroupRecord>) {
        let regex = self.members.get(id).and_then(|member| member.metadata.regex.clone());
        self.change(Change::Current(id.clone(), None), log);
        self.change(Change::Target(id.clone(), None), log);
        self.change(Change::Member(id.clone(), None), log);
        self.drop_regex(regex.as_ref(), log);
    }

    pub(super) fn earliest_deadline(&self) -> Option<Duration> {
        let of = |member: &super::member::Member| {
            member.rebalance_ends.map_or(member.session_ends, |ends| ends.min(member.session_ends))
        };
        self.members.values().map(of).min()
    }
}
