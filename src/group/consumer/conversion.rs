//! A classic group becomes a consumer group when its first member of KIP-848 comes, and a classic
//! one again when its last such member goes (`group.consumer.migration.policy=bidirectional`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use record::{Timestamp, TopicPartition};

use super::assignment::Assignment;
use super::change::{Change, GroupMetadata};
use super::classic_member::{CONSUMER, Subscription};
use super::member::{ClassicMember, Current, Metadata};
use super::settings::Settings;
use super::state::ConsumerGroup;
use super::topics::Topics;
use crate::group::classic::UpgradedMember;
use crate::group::effects::GroupRecord;
use crate::group::id::{GroupId, MemberId};
use crate::group::log::{self, GroupMetadataMember, GroupMetadataValue, NamedPartitions};

impl ConsumerGroup {
    /// A group of the members that a classic one had, each with what it was assigned, and the
    /// records that say so. None if there are too many, or one can not be understood.
    pub fn upgrade(
        now: Duration,
        id: GroupId,
        settings: Settings,
        generation: i32,
        members: &[UpgradedMember],
        topics: &dyn Topics,
    ) -> Option<(Self, Vec<GroupRecord>)> {
        if members.len() > settings.size_max {
            return None;
        }
        let (mut group, mut log) = (Self::new(id, settings), Vec::new());
        let mut taken = BTreeSet::new();
        for member in members {
            let subscription = Subscription::read(&member.subscription, topics)?;
            let assigned = read_assignment(&member.assignment, topics)?;
            let assigned = assigned.keep(|partition| taken.insert(partition));
            group.add_upgraded(now, member, subscription, generation, &assigned, &mut log);
        }
        let metadata_hash = group.hash_topics(topics);
        group.change(
            Change::Group(Some(GroupMetadata { epoch: generation, metadata_hash })),
            &mut log,
        );
        group.change(Change::TargetEpoch(Some(generation)), &mut log);
        Some((group, log))
    }

    fn add_upgraded(
        &mut self,
        now: Duration,
        member: &UpgradedMember,
        subscription: Subscription,
        generation: i32,
        assigned: &Assignment,
        log: &mut Vec<GroupRecord>,
    ) {
        let metadata = Metadata {
            instance_id: member.instance.clone(),
            rack_id: subscription.rack,
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            topics: subscription.topics,
            regex: None,
            rebalance_timeout: member.rebalance_timeout,
            assignor: None,
            classic: Some(Arc::new(ClassicMember {
                session_timeout: member.session_timeout,
                protocols: member.protocols.clone(),
            })),
        };
        let current = Current {
            epoch: generation,
            previous_epoch: generation,
            assigned: assigned.clone(),
            ..Current::default()
        };
        self.change(Change::Member(member.id.clone(), Some(Arc::new(metadata))), log);
        self.change(Change::Target(member.id.clone(), Some(assigned.clone())), log);
        self.change(Change::Current(member.id.clone(), Some(current)), log);
        self.hear(now, &member.id);
    }

    /// What a classic group of the same members is to be made from, with the records that end
    /// this one; none unless there are members and all of them speak the classic protocol.
    pub fn downgrade(
        &self,
        now: Timestamp,
        topics: &dyn Topics,
    ) -> Option<(Vec<GroupRecord>, GroupMetadataValue)> {
        let is_classic = |member: &super::member::Member| member.metadata.classic.is_some();
        if self.members.is_empty() || !self.members.values().all(is_classic) {
            return None;
        }
        let protocol = self.shared_protocol()?;
        let members = self.members.iter().filter_map(|(id, member)| {
            let classic = member.metadata.classic.as_deref()?;
            let subscription = classic.protocols.metadata(Some(&protocol));
            let names = self.names(&member.metadata);
            let assigned = &member.current.assigned;
            let assignment = write_assignment(assigned, names, &subscription, topics);
            let ms = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
            Some(GroupMetadataMember {
                member: id.clone(),
                instance: member.metadata.instance_id.clone(),
                client_id: member.metadata.client_id.clone(),
                client_host: member.metadata.client_host.clone(),
                rebalance_timeout_ms: ms(member.metadata.rebalance_timeout),
                session_timeout_ms: ms(classic.session_timeout),
                subscription,
                assignment,
            })
        });
        let value = GroupMetadataValue {
            protocol_type: CONSUMER.into(),
            // Members go on in the epoch that they are in; that of a departure nobody was told.
            generation: self.members.values().map(|it| it.current.epoch).max().unwrap_or(0),
            protocol: Some(protocol.clone()),
            leader: self.members.keys().next().cloned(),
            state_since: now,
            members: members.collect(),
        };
        Some((self.all_tombstones(), value))
    }

    /// The first protocol of the first member that all others support too.
    fn shared_protocol(&self) -> Option<Arc<str>> {
        let mut all = self.members.values().filter_map(|member| member.metadata.classic.as_deref());
        let first = all.next()?;
        let others: Vec<&ClassicMember> = all.collect();
        let is_shared = |name: &str| {
            let supports =
                |other: &&ClassicMember| other.protocols.iter().any(|it| *it.name == *name);
            others.iter().all(supports)
        };
        let shared = first.protocols.iter().find(|protocol| is_shared(&protocol.name));
        shared.map(|protocol| protocol.name.clone())
    }

    fn all_tombstones(&self) -> Vec<GroupRecord> {
        let member = |id: &MemberId| {
            [
                Change::Current(id.clone(), None),
                Change::Target(id.clone(), None),
                Change::Member(id.clone(), None),
            ]
        };
        let members = self.members.keys().flat_map(member);
        let regexes = self.regexes.keys().map(|regex| Change::Regex(regex.clone(), None));
        let group = [Change::TargetEpoch(None), Change::Group(None)];
        let changes = members.chain(regexes).chain(group);
        changes.map(|change| change.to_record(&self.id)).collect()
    }
}

/// What a leader has assigned; nothing, if it has not yet. None if it can not be understood.
fn read_assignment(bytes: &[u8], topics: &dyn Topics) -> Option<Assignment> {
    if bytes.is_empty() {
        return Some(Assignment::default());
    }
    Some(partitions(&log::read_assignment(bytes).ok()?, topics).collect())
}

/// Partitions by the ids of their topics; those of topics that are gone are left out.
pub(super) fn partitions(
    named: &[NamedPartitions],
    topics: &dyn Topics,
) -> impl Iterator<Item = TopicPartition> {
    let by_id = named.iter().filter_map(|named| Some((topics.topic(&named.topic)?.id, named)));
    by_id.flat_map(|(topic, named)| {
        named.partitions.iter().map(move |&partition| TopicPartition { topic, partition })
    })
}

/// An assignment as a member of the classic protocol reads it, in the version of its own
/// subscription. Topics are named; those that are gone are left out.
pub(super) fn write_assignment<'a>(
    assigned: &Assignment,
    read: impl Iterator<Item = &'a Arc<str>>,
    subscription: &[u8],
    topics: &dyn Topics,
) -> Arc<[u8]> {
    let mut named: Vec<NamedPartitions> = Vec::new();
    for topic in read {
        let id = topics.topic(topic).map(|topic| topic.id);
        let found = assigned.by_topic().find(|(topic, _)| Some(*topic) == id);
        if let Some((_, partitions)) = found
            && named.iter().all(|seen| seen.topic != *topic)
        {
            let partitions = partitions.iter().map(|partition| partition.partition).collect();
            named.push(NamedPartitions { topic: topic.clone(), partitions });
        }
    }
    log::write_assignment(&named, subscription).into()
}
