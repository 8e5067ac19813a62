//! Committed offsets: keeping them, asking for them, forgetting them.

use std::io;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, OffsetFetchResponse,
};

use super::classic_group::{Seat, error, group_id, text};
use super::connection::Connection;
use super::produce::Partition;

/// An offset to commit.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) partition: Partition,
    pub(crate) offset: i64,
    pub(crate) metadata: Option<String>,
}

/// What was committed: offset, leader epoch, metadata.
pub(crate) type Committed = (i64, i32, String);

impl Commit {
    pub(crate) fn new(partition: Partition, offset: i64) -> Self {
        Self { partition, offset, metadata: Some(String::new()) }
    }
}

impl Seat {
    /// Nobody in particular: an administrator, or a consumer that assigns itself.
    pub(crate) fn nobody(group: &str) -> Self {
        Self { group: group.to_owned(), member: String::new(), instance: None, generation: -1 }
    }

    /// A member of a KIP-848 group.
    pub(crate) fn at_epoch(group: &str, member: &str, epoch: i32) -> Self {
        Self { member: member.to_owned(), generation: epoch, ..Self::nobody(group) }
    }
}

impl Connection {
    pub(crate) fn try_commit(
        &mut self,
        version: i16,
        seat: &Seat,
        commits: &[Commit],
    ) -> io::Result<Vec<Option<ResponseError>>> {
        let topics = commits.iter().map(|commit| {
            let part = OffsetCommitRequestPartition::default()
                .with_partition_index(commit.partition.index)
                .with_committed_offset(commit.offset)
                .with_committed_leader_epoch(if version >= 6 { 0 } else { -1 })
                .with_committed_metadata(commit.metadata.as_deref().map(text));
            OffsetCommitRequestTopic::default()
                .with_name(commit.partition.topic_name())
                .with_partitions(vec![part])
        });
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id(&seat.group))
            .with_generation_id_or_member_epoch(seat.generation)
            .with_member_id(text(&seat.member))
            .with_group_instance_id(seat.instance.as_deref().map(text))
            .with_topics(topics.collect());
        let answer = self.call(&request, version)?;
        let topics = answer.topics.iter();
        let codes = topics.flat_map(|topic| topic.partitions.iter().map(|part| part.error_code));
        Ok(codes.map(error).collect())
    }

    /// Commits; what became of each. A static member needs version 7 or later.
    pub(crate) fn commit(
        &mut self,
        version: i16,
        seat: &Seat,
        commits: &[Commit],
    ) -> Vec<Option<ResponseError>> {
        let codes = self.try_commit(version, seat, commits).expect("an answer to OffsetCommit");
        assert_eq!(codes.len(), commits.len(), "an answer for each partition");
        codes
    }

    /// Commits one offset for nobody in particular.
    pub(crate) fn commit_simply(&mut self, group: &str, partition: &Partition, offset: i64) {
        let commits = [Commit::new(partition.clone(), offset)];
        assert_eq!(self.commit(9, &Seat::nobody(group), &commits), [None]);
    }

    /// A request of the versions with one group; none asks for all topics.
    pub(crate) fn fetch_group_offsets(
        &mut self,
        version: i16,
        group: &str,
        partitions: Option<&[Partition]>,
    ) -> OffsetFetchResponse {
        let topics = partitions.map(|partitions| {
            let topics = partitions.iter().map(|partition| {
                OffsetFetchRequestTopic::default()
                    .with_name(partition.topic_name())
                    .with_partition_indexes(vec![partition.index])
            });
            topics.collect()
        });
        let request =
            OffsetFetchRequest::default().with_group_id(group_id(group)).with_topics(topics);
        self.call(&request, version).expect("an answer to OffsetFetch")
    }

    /// Asks as the member of a seat, whose member id is empty for nobody; from version 8 on.
    pub(crate) fn try_fetch_offsets(
        &mut self,
        version: i16,
        seats: &[&Seat],
        partitions: Option<&[Partition]>,
    ) -> io::Result<OffsetFetchResponse> {
        let topics = partitions.map(|partitions| {
            let topics = partitions.iter().map(|partition| {
                OffsetFetchRequestTopics::default()
                    .with_name(partition.topic_name())
                    .with_partition_indexes(vec![partition.index])
            });
            topics.collect::<Vec<_>>()
        });
        let groups = seats.iter().map(|seat| {
            let group = OffsetFetchRequestGroup::default()
                .with_group_id(group_id(&seat.group))
                .with_topics(topics.clone());
            if seat.member.is_empty() {
                return group;
            }
            group.with_member_id(Some(text(&seat.member))).with_member_epoch(seat.generation)
        });
        let request = OffsetFetchRequest::default().with_groups(groups.collect());
        self.call(&request, version)
    }

    /// What is committed for a partition, as anybody may ask.
    pub(crate) fn committed(&mut self, group: &str, partition: &Partition) -> Option<Committed> {
        let asked = [partition.clone()];
        let answer = self.fetch_group_offsets(7, group, Some(&asked));
        assert_eq!(error(answer.error_code), None, "{answer:?}");
        let part = answer.topics[0].partitions[0].clone();
        assert_eq!(error(part.error_code), None, "{part:?}");
        let metadata = part.metadata.expect("metadata is never null").to_string();
        let committed = (part.committed_offset, part.committed_leader_epoch, metadata);
        (part.committed_offset >= 0).then_some(committed)
    }

    /// Forgets offsets: the group's error, and that of each partition.
    pub(crate) fn delete_offsets(
        &mut self,
        group: &str,
        partitions: &[Partition],
    ) -> (Option<ResponseError>, Vec<Option<ResponseError>>) {
        let topics = partitions.iter().map(|partition| {
            let part =
                OffsetDeleteRequestPartition::default().with_partition_index(partition.index);
            OffsetDeleteRequestTopic::default()
                .with_name(partition.topic_name())
                .with_partitions(vec![part])
        });
        let request = OffsetDeleteRequest::default()
            .with_group_id(group_id(group))
            .with_topics(topics.collect());
        let answer = self.call(&request, 0).expect("an answer to OffsetDelete");
        let topics = answer.topics.iter();
        let codes = topics.flat_map(|topic| topic.partitions.iter().map(|part| part.error_code));
        (error(answer.error_code), codes.map(error).collect())
    }
}
