//! `OffsetCommit` (key 8): how far a group has read. Durable when it is answered.

use std::sync::Arc;
use std::time::Duration;

use net::kafka::api::offset_commit::{
    OffsetCommitPartition, OffsetCommitPartitionResult, OffsetCommitRequest, OffsetCommitResponse,
    OffsetCommitTopicResult,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::{error, instance_id, member_id};
use crate::broker::range::Range;
use crate::broker::topics::Topics;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::coordinator::{Answer, CommitOffsets, Committer, Request};
use crate::group::id::GroupId;
use crate::group::offsets::Commit;

/// The first version that knows the member epochs of KIP-848.
const EPOCHS_FROM: i16 = 9;

/// The partitions of a request in order, each with why it is not committed, or none yet.
type Results<'a> = Vec<(&'a str, Vec<OffsetCommitPartitionResult>)>;

impl Connection {
    /// Answers when all that can be committed is.
    pub(in crate::frontend::kafka) async fn offset_commit(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = OffsetCommitRequest::decode(head.version, &mut reader)?;
        let (mut results, commits) = sort(&request, &self.shard.topics.borrow());
        if !commits.is_empty() {
            let codes = self.committed(head, &request, commits).await;
            let places = results.iter_mut().flat_map(|(_, partitions)| partitions);
            let asked = places.filter(|partition| partition.error_code.is_none());
            for (place, code) in asked.zip(codes) {
                place.error_code = code;
            }
        }
        for (_, partitions) in &results {
            for partition in partitions {
                self.shard.metrics.error(head.api(), partition.error_code);
            }
        }
        let topics = results.iter().map(|(name, partitions)| OffsetCommitTopicResult {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response =
            OffsetCommitResponse { throttle_time_ms: 0, topics: Array::from(&topics[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// What became of each commit.
    async fn committed(
        &self,
        head: Head,
        request: &OffsetCommitRequest<'_>,
        commits: Vec<Commit>,
    ) -> Vec<ErrorCode> {
        let count = commits.len();
        let group = GroupId::from(request.group_id);
        let commit = CommitOffsets {
            group: group.clone(),
            committer: Committer {
                member: member_id(request.member_id),
                instance: instance_id(request.group_instance_id),
                generation: request.generation_id_or_member_epoch,
            },
            commits,
            knows_epochs: head.version.number() >= EPOCHS_FROM,
        };
        let asked = self.ask_group(&group, |ticket| Request::CommitOffsets(ticket, commit)).await;
        let all = |code| vec![code; count];
        match asked {
            Ok(Answer::CommitOffsets(Ok(results))) => {
                let code =
                    |result: Result<(), _>| result.err().map_or(ErrorCode::NONE, error::of_offset);
                results.into_iter().map(code).collect()
            }
            Ok(Answer::CommitOffsets(Err(error))) => all(error::of_group(error)),
            Ok(_) => all(ErrorCode::UNKNOWN_SERVER_ERROR),
            Err(unavailable) => all(error::of_unavailable(&unavailable)),
        }
    }
}

/// Tells partitions that there are from those that there are not.
fn sort<'a>(request: &OffsetCommitRequest<'a>, topics: &Topics) -> (Results<'a>, Vec<Commit>) {
    let retention = u64::try_from(request.retention_time_ms).ok().map(Duration::from_millis);
    let mut commits = Vec::new();
    let results = request.topics.iter().map(|asked| {
        let topic = topics.named(asked.name);
        let name: Arc<str> = asked.name.into();
        let partitions = asked.partitions.iter().map(|asked: OffsetCommitPartition<'_>| {
            let found = topic.filter(|topic| topic.partition(asked.partition).is_some());
            let error_code = match found {
                Some(topic) => {
                    commits.push(Commit {
                        topic: Arc::clone(&name),
                        topic_id: Some(topic.id),
                        partition: asked.partition,
                        offset: asked.committed_offset,
                        leader_epoch: asked.committed_leader_epoch,
                        metadata: asked.committed_metadata.unwrap_or("").into(),
                        retention,
                    });
                    ErrorCode::NONE
                }
                None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            };
            OffsetCommitPartitionResult { partition: asked.partition, error_code }
        });
        (asked.name, partitions.collect())
    });
    let results = results.collect();
    (results, commits)
}
