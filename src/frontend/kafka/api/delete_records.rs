//! `DeleteRecords` (key 21): moves the start of logs forward. What is before can not be read any
//! more when it is answered, and stays so whatever happens; its space follows.

use net::kafka::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::Offset;

use super::partitions::{Question, ask};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::shard::message::{LogAnswer, LogQuery};

impl Connection {
    /// Answers when every log starts where it is to start.
    pub(in crate::frontend::kafka) async fn delete_records(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DeleteRecordsRequest::decode(head.version, &mut reader)?;
        let topics = request.topics.iter().map(|topic| (topic.name, topic.partitions));
        let answered = ask(&self.shard, topics, |_, wanted: &DeleteRecordsPartition| {
            (wanted.partition, question(wanted.offset))
        })
        .await;
        let mut results = Vec::with_capacity(answered.len());
        for topic in &answered {
            let partitions = topic.partitions.iter().map(|(wanted, answer)| {
                let start = answer.and_then(start);
                let error_code = start.err().unwrap_or(ErrorCode::NONE);
                self.shard.metrics.error(head.api(), error_code);
                let low_watermark = start.unwrap_or(Offset::NONE);
                let partition = wanted.partition;
                DeleteRecordsPartitionResult { partition, low_watermark, error_code }
            });
            results.push((topic.topic, partitions.collect::<Vec<_>>()));
            self.shard.runtime.yield_if_needed().await;
        }
        let topics = results.iter().map(|(name, partitions)| DeleteRecordsTopicResult {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response =
            DeleteRecordsResponse { throttle_time_ms: 0, topics: Array::from(&topics[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

/// -1 stands for the high watermark.
fn question(offset: Offset) -> Question {
    match offset {
        Offset(-1) => Ok(LogQuery::DeleteRecords(None)),
        Offset(0..) => Ok(LogQuery::DeleteRecords(Some(offset))),
        _ => Err(ErrorCode::OFFSET_OUT_OF_RANGE),
    }
}

fn start(answer: LogAnswer) -> Result<Offset, ErrorCode> {
    match answer {
        LogAnswer::LogStart(offset) => Ok(offset),
        _ => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_the_high_watermark_and_nothing_else_is_negative() {
        assert_eq!(question(Offset(-1)), Ok(LogQuery::DeleteRecords(None)));
        assert_eq!(question(Offset(0)), Ok(LogQuery::DeleteRecords(Some(Offset(0)))));
        assert_eq!(question(Offset(-2)), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(question(Offset(i64::MIN)), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
    }
}
