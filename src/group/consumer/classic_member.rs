//! Members of a consumer group that speak the classic protocol: they are told of a new assignment
//! by `REBALANCE_IN_PROGRESS`, and take each step towards it by joining again and syncing. Nobody
//! waits for the others, and nobody leads: the coordinator assigns.
//!
//! As in Kafka 4.1 (`classicGroupJoinToConsumerGroup` and its like).

use std::sync::Arc;
use std::time::Duration;

use record::TopicPartition;

use super::change::Change;
use super::conversion::{partitions, write_assignment};
use super::member::{ClassicMember, Member, MemberState, Metadata};
use super::state::ConsumerGroup;
use super::topics::Topics;
use crate::group::classic::{
    Answer, ClassicConfig, ClassicError, Event, Heartbeat, Join, Joined, Leave, LeavingMember,
    LeftMember, RefusedJoin, Sync, Synced, new_member_id,
};
use crate::group::effects::{Effects, GroupRecord};
use crate::group::id::{InstanceId, MemberId};
use crate::group::log;

/// The protocol type of Kafka's consumers, which alone may be in such a group.
pub(super) const CONSUMER: &str = "consumer";

impl ConsumerGroup {
    /// What follows from a request of the classic protocol. It is answered at once.
    pub fn apply_classic(
        &mut self,
        now: Duration,
        event: &Event,
        config: &ClassicConfig,
        topics: &dyn Topics,
    ) -> Effects<Answer> {
        let mut log = Vec::new();
        let answer = match event {
            Event::Join(join) => {
                Answer::Join(self.join_classic(now, join, config, topics, &mut log))
            }
            Event::Sync(sync) => Answer::Sync(self.sync_classic(now, sync, topics)),
            Event::Heartbeat(beat) => Answer::Heartbeat(self.beat_classic(now, beat)),
            Event::Leave(leave) => Answer::Leave(Ok(self.leave_classic(leave, topics, &mut log))),
            Event::Delete(_) => Answer::Delete(Err(ClassicError::NonEmptyGroup)),
            Event::Tick | Event::Unload => return Effects::default(),
        };
        let answers = event.ticket().into_iter().map(|ticket| (ticket, answer.clone())).collect();
        Effects { records: log, answers }
    }

    fn join_classic(
        &mut self,
        now: Duration,
        join: &Join,
        config: &ClassicConfig,
        topics: &dyn Topics,
        log: &mut Vec<GroupRecord>,
    ) -> Result<Joined, RefusedJoin> {
        let (id, subscription) = self.admit(join, config, topics)?;
        let holder = join.instance.as_ref().and_then(|instance| self.instances.get(instance));
        if let Some(holder) = holder.filter(|holder| **holder != id).cloned() {
            self.replace(&holder, &id, log);
        }
        let before = self.members.get(&id).map(|member| Arc::clone(&member.metadata));
        let is_new = before.is_none();
        let before = before.unwrap_or_default();
        let after = metadata(join, &subscription, &before);
        let is_resubscribed = !after.subscribes_like(&before);
        if after != *before {
            let regex = before.regex.clone();
            self.change(Change::Member(id.clone(), Some(Arc::new(after))), log);
            self.drop_regex(regex.as_ref(), log);
        }
        if is_new || is_resubscribed {
            self.bump(topics, log);
        }
        if self.epoch > self.target_epoch {
            self.assign(topics, log);
        }
        self.reconcile(now, &id, Some(&subscription.owned), is_resubscribed, log);
        self.hear(now, &id);
        // It has to sync in time.
        self.expect(now, &id, true);
        let generation = self.members.get(&id).map_or(0, |member| member.current.epoch);
        Ok(Joined {
            member: id,
            generation,
            protocol_type: Some(CONSUMER.into()),
            protocol: join.protocols.iter().next().map(|protocol| protocol.name.clone()),
            leader: None,
            skip_assignment: false,
            members: Vec::new(),
        })
    }

