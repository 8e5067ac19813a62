//! Asking one log for its bounds, for a time, for an epoch's end; and raising its start.

use std::rc::Rc;

use record::{Decompressor, TopicPartition};
use storage::{LogError, Timed};

use crate::shard::Shard;
use crate::shard::handlers::failure;
use crate::shard::message::{LogAnswer, LogFailure, LogQuery, Reply, Request};

/// Bytes that one batch may have unpacked when it is searched for a time.
pub(super) const UNPACKED_BYTES_MAX: usize = 64 << 20;

impl Shard {
    /// Asks a log, wherever it is.
    pub async fn query(
        &self,
        log: TopicPartition,
        query: LogQuery,
    ) -> Result<LogAnswer, LogFailure> {
        let owner = self.owner(log);
        if owner == self.id {
            return self.query_here(log, query).await;
        }
        match self.call(owner, Request::Query(log, query)).await {
            Ok(Reply::Answer(answer)) => answer,
            Ok(_) | Err(_) => Err(LogFailure::Stopping),
        }
    }

    /// Asks a log of this shard.
    pub async fn query_here(
        &self,
        log: TopicPartition,
        query: LogQuery,
    ) -> Result<LogAnswer, LogFailure> {
        let log = self.store.log(log).ok_or(LogFailure::Deleted)?;
        match query {
            LogQuery::Bounds => {
                if !log.is_online() {
                    return Err(LogFailure::Storage("the partition is offline".into()));
                }
                let state = log.state();
                Ok(LogAnswer::Bounds {
                    log_start: state.log_start,
                    high_watermark: state.visible.offset,
                    leader_epoch: state.leader_epoch,
                    size: state.size(),
                })
            }
            LogQuery::Time(which) => {
                let mut scratch = Decompressor::new();
                let found =
                    self.store.find_time(&log, which, &mut scratch, UNPACKED_BYTES_MAX).await;
                let found = found.map_err(failure)?;
                let found = found.map(|Timed { offset, timestamp }| (offset, timestamp));
                let leader_epoch = log.state().leader_epoch;
                Ok(LogAnswer::Time { found, leader_epoch })
            }
            LogQuery::EpochEnd(epoch) => {
                let state = log.state();
                let leader_epoch = state.leader_epoch;
                let end = if epoch == leader_epoch {
                    Some((epoch, state.next_offset))
                } else {
                    state.epochs.end_offset(epoch, state.next_offset)
                };
                Ok(LogAnswer::EpochEnd { end, leader_epoch })
            }
            LogQuery::DeleteRecords(offset) => {
                let offset = offset.unwrap_or(log.state().visible.offset);
                let raised = self.store.raise_log_start(&log, offset).await;
                raised.map(LogAnswer::LogStart).map_err(|error| match error {
                    LogError::OutOfRange { log_start, high_watermark, .. } => {
                        LogFailure::OutOfRange { log_start, high_watermark }
                    }
                    other => LogFailure::Storage(other.to_string()),
                })
            }
        }
    }

    /// Limits compaction to this shard's part of what is set for all.
    pub fn limit_compaction(&self) {
        let rate = self.dynamic.config().settings.log_cleaner_io_max_bytes_per_second;
        let part = rate.limit.map(|limit| (limit / u64::from(self.shards)).max(1));
        self.store.limit_compaction(part);
    }

    /// Compacts the logs of this shard that are due.
    pub async fn compact_all(self: &Rc<Self>) {
        let logs = self.store.compacted_logs();
        if logs.is_empty() {
            return;
        }
        let now = record::Timestamp(self.runtime.wall_millis());
        if let Err(error) = self.store.compact(&logs, now).await {
            tracing::warn!(%error, "compaction did not reach its end; trying again");
        }
    }

    /// Lets go of everything before a log's start that can go, on this shard.
    pub async fn retain_all(self: &Rc<Self>) {
        for log in self.store.logs() {
            let now = record::Timestamp(self.runtime.wall_millis());
            if let Err(error) = self.store.retain(&log, now).await {
                tracing::warn!(log = %log.id(), %error, "retention failed");
            }
            self.runtime.yield_if_needed().await;
        }
    }
}
