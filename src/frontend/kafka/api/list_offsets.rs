//! `ListOffsets` (key 2): where logs start and end, and the record at a time.
//!
//! Without transactions the last stable offset is the high watermark, so the isolation level
//! changes nothing; without tiered storage nothing is tiered, and all there is is local.

use std::collections::BTreeSet;

use net::kafka::api::list_offsets::{
    EARLIEST, EARLIEST_LOCAL, LATEST, LATEST_TIERED, ListOffsetsPartition,
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse, MAX_TIMESTAMP,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{LeaderEpoch, Offset, PartitionIndex, Timestamp};
use storage::TimeMatch;

use super::partitions::{Question, ask};
use super::repeated::repeated;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::shard::handlers::check_epoch;
use crate::shard::message::{LogAnswer, LogQuery};

/// The first version with leader epochs.
const EPOCHS_FROM: i16 = 4;
const MAX_TIMESTAMP_FROM: i16 = 7;
const EARLIEST_LOCAL_FROM: i16 = 8;
const LATEST_TIERED_FROM: i16 = 9;

/// Where something is: its time, its offset, the epoch in which it was written.
type Place = (Timestamp, Offset, LeaderEpoch);

/// Nothing, as the response says it.
const NOWHERE: Place = (Timestamp::NONE, Offset::NONE, LeaderEpoch::NONE);

impl Connection {
    /// Answers when every log has.
    pub(in crate::frontend::kafka) async fn list_offsets(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ListOffsetsRequest::decode(head.version, &mut reader)?;
        let version = head.version.number();
        let twice = named_twice(&request);
        let topics = request.topics.iter().map(|topic| (topic.name, topic.partitions));
        let answered = ask(&self.shard, topics, |topic, wanted: &ListOffsetsPartition| {
            let refused = twice.contains(&(topic, wanted.partition));
            let question = if refused {
                Err(ErrorCode::INVALID_REQUEST)
            } else {
                question(wanted.timestamp, version)
            };
            (wanted.partition, question)
        })
        .await;
        let mut results = Vec::with_capacity(answered.len());
        for topic in &answered {
            let partitions = topic.partitions.iter().map(|(wanted, answer)| {
                let place = answer.and_then(|answer| place(wanted, answer));
                self.shard.metrics.error(head.api(), place.err().unwrap_or_default());
                response(wanted.partition, place, version)
            });
            results.push((topic.topic, partitions.collect::<Vec<_>>()));
            self.shard.runtime.yield_if_needed().await;
        }
        let topics = results.iter().map(|(name, partitions)| ListOffsetsTopicResponse {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response =
            ListOffsetsResponse { throttle_time_ms: 0, topics: Array::from(&topics[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn named_twice<'a>(request: &ListOffsetsRequest<'a>) -> BTreeSet<(&'a str, PartitionIndex)> {
    let named = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(move |partition| (topic.name, partition.partition))
    });
    repeated(named)
}

/// What a log is asked, for a time or one of the numbers that stand for a place.
fn question(timestamp: Timestamp, version: i16) -> Question {
    match timestamp {
        LATEST | EARLIEST => Ok(LogQuery::Bounds),
        MAX_TIMESTAMP if version >= MAX_TIMESTAMP_FROM => Ok(LogQuery::Time(TimeMatch::Largest)),
        EARLIEST_LOCAL if version >= EARLIEST_LOCAL_FROM => Ok(LogQuery::Bounds),
        // Asked all the same, for the errors.
        LATEST_TIERED if version >= LATEST_TIERED_FROM => Ok(LogQuery::Bounds),
        Timestamp(0..) => Ok(LogQuery::Time(TimeMatch::AtOrAfter(timestamp))),
        _ => Err(ErrorCode::UNSUPPORTED_VERSION),
    }
}

/// What a log's answer means for what was asked.
fn place(wanted: &ListOffsetsPartition, answer: LogAnswer) -> Result<Place, ErrorCode> {
    let (place, in_force) = match answer {
        LogAnswer::Bounds { log_start, high_watermark, leader_epoch, .. } => {
            let place = match wanted.timestamp {
                LATEST => (Timestamp::NONE, high_watermark, leader_epoch),
                LATEST_TIERED => NOWHERE,
                _ => (Timestamp::NONE, log_start, written_in(leader_epoch)),
            };
            (place, leader_epoch)
        }
        LogAnswer::Time { found, leader_epoch } => {
            let place =
                found.map(|(offset, timestamp)| (timestamp, offset, written_in(leader_epoch)));
            (place.unwrap_or(NOWHERE), leader_epoch)
        }
        LogAnswer::EpochEnd { .. } | LogAnswer::LogStart(_) => {
            return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        }
    };
    let known = wanted.current_leader_epoch;
    let known = (known != LeaderEpoch::NONE).then_some(known);
    check_epoch(known, in_force).map_err(|failure| error::of_log(&failure))?;
    Ok(place)
}

/// The epoch of a record somewhere in the log. While the first one is in force there is no other;
/// later, it is not known whether the record is older, and "unknown" is a legal answer.
fn written_in(in_force: LeaderEpoch) -> LeaderEpoch {
    if in_force == LeaderEpoch::FIRST { in_force } else { LeaderEpoch::NONE }
}

fn response(
    partition: PartitionIndex,
    place: Result<Place, ErrorCode>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let error_code = place.err().unwrap_or(ErrorCode::NONE);
    let (timestamp, offset, leader_epoch) = place.unwrap_or(NOWHERE);
    let leader_epoch = if version < EPOCHS_FROM { LeaderEpoch::NONE } else { leader_epoch };
    ListOffsetsPartitionResponse { partition, error_code, timestamp, offset, leader_epoch }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: LogAnswer = LogAnswer::Bounds {
        log_start: Offset(4),
        high_watermark: Offset(9),
        leader_epoch: LeaderEpoch::FIRST,
        size: 100,
    };

    fn wanted(timestamp: Timestamp) -> ListOffsetsPartition {
        ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() }
    }

    #[test]
    fn places_that_a_version_does_not_know_are_refused() {
        let unsupported = Err(ErrorCode::UNSUPPORTED_VERSION);
        for (timestamp, from) in [(MAX_TIMESTAMP, 7), (EARLIEST_LOCAL, 8), (LATEST_TIERED, 9)] {
            assert_eq!(question(timestamp, from - 1), unsupported, "{timestamp:?}");
            assert!(question(timestamp, from).is_ok(), "{timestamp:?}");
        }
        for timestamp in [-6, -1_000, i64::MIN] {
            assert_eq!(question(Timestamp(timestamp), 10), unsupported);
        }
        for timestamp in [0, i64::MAX] {
            let time = TimeMatch::AtOrAfter(Timestamp(timestamp));
            assert_eq!(question(Timestamp(timestamp), 1), Ok(LogQuery::Time(time)));
        }
    }

    #[test]
    fn each_bound_is_what_its_number_says() {
        let none = Timestamp::NONE;
        let first = LeaderEpoch::FIRST;
        let of = |timestamp| place(&wanted(timestamp), BOUNDS);
        assert_eq!(of(LATEST), Ok((none, Offset(9), first)));
        assert_eq!(of(EARLIEST), Ok((none, Offset(4), first)));
        assert_eq!(of(EARLIEST_LOCAL), Ok((none, Offset(4), first)));
        assert_eq!(of(LATEST_TIERED), Ok(NOWHERE));
    }

    #[test]
    fn a_time_without_a_record_is_nowhere() {
        let leader_epoch = LeaderEpoch(3);
        let none = LogAnswer::Time { found: None, leader_epoch };
        assert_eq!(place(&wanted(Timestamp(5)), none), Ok(NOWHERE));
        let found = Some((Offset(7), Timestamp(6)));
        let found = LogAnswer::Time { found, leader_epoch };
        // It may have been written in an earlier epoch.
        let expected = (Timestamp(6), Offset(7), LeaderEpoch::NONE);
        assert_eq!(place(&wanted(Timestamp(5)), found), Ok(expected));
    }

    #[test]
    fn a_client_with_another_epoch_is_told_so() {
        let with = |epoch| ListOffsetsPartition {
            current_leader_epoch: LeaderEpoch(epoch),
            ..wanted(LATEST)
        };
        let LogAnswer::Bounds { log_start, high_watermark, size, .. } = BOUNDS else { panic!() };
        let leader_epoch = LeaderEpoch(2);
        let answer = LogAnswer::Bounds { log_start, high_watermark, leader_epoch, size };
        assert_eq!(place(&with(1), answer), Err(ErrorCode::FENCED_LEADER_EPOCH));
        assert!(place(&with(2), answer).is_ok());
        assert!(place(&with(-1), answer).is_ok());
        assert_eq!(place(&with(3), answer), Err(ErrorCode::UNKNOWN_LEADER_EPOCH));
    }

    #[test]
    fn responses_without_leader_epochs_have_none() {
        let place = Ok((Timestamp(1), Offset(2), LeaderEpoch(0)));
        assert_eq!(response(PartitionIndex(0), place, 3).leader_epoch, LeaderEpoch::NONE);
        assert_eq!(response(PartitionIndex(0), place, 4).leader_epoch, LeaderEpoch::FIRST);
        let failed = response(PartitionIndex(5), Err(ErrorCode::KAFKA_STORAGE_ERROR), 4);
        assert_eq!(failed.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
        assert_eq!((failed.offset, failed.timestamp), (Offset::NONE, Timestamp::NONE));
    }

    #[test]
    fn a_partition_named_twice_is_found_across_topics() {
        use net::kafka::api::list_offsets::ListOffsetsTopic;
        let (one, two) = ([wanted(LATEST)], [wanted(EARLIEST)]);
        let topics = [("a", &one), ("b", &one), ("a", &two)]
            .map(|(name, parts)| ListOffsetsTopic { name, partitions: Array::from(parts) });
        let request =
            ListOffsetsRequest { topics: Array::from(&topics), ..ListOffsetsRequest::default() };
        let twice: Vec<_> = named_twice(&request).into_iter().collect();
        assert_eq!(twice, [("a", PartitionIndex(0))]);
    }
}