    /// Who joins, and what it wants to read.
    fn admit(
        &self,
        join: &Join,
        config: &ClassicConfig,
        topics: &dyn Topics,
    ) -> Result<(MemberId, Subscription), RefusedJoin> {
        let refuse = |error| Err(RefusedJoin { error, member: join.member.clone() });
        if !join.fits_a_record() {
            return refuse(ClassicError::InvalidRequest);
        }
        if !config.allows_session(join.session_timeout) {
            return refuse(ClassicError::InvalidSessionTimeout);
        }
        let holder = join.instance.as_ref().and_then(|instance| self.instances.get(instance));
        let is_known = join.member.as_ref().is_some_and(|id| self.members.contains_key(id));
        if !is_known && holder.is_none() && self.members.len() >= self.settings.size_max {
            return refuse(ClassicError::GroupMaxSizeReached);
        }
        let subscription = self.subscription(join, topics);
        let Some(subscription) = subscription else {
            return refuse(ClassicError::InconsistentGroupProtocol);
        };
        let id = match (&join.member, &join.instance) {
            (Some(_), Some(_)) if holder.is_none() => {
                return refuse(ClassicError::UnknownMemberId);
            }
            (Some(id), Some(_)) if holder != Some(id) => {
                return refuse(ClassicError::FencedInstanceId);
            }
            (Some(id), _) => id.clone(),
            (None, None) if join.needs_member_id => {
                let member = Some(new_member_id(join));
                return Err(RefusedJoin { error: ClassicError::MemberIdRequired, member });
            }
            (None, _) => new_member_id(join),
        };
        Ok((id, subscription))
    }

    /// None if it is no consumer, shares no protocol with the other members that speak the classic
    /// one, or can not be understood.
    fn subscription(&self, join: &Join, topics: &dyn Topics) -> Option<Subscription> {
        let classic = |member: &Member| member.metadata.classic.clone();
        let is_shared = |name: &str| {
            let mut others = self.members.values().filter_map(classic);
            others.all(|other| other.protocols.iter().any(|protocol| *protocol.name == *name))
        };
        let agrees = &*join.protocol_type == CONSUMER
            && join.protocols.iter().any(|protocol| is_shared(&protocol.name));
        let first = join.protocols.iter().next().filter(|_| agrees)?;
        Subscription::read(&first.metadata, topics)
    }

    fn sync_classic(
        &mut self,
        now: Duration,
        sync: &Sync,
        topics: &dyn Topics,
    ) -> Result<Synced, ClassicError> {
        let (member, classic) = self.classic_member(&sync.member, sync.instance.as_ref())?;
        if sync.generation != member.current.epoch {
            return Err(ClassicError::IllegalGeneration);
        }
        let protocol = classic.protocols.iter().next();
        let name = protocol.map(|protocol| protocol.name.clone());
        let is_other = sync.protocol_type.as_deref().is_some_and(|it| it != CONSUMER)
            || sync.protocol.is_some() && sync.protocol != name;
        if is_other {
            return Err(ClassicError::InconsistentGroupProtocol);
        }
        // Who is to give up partitions does so first, and joins again of itself.
        let is_revoking = member.current.state == MemberState::UnrevokedPartitions;
        if self.epoch > member.current.epoch && !is_revoking {
            self.expect(now, &sync.member, false);
            return Err(ClassicError::RebalanceInProgress);
        }
        let subscription = protocol.map(|protocol| &*protocol.metadata).unwrap_or_default();
        let names = self.names(&member.metadata);
        let assignment = write_assignment(&member.current.assigned, names, subscription, topics);
        self.hear(now, &sync.member);
        if let Some(member) = self.members.get_mut(&sync.member) {
            member.rebalance_ends = None;
        }
        if is_revoking {
            self.expect(now, &sync.member, true);
        }
        Ok(Synced { protocol_type: Some(CONSUMER.into()), protocol: name, assignment })
    }

