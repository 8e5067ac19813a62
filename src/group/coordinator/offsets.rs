//! Committing, fetching, deleting and expiring offsets.

use std::sync::Arc;

use super::entry::Members;
use super::request::{
    Answer, CommitOffsets, DeleteOffsets, FetchOffsets, FetchTopic, FetchedTopic, GroupError,
};
use super::state::Coordinator;
use crate::group::classic::{ClassicError, GroupState, Now};
use crate::group::consumer::{Asker, NotAMember};
use crate::group::effects::{Effects, Ticket};
use crate::group::id::GroupId;
use crate::group::log::OffsetCommitValue;
use crate::group::offsets::GroupOffsets;

impl Coordinator {
    pub(super) fn commit_offsets(
        &mut self,
        now: Now,
        ticket: Ticket,
        commit: CommitOffsets,
    ) -> Effects<Answer> {
        if let Err(error) = self.may_commit(now, &commit) {
            return Effects::answer(ticket, Answer::CommitOffsets(Err(error)));
        }
        let config = self.settings.offsets;
        let Some(entry) = self.entry(&commit.group) else {
            let error = GroupError::TooManyGroups;
            return Effects::answer(ticket, Answer::CommitOffsets(Err(error)));
        };
        let committed = entry.offsets.commit(now.wall, &config, commit.commits);
        self.schedule(&commit.group);
        self.forget_if_gone(&commit.group);
        let answer = Answer::CommitOffsets(Ok(committed.results));
        Effects { records: committed.records, answers: vec![(ticket, answer)] }
    }

    /// A group that there is not takes offsets of nobody in particular alone.
    fn may_commit(&mut self, now: Now, commit: &CommitOffsets) -> Result<(), GroupError> {
        let who = &commit.committer;
        match self.groups.get_mut(&commit.group).map(|entry| &mut entry.members) {
            Some(Members::Classic(group)) => {
                let (member, instance) = (who.member.as_ref(), who.instance.as_ref());
                Ok(group.may_commit(now, member, instance, who.generation, false)?)
            }
            Some(Members::Consumer(group)) => {
                let member_id = who.member.as_ref().map_or("", |member| member.as_str());
                let asker = Asker { member_id, member_epoch: who.generation };
                let checked = group.check_commit(asker, false);
                let is_outside = who.generation < 0
                    || group.is_classic(member_id)
                    || checked == Err(NotAMember::UnknownMemberId);
                if !is_outside && !commit.knows_epochs {
                    return Err(GroupError::UnsupportedVersion);
                }
                Ok(checked?)
            }
            Some(Members::None) | None if who.generation < 0 => Ok(()),
            Some(Members::None) | None if commit.knows_epochs => {
                Err(ClassicError::GroupIdNotFound.into())
            }
            Some(Members::None) | None => Err(ClassicError::IllegalGeneration.into()),
        }
    }

    /// A group that there is not has no offsets.
    pub(super) fn fetch_offsets(
        &self,
        fetch: &FetchOffsets,
    ) -> Result<Vec<FetchedTopic>, GroupError> {
        let entry = self.groups.get(&fetch.group);
        if let Some((member, member_epoch)) = &fetch.asker {
            let asker = Asker { member_id: member.as_str(), member_epoch: *member_epoch };
            match entry.map(|entry| &entry.members) {
                Some(Members::Consumer(group)) => group.check_fetch(asker)?,
                Some(Members::Classic(_) | Members::None) | None => {}
            }
        }
        Ok(self.fetched(fetch))
    }

    fn fetched(&self, fetch: &FetchOffsets) -> Vec<FetchedTopic> {
        let offsets = self.groups.get(&fetch.group).map(|entry| &entry.offsets);
        let Some(topics) = &fetch.topics else {
            let mut topics: Vec<FetchedTopic> = Vec::new();
            let all = offsets.into_iter().flat_map(GroupOffsets::fetch_all);
            for (name, partition, value) in all {
                if topics.last().is_none_or(|last| last.name != *name) {
                    topics.push(FetchedTopic { name: Arc::clone(name), offsets: Vec::new() });
                }
                let last = topics.last_mut().expect("it was pushed");
                last.offsets.push((partition, Some(value.clone())));
            }
            return topics;
        };
        let value = |name: &str, id, partition| -> Option<OffsetCommitValue> {
            offsets.and_then(|offsets| offsets.fetch(name, id, partition)).cloned()
        };
        let topic = |topic: &FetchTopic| FetchedTopic {
            name: Arc::clone(&topic.name),
            offsets: topic
                .partitions
                .iter()
                .map(|partition| (*partition, value(&topic.name, topic.id, *partition)))
                .collect(),
        };
        topics.iter().map(topic).collect()
    }

    pub(super) fn delete_offsets(
        &mut self,
        ticket: Ticket,
        delete: &DeleteOffsets,
    ) -> Effects<Answer> {
        let refused =
            |error: GroupError| Effects::answer(ticket, Answer::DeleteOffsets(Err(error)));
        let Some(entry) = self.groups.get_mut(&delete.group) else {
            return refused(ClassicError::GroupIdNotFound.into());
        };
        if let Members::Classic(group) = &entry.members
            && let Err(error) = group.may_delete_offsets()
        {
            return refused(error.into());
        }
        let mut records = Vec::new();
        let mut results = Vec::with_capacity(delete.partitions.len());
        for (topic, partition) in &delete.partitions {
            let is_subscribed = entry.members.are_subscribed_to(topic);
            let deleted = entry.offsets.delete(topic, *partition, is_subscribed);
            results.push(deleted.map(|record| records.extend(record)));
        }
        self.forget_if_gone(&delete.group);
        let answer = Answer::DeleteOffsets(Ok(results));
        Effects { records, answers: vec![(ticket, answer)] }
    }

    /// Forgets offsets that are too old, and groups of which nothing is left (KIP-211).
    pub(super) fn expire_offsets(&mut self, now: Now, effects: &mut Effects<Answer>) {
        let config = self.settings.offsets;
        let mut gone: Vec<GroupId> = Vec::new();
        for (id, entry) in &mut self.groups {
            let (expiry, members) = (entry.expiry(), &entry.members);
            let is_subscribed = |topic: &str| members.are_subscribed_to(topic);
            let expired = entry.offsets.expire(now.wall, &config, expiry, is_subscribed);
            effects.records.extend(expired);
            if entry.offsets.is_empty() && nobody_comes(&entry.members) {
                gone.push(id.clone());
            }
        }
        for id in gone {
            if let Some(entry) = self.groups.get_mut(&id) {
                let were_written = entry.members.were_written();
                let records = entry.members.end(now).filter(|_| were_written);
                effects.records.extend(records.into_iter().flatten());
            }
            self.forget_if_gone(&id);
        }
    }
}

/// Whether nobody is in a group, nor was given an id to come back with.
fn nobody_comes(members: &Members) -> bool {
    match members {
        Members::None => true,
        Members::Classic(group) => group.state() == GroupState::Empty && group.deadline().is_none(),
        Members::Consumer(group) => group.is_empty(),
    }
}
