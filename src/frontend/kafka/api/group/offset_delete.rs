//! `OffsetDelete` (key 47): a group forgets how far it has read (KIP-496). Durable when it is
//! answered.

use std::sync::Arc;

use net::kafka::api::offset_delete::{
    OffsetDeletePartitionResult, OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteTopicResult,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::PartitionIndex;

use super::{error, group_id};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::coordinator::{Answer, DeleteOffsets, Request};

type Results<'a> = Vec<(&'a str, Vec<OffsetDeletePartitionResult>)>;

impl Connection {
    /// Answers when what can be forgotten is.
    pub(in crate::frontend::kafka) async fn offset_delete(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = OffsetDeleteRequest::decode(head.version, &mut reader)?;
        let deleted = self.deleted_offsets(&request).await;
        let error_code = deleted.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
        self.shard.metrics.error(head.api(), error_code);
        let topics = deleted.iter().flatten().map(|(name, partitions)| OffsetDeleteTopicResult {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response = OffsetDeleteResponse {
            error_code,
            throttle_time_ms: 0,
            topics: Array::from(&topics[..]),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn deleted_offsets<'a>(
        &self,
        request: &OffsetDeleteRequest<'a>,
    ) -> Result<Results<'a>, ErrorCode> {
        let group = group_id(request.group_id)?;
        let (mut results, partitions) = self.sort_offsets(request);
        let delete = DeleteOffsets { group: group.clone(), partitions };
        let asked = self.ask_group(&group, |ticket| Request::DeleteOffsets(ticket, delete)).await;
        let codes = match asked {
            Ok(Answer::DeleteOffsets(deleted)) => deleted.map_err(error::of_group)?,
            Ok(_) => return Err(ErrorCode::UNKNOWN_SERVER_ERROR),
            Err(unavailable) => return Err(error::of_unavailable(&unavailable)),
        };
        let places = results.iter_mut().flat_map(|(_, partitions)| partitions);
        let asked = places.filter(|place| place.error_code.is_none());
        for (place, deleted) in asked.zip(codes) {
            place.error_code = deleted.err().map_or(ErrorCode::NONE, error::of_offset);
        }
        Ok(results)
    }

    /// Tells partitions that there are from those that there are not.
    fn sort_offsets<'a>(
        &self,
        request: &OffsetDeleteRequest<'a>,
    ) -> (Results<'a>, Vec<(Arc<str>, PartitionIndex)>) {
        let topics = self.shard.topics.borrow();
        let mut asked = Vec::new();
        let results = request.topics.iter().map(|named| {
            let topic = topics.named(named.name);
            let name: Arc<str> = named.name.into();
            let partitions = named.partitions.iter().map(|partition| {
                let is_there = topic.is_some_and(|topic| topic.partition(partition).is_some());
                let error_code = if is_there {
                    asked.push((Arc::clone(&name), partition));
                    ErrorCode::NONE
                } else {
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                };
                OffsetDeletePartitionResult { partition, error_code }
            });
            (named.name, partitions.collect())
        });
        let results = results.collect();
        (results, asked)
    }
}
