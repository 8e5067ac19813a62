//! `OffsetFetch` (key 9): how far groups have read.

use net::kafka::api::offset_fetch::{
    CommittedOffset, OffsetFetchGroup, OffsetFetchGroupResult, OffsetFetchRequest,
    OffsetFetchResponse, OffsetFetchTopicResult,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::group::MemberEpoch;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{LeaderEpoch, Offset};

use super::error;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::coordinator::{
    Answer, FetchOffsets, FetchTopic, FetchedOffset, FetchedTopic, Request,
};
use crate::group::id::{GroupId, MemberId};

/// The first version with an error for the group.
const GROUP_ERROR_FROM: i16 = 2;
/// The first version with many groups.
const MANY_FROM: i16 = 8;

/// A group of the request, and its offsets.
struct Fetched<'a> {
    asked: OffsetFetchGroup<'a>,
    topics: Result<Vec<FetchedTopic>, ErrorCode>,
}

impl Connection {
    /// Answers with what is committed by now. There are no transactions to wait for.
    pub(in crate::frontend::kafka) async fn offset_fetch(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = OffsetFetchRequest::decode(head.version, &mut reader)?;
        let version = head.version.number();
        let has_many = version >= MANY_FROM;
        let one = [OffsetFetchGroup {
            group_id: request.group_id,
            member_id: None,
            member_epoch: MemberEpoch::NONE,
            topics: request.topics,
        }];
        let asked = if has_many { request.groups } else { Array::from(&one) };
        let mut groups = Vec::with_capacity(asked.len());
        for asked in &asked {
            let topics = self.fetched_offsets(&asked).await;
            let code = topics.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
            self.shard.metrics.error(head.api(), code);
            groups.push(Fetched { asked, topics });
        }
        let told: Vec<_> = groups.iter().map(|group| told(group, version)).collect();
        let topics: Vec<Vec<_>> = told.iter().map(|(_, topics)| results(topics)).collect();
        let groups = groups.iter().zip(&told).zip(&topics).map(|((group, (code, _)), topics)| {
            OffsetFetchGroupResult {
                group_id: group.asked.group_id,
                topics: Array::from(&topics[..]),
                error_code: *code,
            }
        });
        let groups: Vec<_> = groups.collect();
        let response = if has_many {
            let groups = Array::from(&groups[..]);
            OffsetFetchResponse { groups, ..OffsetFetchResponse::default() }
        } else {
            let OffsetFetchGroupResult { topics, error_code, .. } =
                groups.first().copied().unwrap_or_default();
            OffsetFetchResponse { topics, error_code, ..OffsetFetchResponse::default() }
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn fetched_offsets(
        &self,
        asked: &OffsetFetchGroup<'_>,
    ) -> Result<Vec<FetchedTopic>, ErrorCode> {
        let group = GroupId::from(asked.group_id);
        let topics = asked.topics.map(|topics| {
            let known = self.shard.topics.borrow();
            let topic = |topic: net::kafka::api::offset_fetch::OffsetFetchTopic<'_>| FetchTopic {
                name: topic.name.into(),
                id: known.named(topic.name).map(|topic| topic.id),
                partitions: topic.partitions.iter().collect(),
            };
            topics.iter().map(topic).collect()
        });
        let names_member = asked.member_id.is_some() || asked.member_epoch.0 >= 0;
        let member = MemberId::from(asked.member_id.unwrap_or(""));
        let member = names_member.then_some((member, asked.member_epoch.0));
        let fetch = FetchOffsets { group: group.clone(), asker: member, topics };
        match self.ask_group(&group, |ticket| Request::FetchOffsets(ticket, fetch)).await {
            Ok(Answer::FetchOffsets(Ok(topics))) => Ok(topics),
            Ok(Answer::FetchOffsets(Err(error))) => Err(error::of_group(error)),
            Ok(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
            Err(unavailable) => Err(error::of_unavailable(&unavailable)),
        }
    }
}

/// The group's error, and its topics. Before groups had errors, each partition has it.
fn told<'a>(
    group: &'a Fetched<'_>,
    version: i16,
) -> (ErrorCode, Vec<(&'a str, Vec<CommittedOffset<'a>>)>) {
    match &group.topics {
        Ok(topics) => {
            let topics = topics
                .iter()
                .map(|topic| (&*topic.name, topic.offsets.iter().map(committed).collect()));
            (ErrorCode::NONE, topics.collect())
        }
        Err(code) if version >= GROUP_ERROR_FROM => (*code, Vec::new()),
        Err(code) => {
            let topics = group.asked.topics.into_iter().flat_map(|topics| topics.iter());
            let refused = |partition| CommittedOffset {
                partition,
                committed_offset: Offset::NONE,
                error_code: *code,
                ..CommittedOffset::default()
            };
            let topics =
                topics.map(|topic| (topic.name, topic.partitions.iter().map(refused).collect()));
            (*code, topics.collect())
        }
    }
}

fn committed((partition, value): &FetchedOffset) -> CommittedOffset<'_> {
    CommittedOffset {
        partition: *partition,
        committed_offset: value.as_ref().map_or(Offset::NONE, |value| value.offset),
        committed_leader_epoch: value
            .as_ref()
            .map_or(LeaderEpoch::NONE, |value| value.leader_epoch),
        metadata: Some(value.as_ref().map_or("", |value| &*value.metadata)),
        error_code: ErrorCode::NONE,
    }
}

fn results<'a>(
    topics: &'a [(&'a str, Vec<CommittedOffset<'a>>)],
) -> Vec<OffsetFetchTopicResult<'a>> {
    let results = topics.iter().map(|(name, partitions)| OffsetFetchTopicResult {
        name,
        partitions: Array::from(&partitions[..]),
    });
    results.collect()
}
