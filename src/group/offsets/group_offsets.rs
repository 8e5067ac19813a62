//! `GroupOffsets`: how far one group got, by topic and partition.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use record::{PartitionIndex, Timestamp, TopicId};

use super::commit::{Commit, Committed, OffsetError, OffsetsConfig};
use super::expiry::OffsetExpiry;
use crate::group::effects::GroupRecord;
use crate::group::id::GroupId;
use crate::group::log::{GroupLogRecord, OffsetCommitKey, OffsetCommitValue, STRING_BYTES_MAX};

/// The offsets of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffsets {
    group: GroupId,
    /// No topic without partitions.
    topics: BTreeMap<Arc<str>, BTreeMap<PartitionIndex, OffsetCommitValue>>,
}

impl GroupOffsets {
    /// None yet.
    pub fn new(group: GroupId) -> Self {
        Self { group, topics: BTreeMap::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Keeps offsets. The group has been asked whether it may be.
    pub fn commit(
        &mut self,
        now: Timestamp,
        config: &OffsetsConfig,
        commits: Vec<Commit>,
    ) -> Committed {
        let mut committed = Committed::default();
        for commit in commits {
            let result = self.check(config, &commit);
            if result.is_ok() {
                committed.records.push(self.keep(now, commit));
            }
            committed.results.push(result);
        }
        committed
    }

    fn check(&self, config: &OffsetsConfig, commit: &Commit) -> Result<(), OffsetError> {
        if self.group.as_str().len().max(commit.topic.len()) > STRING_BYTES_MAX {
            return Err(OffsetError::InvalidRequest);
        }
        if commit.metadata.len() > config.metadata_bytes_max.min(STRING_BYTES_MAX) {
            return Err(OffsetError::OffsetMetadataTooLarge);
        }
        Ok(())
    }

    fn keep(&mut self, now: Timestamp, commit: Commit) -> GroupRecord {
        let ends = |retention: Duration| {
            let ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
            Timestamp(now.0.saturating_add(ms))
        };
        let value = OffsetCommitValue {
            offset: commit.offset,
            leader_epoch: commit.leader_epoch,
            metadata: commit.metadata,
            committed_at: now,
            expires_at: commit.retention.map(ends),
            topic_id: commit.topic_id,
        };
        let record = self.record(&commit.topic, commit.partition, Some(value.clone()));
        self.set(commit.topic, commit.partition, value.as_written());
        record
    }

    /// The offset of a partition. That of a topic which has another id than `topic_id` by now is
    /// not: it was committed to a topic that is gone.
    pub fn fetch(
        &self,
        topic: &str,
        topic_id: Option<TopicId>,
        partition: PartitionIndex,
    ) -> Option<&OffsetCommitValue> {
        let value = self.topics.get(topic)?.get(&partition)?;
        let is_another = topic_id.is_some_and(|id| value.topic_id.is_some_and(|own| own != id));
        (!is_another).then_some(value)
    }

    /// All of them, by topic and partition.
    pub fn fetch_all(
        &self,
    ) -> impl Iterator<Item = (&Arc<str>, PartitionIndex, &OffsetCommitValue)> {
        self.topics.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, value)| (topic, *partition, value))
        })
    }

    /// Forgets an offset (KIP-496), unless a live member reads the topic. None to append if there
    /// was nothing to forget.
    pub fn delete(
        &mut self,
        topic: &str,
        partition: PartitionIndex,
        is_subscribed: bool,
    ) -> Result<Option<GroupRecord>, OffsetError> {
        if is_subscribed {
            return Err(OffsetError::GroupSubscribedToTopic);
        }
        let removed = self.remove(topic, partition);
        Ok(removed.then(|| self.record(topic, partition, None)))
    }

    /// Forgets everything: the group is deleted.
    pub fn delete_all(&mut self) -> Vec<GroupRecord> {
        self.forget(|_, _| true)
    }

    /// Forgets the offsets of a topic that was deleted. Those that name another id stay: they
    /// belong to a topic that was made again under the name.
    pub fn delete_topic(&mut self, topic: &str, id: TopicId) -> Vec<GroupRecord> {
        self.forget(|name, value| name == topic && value.topic_id.is_none_or(|own| own == id))
    }

    /// Forgets the offsets of topics, by name and id, that are not there any more.
    pub fn delete_missing(&mut self, is_there: impl Fn(&str, TopicId) -> bool) -> Vec<GroupRecord> {
        self.forget(|name, value| value.topic_id.is_some_and(|id| !is_there(name, id)))
    }

    /// Forgets what has not been of use for the retention. Offsets of topics that a live member
    /// subscribes to stay.
    pub fn expire(
        &mut self,
        now: Timestamp,
        config: &OffsetsConfig,
        expiry: OffsetExpiry,
        is_subscribed: impl Fn(&str) -> bool,
    ) -> Vec<GroupRecord> {
        if expiry == OffsetExpiry::Never {
            return Vec::new();
        }
        self.forget(|topic, value| {
            expiry.is_over(value, now, config.retention) && !is_subscribed(topic)
        })
    }

    /// Takes in a record as the log is replayed; those of other groups and kinds have no place
    /// here.
    pub fn replay(&mut self, key: OffsetCommitKey, value: Option<OffsetCommitValue>) {
        assert_eq!(key.group, self.group, "records are sorted by group before");
        match value {
            Some(value) => self.set(key.topic, key.partition, value),
            None => {
                self.remove(&key.topic, key.partition);
            }
        }
    }

    fn set(&mut self, topic: Arc<str>, partition: PartitionIndex, value: OffsetCommitValue) {
        self.topics.entry(topic).or_default().insert(partition, value);
    }

    fn remove(&mut self, topic: &str, partition: PartitionIndex) -> bool {
        let Some(partitions) = self.topics.get_mut(topic) else { return false };
        let removed = partitions.remove(&partition).is_some();
        if partitions.is_empty() {
            self.topics.remove(topic);
        }
        removed
    }

    fn forget(&mut self, is_over: impl Fn(&str, &OffsetCommitValue) -> bool) -> Vec<GroupRecord> {
        let mut records = Vec::new();
        let mut topics = std::mem::take(&mut self.topics);
        for (topic, partitions) in &mut topics {
            partitions.retain(|partition, value| {
                let is_over = is_over(topic, value);
                if is_over {
                    records.push(self.record(topic, *partition, None));
                }
                !is_over
            });
        }
        topics.retain(|_, partitions| !partitions.is_empty());
        self.topics = topics;
        records
    }

    fn record(
        &self,
        topic: &str,
        partition: PartitionIndex,
        value: Option<OffsetCommitValue>,
    ) -> GroupRecord {
        let key = OffsetCommitKey { group: self.group.clone(), topic: topic.into(), partition };
        GroupLogRecord::OffsetCommit { key, value }.encode()
    }
}