    fn beat_classic(&mut self, now: Duration, beat: &Heartbeat) -> Result<(), ClassicError> {
        let (member, _) = self.classic_member(&beat.member, beat.instance.as_ref())?;
        let current = &member.current;
        if beat.generation != current.epoch {
            return Err(ClassicError::IllegalGeneration);
        }
        let is_free = |partition: TopicPartition| {
            self.owners.get(&partition).is_none_or(|owner| *owner == beat.member)
        };
        let must_join = current.epoch < self.epoch
            || match current.state {
                MemberState::Stable => false,
                MemberState::UnrevokedPartitions => true,
                MemberState::UnreleasedPartitions => {
                    let missing = member.target.minus(&current.assigned);
                    missing.as_slice().iter().copied().all(is_free)
                }
            };
        self.hear(now, &beat.member);
        if must_join {
            self.expect(now, &beat.member, false);
            return Err(ClassicError::RebalanceInProgress);
        }
        Ok(())
    }

    fn leave_classic(
        &mut self,
        leave: &Leave,
        topics: &dyn Topics,
        log: &mut Vec<GroupRecord>,
    ) -> Vec<LeftMember> {
        let mut left = Vec::with_capacity(leave.members.len());
        let records = log.len();
        for leaving in &leave.members {
            let found = self.find_leaving(leaving);
            if let Ok(id) = &found {
                self.remove(id, log);
            }
            let LeavingMember { member, instance } = leaving.clone();
            left.push(LeftMember { member, instance, error: found.err() });
        }
        if log.len() > records {
            self.bump(topics, log);
        }
        left
    }

    fn find_leaving(&self, leaving: &LeavingMember) -> Result<MemberId, ClassicError> {
        let id = match (&leaving.member, &leaving.instance) {
            (Some(id), _) => id,
            (None, Some(instance)) => {
                self.instances.get(instance).ok_or(ClassicError::UnknownMemberId)?
            }
            (None, None) => return Err(ClassicError::UnknownMemberId),
        };
        self.classic_member(id, leaving.instance.as_ref())?;
        Ok(id.clone())
    }

    fn classic_member(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
    ) -> Result<(&Member, &ClassicMember), ClassicError> {
        if let Some(instance) = instance {
            let holder = self.instances.get(instance).ok_or(ClassicError::UnknownMemberId)?;
            if holder != id {
                return Err(ClassicError::FencedInstanceId);
            }
        }
        let member = self.members.get(id).ok_or(ClassicError::UnknownMemberId)?;
        let classic = member.metadata.classic.as_deref();
        Ok((member, classic.ok_or(ClassicError::UnknownMemberId)?))
    }

    /// Gives the member its rebalance timeout to join or to sync; anew, or if none runs.
    fn expect(&mut self, now: Duration, id: &MemberId, anew: bool) {
        let Some(member) = self.members.get_mut(id) else { return };
        if anew || member.rebalance_ends.is_none() {
            let ends = now.saturating_add(member.metadata.rebalance_timeout);
            member.rebalance_ends = Some(ends);
            self.wake = self.wake.into_iter().chain([ends]).min();
        }
    }
}

/// What a member of the classic protocol says that it reads, and has.
pub(super) struct Subscription {
    pub(super) topics: Vec<Arc<str>>,
    pub(super) rack: Option<Arc<str>>,
    pub(super) owned: Vec<TopicPartition>,
}

impl Subscription {
    /// None if it can not be understood.
    pub(super) fn read(metadata: &[u8], topics: &dyn Topics) -> Option<Self> {
        let mut read = log::Subscription::read(metadata).ok()?;
        read.topics.sort_unstable();
        read.topics.dedup();
        let owned = partitions(&read.owned, topics).collect();
        Some(Self { topics: read.topics, rack: read.rack, owned })
    }
}

fn metadata(join: &Join, subscription: &Subscription, before: &Metadata) -> Metadata {
    Metadata {
        instance_id: join.instance.clone().or_else(|| before.instance_id.clone()),
        rack_id: subscription.rack.clone().or_else(|| before.rack_id.clone()),
        client_id: join.client_id.clone(),
        client_host: join.client_host.clone(),
        topics: subscription.topics.clone(),
        regex: None,
        rebalance_timeout: join.rebalance_timeout,
        assignor: None,
        classic: Some(Arc::new(ClassicMember {
            session_timeout: join.session_timeout,
            protocols: join.protocols.clone(),
        })),
    }
}
