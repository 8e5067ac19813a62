//! How far groups have read: their committed offsets, fetched, set and deleted.

use std::time::Duration;

use record::Offset;

use super::{Groups, TopicOffsets, TopicPartitions};
use crate::client::error::ClientError;
use crate::kafka::api::offset_commit::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
};
use crate::kafka::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteTopic,
};
use crate::kafka::api::offset_fetch::{
    OffsetFetchGroup, OffsetFetchRequest, OffsetFetchResponse, OffsetFetchTopicResult,
};
use crate::kafka::api_key::ApiKey;
use crate::kafka::wire::Array;

/// The first version of `OffsetFetch` with many groups.
const MANY_GROUPS_FROM: i16 = 8;

impl Groups {
    /// All offsets that a group has committed; none of a group that there is not.
    pub async fn committed(&self, group: &str) -> Result<TopicOffsets, ClientError> {
        let asked =
            [OffsetFetchGroup { group_id: group, topics: None, ..OffsetFetchGroup::default() }];
        self.at_coordinator(group, async |coordinator| {
            let version = coordinator.version(ApiKey::OffsetFetch, i16::MAX)?;
            let has_many = version.number() >= MANY_GROUPS_FROM;
            let mut request = OffsetFetchRequest::default();
            if has_many {
                request.groups = (&asked).into();
            } else {
                (request.group_id, request.topics) = (group, None);
            }
            let answer = coordinator.ask_in(version, &request, Duration::ZERO).await?;
            let body = answer.body::<OffsetFetchResponse<'_>>()?;
            let (code, topics) = if has_many {
                let incomplete = ClientError::Incomplete { api: ApiKey::OffsetFetch };
                let found = body.groups.iter().next().ok_or(incomplete)?;
                (found.error_code, found.topics)
            } else {
                (body.error_code, body.topics)
            };
            ClientError::check(code, None, || format!("fetch the offsets of group '{group}'"))?;
            offsets(group, topics)
        })
        .await
    }

    /// Sets offsets of a group without members, which is made if there is none. Durable when it
    /// resolves. After an error those of some partitions may be set.
    pub async fn commit(&self, group: &str, offsets: &TopicOffsets) -> Result<(), ClientError> {
        let partitions: Vec<(&str, Vec<_>)> = offsets
            .iter()
            .map(|(topic, offsets)| {
                let offsets = offsets.iter().map(|(partition, offset)| OffsetCommitPartition {
                    partition: *partition,
                    committed_offset: *offset,
                    ..OffsetCommitPartition::default()
                });
                (topic.as_str(), offsets.collect())
            })
            .collect();
        let topics = partitions.iter();
        let topics = topics
            .map(|(name, partitions)| OffsetCommitTopic { name, partitions: partitions.into() });
        let topics: Vec<_> = topics.collect();
        let request = OffsetCommitRequest {
            group_id: group,
            topics: (&topics).into(),
            ..OffsetCommitRequest::default()
        };
        self.at_coordinator(group, async |coordinator| {
            let answer = coordinator.ask(&request).await?;
            let body = answer.body::<OffsetCommitResponse<'_>>()?;
            for topic in &body.topics {
                for result in &topic.partitions {
                    ClientError::check(result.error_code, None, || {
                        of_partition("set", topic.name, result.partition.0, group)
                    })?;
                }
            }
            let answered = body.topics.iter().map(|topic| topic.partitions.len()).sum();
            complete(ApiKey::OffsetCommit, answered, partitions.iter().map(|(_, of)| of.len()))
        })
        .await
    }

    /// Deletes offsets of topics that no member of the group reads. Durable when it resolves. After
    /// an error those of some partitions may be deleted.
    pub async fn delete_offsets(
        &self,
        group: &str,
        partitions: &TopicPartitions,
    ) -> Result<(), ClientError> {
        let partitions: Vec<(&str, Vec<_>)> = partitions
            .iter()
            .map(|(topic, partitions)| (topic.as_str(), partitions.iter().copied().collect()))
            .collect();
        let topics = partitions.iter();
        let topics = topics
            .map(|(name, partitions)| OffsetDeleteTopic { name, partitions: partitions.into() });
        let topics: Vec<_> = topics.collect();
        let request = OffsetDeleteRequest { group_id: group, topics: (&topics).into() };
        self.at_coordinator(group, async |coordinator| {
            let answer = coordinator.ask(&request).await?;
            let body = answer.body::<OffsetDeleteResponse<'_>>()?;
            let of_group = || format!("delete offsets of group '{group}'");
            ClientError::check(body.error_code, None, of_group)?;
            for topic in &body.topics {
                for result in &topic.partitions {
                    ClientError::check(result.error_code, None, || {
                        of_partition("delete", topic.name, result.partition.0, group)
                    })?;
                }
            }
            let answered = body.topics.iter().map(|topic| topic.partitions.len()).sum();
            complete(ApiKey::OffsetDelete, answered, partitions.iter().map(|(_, of)| of.len()))
        })
        .await
    }
}

fn offsets(
    group: &str,
    topics: Array<'_, OffsetFetchTopicResult<'_>>,
) -> Result<TopicOffsets, ClientError> {
    let mut all = TopicOffsets::new();
    for topic in &topics {
        for committed in &topic.partitions {
            ClientError::check(committed.error_code, None, || {
                of_partition("fetch", topic.name, committed.partition.0, group)
            })?;
            if committed.committed_offset > Offset::NONE {
                let of_topic = all.entry(topic.name.to_owned()).or_default();
                of_topic.insert(committed.partition, committed.committed_offset);
            }
        }
    }
    Ok(all)
}

/// Whether there is an answer for each partition.
fn complete(
    api: ApiKey,
    answered: usize,
    asked: impl Iterator<Item = usize>,
) -> Result<(), ClientError> {
    if answered < asked.sum() { Err(ClientError::Incomplete { api }) } else { Ok(()) }
}

fn of_partition(verb: &str, topic: &str, partition: i32, group: &str) -> String {
    format!("{verb} the offset of partition {partition} of topic '{topic}' of group '{group}'")
}
