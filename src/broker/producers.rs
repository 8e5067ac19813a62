//! The idempotent producers that a log knows, wherever it is.

use record::{ProducerEpoch, ProducerId, Sequence, Timestamp, TopicPartition};

use crate::shard::Shard;
use crate::shard::message::{LogFailure, Reply, Request};

/// A producer, as a log knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProducer {
    /// Its id.
    pub id: ProducerId,
    /// The epoch that wrote last.
    pub epoch: ProducerEpoch,
    /// The sequence of its last record.
    pub last_sequence: Sequence,
    /// When it last wrote, by the broker's clock.
    pub last_seen: Timestamp,
}

impl Shard {
    /// The producers of a log, by id.
    pub async fn producers(&self, log: TopicPartition) -> Result<Vec<KnownProducer>, LogFailure> {
        let owner = self.owner(log);
        if owner == self.id {
            return self.producers_here(log);
        }
        match self.call(owner, Request::Producers(log)).await {
            Ok(Reply::Producers(answer)) => answer,
            Ok(_) | Err(_) => Err(LogFailure::Stopping),
        }
    }

    /// The producers of a log of this shard, by id.
    pub fn producers_here(&self, log: TopicPartition) -> Result<Vec<KnownProducer>, LogFailure> {
        let log = self.store.log(log).ok_or(LogFailure::Deleted)?;
        if !log.is_online() {
            return Err(LogFailure::Storage("the partition is offline".into()));
        }
        let state = log.state();
        let known = state.producers.entries().map(|(id, entry)| KnownProducer {
            id,
            epoch: entry.epoch,
            last_sequence: entry.batches.back().map_or(Sequence(-1), |last| last.last_sequence),
            last_seen: entry.last_seen,
        });
        let mut known: Vec<_> = known.collect();
        known.sort_unstable_by_key(|producer| producer.id);
        Ok(known)
    }
}
