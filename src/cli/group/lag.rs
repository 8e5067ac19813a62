//! How far a group is behind: each partition that it has read or is given, with the log's end.

use std::collections::BTreeMap;

use net::client::{
    Client, ClientError, GroupDescription, GroupMember, Groups, TopicOffsets, TopicPartitions,
};
use net::kafka::api::list_offsets::LATEST;
use record::{Offset, PartitionIndex};

/// A group, and what is known of its partitions.
pub(super) struct Progress {
    pub(super) group: GroupDescription,
    committed: TopicOffsets,
    /// Where logs end. A partition that can not be asked, or is gone, has none.
    ends: TopicOffsets,
}

/// One partition of a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartitionLag<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: PartitionIndex,
    pub(super) committed: Option<Offset>,
    pub(super) end: Option<Offset>,
    pub(super) member: Option<&'a GroupMember>,
}

impl PartitionLag<'_> {
    /// Records that are still to be read. Below zero the group has read a log that was longer.
    pub(super) fn lag(&self) -> Option<i64> {
        Some(self.end?.0.saturating_sub(self.committed?.0))
    }
}

impl Progress {
    /// Asks for all of it.
    pub(super) async fn ask(client: &Client, name: &str) -> Result<Self, ClientError> {
        let groups = Groups::new(client.clone());
        let group = groups.describe(name).await?;
        let committed = groups.committed(name).await?;
        let mut partitions = TopicPartitions::new();
        for (topic, partition) in owners(&group, &committed).into_keys() {
            partitions.entry(topic.to_owned()).or_default().insert(partition);
        }
        let ends = ends(client, &partitions).await?;
        Ok(Self { group, committed, ends })
    }

    /// By topic and partition.
    pub(super) fn partitions(&self) -> Vec<PartitionLag<'_>> {
        let at = |offsets: &TopicOffsets, topic: &str, partition| {
            offsets.get(topic).and_then(|offsets| offsets.get(&partition)).copied()
        };
        let owners = owners(&self.group, &self.committed).into_iter();
        let partitions = owners.map(|((topic, partition), member)| PartitionLag {
            topic,
            partition,
            committed: at(&self.committed, topic, partition),
            end: at(&self.ends, topic, partition),
            member,
        });
        partitions.collect()
    }
}

/// Who reads what; nobody, if it is only committed.
fn owners<'a>(
    group: &'a GroupDescription,
    committed: &'a TopicOffsets,
) -> BTreeMap<(&'a str, PartitionIndex), Option<&'a GroupMember>> {
    let mut owners = BTreeMap::new();
    for (topic, offsets) in committed {
        owners.extend(offsets.keys().map(|partition| ((topic.as_str(), *partition), None)));
    }
    for member in &group.members {
        for (topic, partitions) in member.assignment.iter().flatten() {
            let owned = partitions.iter();
            owners.extend(owned.map(|partition| ((topic.as_str(), *partition), Some(member))));
        }
    }
    owners
}

async fn ends(client: &Client, partitions: &TopicPartitions) -> Result<TopicOffsets, ClientError> {
    let mut ends = TopicOffsets::new();
    for (topic, partitions) in partitions {
        let info = match client.refresh(topic).await {
            Ok(info) => info,
            Err(ClientError::UnknownTopic { .. }) => continue,
            Err(error) => return Err(error),
        };
        let has_leader = |partition: &PartitionIndex| {
            info.partition(*partition).is_some_and(|it| it.leader.0 >= 0)
        };
        let led: Vec<_> = partitions.iter().copied().filter(has_leader).collect();
        // One partition that is offline does not hide the others.
        let found = client.offsets_or_errors(topic, &led, LATEST).await?;
        let found = found.into_iter().filter_map(|(at, end)| Some((at, end.ok()?)));
        ends.insert(topic.clone(), found.collect());
    }
    Ok(ends)
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use net::client::GroupProtocol;

    use super::*;

    fn offsets(all: &[(&str, i32, i64)]) -> TopicOffsets {
        let mut offsets = TopicOffsets::new();
        for (topic, partition, offset) in all {
            let of_topic = offsets.entry((*topic).to_owned()).or_default();
            of_topic.insert(PartitionIndex(*partition), Offset(*offset));
        }
        offsets
    }

    /// A group of one member, with partitions of every kind.
    pub(in super::super) fn progress() -> Progress {
        let own = ("t".to_owned(), BTreeSet::from([PartitionIndex(1), PartitionIndex(2)]));
        let member = GroupMember {
            id: "m-1".to_owned(),
            instance_id: None,
            client_id: "app".to_owned(),
            client_host: "/10.0.0.1".to_owned(),
            epoch: None,
            assignment: Some(TopicPartitions::from([own])),
        };
        let protocol = GroupProtocol::Classic {
            protocol_type: "consumer".to_owned(),
            protocol: "range".to_owned(),
        };
        let group = GroupDescription {
            name: "g".to_owned(),
            state: "Stable".to_owned(),
            protocol,
            members: vec![member],
        };
        let committed = offsets(&[("gone", 0, 4), ("t", 0, 9), ("t", 1, 7), ("t", 3, 5)]);
        let ends = offsets(&[("t", 0, 9), ("t", 1, 10), ("t", 2, 6), ("t", 3, 2)]);
        Progress { group, committed, ends }
    }

    #[test]
    fn lag_is_end_less_committed_where_both_are_known() {
        let progress = progress();
        let rows = progress.partitions();
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (row.topic, row.partition.0, row.lag(), row.member.is_some()))
            .collect();
        let expected = [
            ("gone", 0, None, false),
            ("t", 0, Some(0), false),
            ("t", 1, Some(3), true),
            ("t", 2, None, true),
            ("t", 3, Some(-3), false),
        ];
        assert_eq!(rows, expected);
    }
}
