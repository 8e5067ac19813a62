//! `OffsetForLeaderEpoch` (key 23): where an epoch ended, for consumers that want to know whether
//! what they read is still there (KIP-320).

use net::kafka::api::offset_for_leader_epoch::{
    EpochEndOffset, EpochPartition, EpochTopicResult, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{LeaderEpoch, Offset};

use super::partitions::ask;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::shard::handlers::check_epoch;
use crate::shard::message::{LogAnswer, LogQuery};

/// An epoch, and where it ended.
type End = (LeaderEpoch, Offset);

/// The epoch is not known here.
const UNDEFINED: End = (LeaderEpoch::NONE, Offset::NONE);

impl Connection {
    /// Answers when every log has.
    pub(in crate::frontend::kafka) async fn offset_for_leader_epoch(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = OffsetForLeaderEpochRequest::decode(head.version, &mut reader)?;
        let topics = request.topics.iter().map(|topic| (topic.topic, topic.partitions));
        let answered = ask(&self.shard, topics, |_, wanted: &EpochPartition| {
            (wanted.partition, Ok(LogQuery::EpochEnd(wanted.leader_epoch)))
        })
        .await;
        let mut results = Vec::with_capacity(answered.len());
        for topic in &answered {
            let partitions = topic.partitions.iter().map(|(wanted, answer)| {
                let end = answer.and_then(|answer| end(wanted, answer));
                let error_code = end.err().unwrap_or(ErrorCode::NONE);
                self.shard.metrics.error(head.api(), error_code);
                let (leader_epoch, end_offset) = end.unwrap_or(UNDEFINED);
                EpochEndOffset { error_code, partition: wanted.partition, leader_epoch, end_offset }
            });
            results.push((topic.topic, partitions.collect::<Vec<_>>()));
            self.shard.runtime.yield_if_needed().await;
        }
        let topics = results.iter().map(|(topic, partitions)| EpochTopicResult {
            topic,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response =
            OffsetForLeaderEpochResponse { throttle_time_ms: 0, topics: Array::from(&topics[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

/// What a log's answer means for what was asked.
fn end(wanted: &EpochPartition, answer: LogAnswer) -> Result<End, ErrorCode> {
    let LogAnswer::EpochEnd { end, leader_epoch } = answer else {
        return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    let known = wanted.current_leader_epoch;
    let known = (known != LeaderEpoch::NONE).then_some(known);
    check_epoch(known, leader_epoch).map_err(|failure| error::of_log(&failure))?;
    // No batch was ever written in "no epoch".
    let asked = wanted.leader_epoch >= LeaderEpoch::FIRST;
    Ok(end.filter(|_| asked).unwrap_or(UNDEFINED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(current: i32, asked: i32) -> EpochPartition {
        EpochPartition {
            current_leader_epoch: LeaderEpoch(current),
            leader_epoch: LeaderEpoch(asked),
            ..EpochPartition::default()
        }
    }

    #[test]
    fn an_end_is_told_to_those_whose_epoch_is_in_force() {
        let known = (LeaderEpoch(1), Offset(40));
        let answer = LogAnswer::EpochEnd { end: Some(known), leader_epoch: LeaderEpoch(2) };
        assert_eq!(end(&wanted(2, 1), answer), Ok(known));
        assert_eq!(end(&wanted(-1, 1), answer), Ok(known));
        assert_eq!(end(&wanted(1, 1), answer), Err(ErrorCode::FENCED_LEADER_EPOCH));
        assert_eq!(end(&wanted(3, 1), answer), Err(ErrorCode::UNKNOWN_LEADER_EPOCH));
    }

    #[test]
    fn an_epoch_that_never_was_has_no_end() {
        let leader_epoch = LeaderEpoch(2);
        let unknown = LogAnswer::EpochEnd { end: None, leader_epoch };
        assert_eq!(end(&wanted(2, 7), unknown), Ok(UNDEFINED));
        let first = Some((LeaderEpoch::NONE, Offset(0)));
        let none = LogAnswer::EpochEnd { end: first, leader_epoch };
        assert_eq!(end(&wanted(2, -1), none), Ok(UNDEFINED));
    }
}
