//! `AlterReplicaLogDirs` (key 34): each replica is in the one directory already, and there is no
//! other that it could move to.

use std::collections::BTreeMap;

use net::kafka::api::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::PartitionIndex;

use super::describe_log_dirs::log_dir;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::shard::message::LogQuery;

impl Connection {
    /// Answers once for each replica that is named. As in Kafka, the last directory counts for
    /// one that is named with several.
    pub(in crate::frontend::kafka) async fn alter_replica_log_dirs(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = AlterReplicaLogDirsRequest::decode(head.version, &mut reader)?;
        let own = log_dir(&self.shard.config.settings.data_dir);
        let mut asked: BTreeMap<(&str, PartitionIndex), bool> = BTreeMap::new();
        for dir in &request.dirs {
            let is_own = dir.path == own;
            for topic in &dir.topics {
                let replicas = topic.partitions.iter();
                asked.extend(replicas.map(|partition| ((topic.name, partition), is_own)));
                self.shard.runtime.yield_if_needed().await;
            }
        }
        let mut results: BTreeMap<&str, Vec<AlterReplicaLogDirPartitionResult>> = BTreeMap::new();
        for ((topic, partition), is_own) in asked {
            let error_code = self.replica_to(topic, partition, is_own).await;
            self.shard.metrics.error(head.api(), error_code);
            let result = AlterReplicaLogDirPartitionResult { partition, error_code };
            results.entry(topic).or_default().push(result);
            self.shard.runtime.yield_if_needed().await;
        }
        let results = results.iter().map(|(topic_name, partitions)| {
            AlterReplicaLogDirTopicResult { topic_name, partitions: Array::from(&partitions[..]) }
        });
        let results: Vec<_> = results.collect();
        let response =
            AlterReplicaLogDirsResponse { throttle_time_ms: 0, results: Array::from(&results[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// What comes of moving one replica to the broker's own directory, or to another. As in Kafka,
    /// the directory is looked at before the replica.
    async fn replica_to(&self, topic: &str, partition: PartitionIndex, is_own: bool) -> ErrorCode {
        if !is_own {
            return ErrorCode::LOG_DIR_NOT_FOUND;
        }
        let topic = self.shard.topics.borrow().named(topic).cloned();
        let Some(topic) = topic.filter(|topic| topic.partition(partition).is_some()) else {
            return ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        };
        match self.shard.query(topic.log_id(partition), LogQuery::Bounds).await {
            Ok(_) => ErrorCode::NONE,
            Err(failure) => error::of_log(&failure),
        }
    }
}
