//! `DescribeLogDirs` (key 35): how much the data directory holds, by partition, and how much its
//! volume has (KIP-113, KIP-827). There is one directory, and nothing moves to another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use net::kafka::api::describe_log_dirs::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribedLogDir, DescribedLogDirPartition,
    DescribedLogDirTopic,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{PartitionIndex, TopicPartition};

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::shard::message::{LogAnswer, LogQuery};

/// Sizes that are not known.
const UNKNOWN: i64 = -1;

impl Connection {
    /// Asks the partitions all at once. As in Kafka, those that are unknown are left out, and so
    /// are those that are offline.
    pub(in crate::frontend::kafka) async fn describe_log_dirs(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeLogDirsRequest::decode(head.version, &mut reader)?;
        let asked = match request.topics {
            None => self.all_partitions().await,
            Some(topics) => {
                let mut asked = Vec::new();
                let named: BTreeSet<(&str, PartitionIndex)> = topics
                    .iter()
                    .flat_map(|topic| topic.partitions.iter().map(move |part| (topic.topic, part)))
                    .collect();
                for (name, partition) in named {
                    let topic = self.shard.topics.borrow().named(name).cloned();
                    if let Some(topic) = topic.filter(|t| t.partition(partition).is_some()) {
                        asked.push((name.to_owned(), topic.log_id(partition)));
                    }
                    self.shard.runtime.yield_if_needed().await;
                }
                asked
            }
        };
        let topics = self.sizes(asked).await;
        let topics = topics.iter().map(|(name, partitions)| DescribedLogDirTopic {
            name,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let directory = Directory::of(&self.shard.config.settings.data_dir);
        let results = [DescribedLogDir {
            error_code: ErrorCode::NONE,
            log_dir: &directory.path,
            topics: Array::from(&topics[..]),
            total_bytes: directory.total_bytes,
            usable_bytes: directory.usable_bytes,
        }];
        let response = DescribeLogDirsResponse {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            results: Array::from(&results),
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn all_partitions(&self) -> Vec<(String, TopicPartition)> {
        let (topics, mut all) = (self.shard.topics.borrow().all(), Vec::new());
        for topic in topics {
            let partitions = (0..topic.partition_count()).map(PartitionIndex);
            all.extend(partitions.map(|index| (topic.name.to_string(), topic.log_id(index))));
            self.shard.runtime.yield_if_needed().await;
        }
        all
    }

    /// What each partition holds, by topic.
    async fn sizes(
        &self,
        asked: Vec<(String, TopicPartition)>,
    ) -> BTreeMap<String, Vec<DescribedLogDirPartition>> {
        let questions: Vec<_> = asked.iter().map(|(_, log)| (*log, LogQuery::Bounds)).collect();
        let answers = self.shard.query_all(&questions).await;
        let mut topics: BTreeMap<String, Vec<DescribedLogDirPartition>> = BTreeMap::new();
        for ((name, log), answer) in asked.into_iter().zip(answers) {
            if let Ok(LogAnswer::Bounds { size, .. }) = answer {
                topics.entry(name).or_default().push(DescribedLogDirPartition {
                    partition: log.partition,
                    partition_size: i64::try_from(size).unwrap_or(i64::MAX),
                    // Nothing is behind the log of the only replica.
                    offset_lag: 0,
                    is_future_key: false,
                });
            }
            self.shard.runtime.yield_if_needed().await;
        }
        topics
    }
}

/// The data directory and its volume, as far as the system tells.
struct Directory {
    path: String,
    total_bytes: i64,
    usable_bytes: i64,
}

/// The data directory as clients name it: from the root.
pub(super) fn log_dir(path: &Path) -> String {
    let absolute = runtime::absolute_path(path).unwrap_or_else(|_| path.to_owned());
    absolute.display().to_string()
}

impl Directory {
    fn of(path: &Path) -> Self {
        let volume = runtime::volume(path).ok();
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        Self {
            path: log_dir(path),
            total_bytes: volume.map_or(UNKNOWN, |volume| bytes(volume.total_bytes)),
            usable_bytes: volume.map_or(UNKNOWN, |volume| bytes(volume.free_bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_told_from_the_root_with_its_volume() {
        let here = Directory::of(Path::new("."));
        assert!(here.path.starts_with('/') && !here.path.ends_with('.'), "{}", here.path);
        assert!(here.total_bytes > 0 && here.usable_bytes <= here.total_bytes);
        let nowhere = Directory::of(Path::new("/no/such/directory"));
        assert_eq!(nowhere.path, "/no/such/directory");
        assert_eq!((nowhere.total_bytes, nowhere.usable_bytes), (UNKNOWN, UNKNOWN));
    }
}
