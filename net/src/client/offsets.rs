//! Offsets by time: asked of each partition's leader.

use std::collections::BTreeMap;

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp};

use super::cluster::Client;
use super::error::ClientError;
use crate::kafka::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;

impl Client {
    /// The first offset at or after a time in each of the partitions, or at one of the special
    /// times of [`crate::kafka::api::list_offsets`]; -1 where there is none.
    ///
    /// Asks again, with fresh metadata, while a leader is moving.
    pub async fn offsets(
        &self,
        topic: &str,
        partitions: &[PartitionIndex],
        at: Timestamp,
    ) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
        let mut backoff = self.config().backoff();
        loop {
            let error = match self.try_offsets(topic, partitions, at).await {
                Err(error) if error.is_retriable() => error,
                other => return other,
            };
            self.runtime().sleep(backoff.next().ok_or(error)?).await;
            self.refresh(topic).await?;
        }
    }

    /// As [`Client::offsets`], asked once: an error of one partition leaves the others' offsets.
    pub async fn offsets_or_errors(
        &self,
        topic: &str,
        partitions: &[PartitionIndex],
        at: Timestamp,
    ) -> Result<BTreeMap<PartitionIndex, Result<Offset, ErrorCode>>, ClientError> {
        let mut by_leader: BTreeMap<NodeId, (_, Vec<ListOffsetsPartition>)> = BTreeMap::new();
        for partition in partitions.iter().copied() {
            let (_, found, connection) = self.leader(topic, partition).await?;
            let asked = ListOffsetsPartition {
                partition,
                current_leader_epoch: LeaderEpoch::NONE,
                timestamp: at,
            };
            by_leader.entry(found.leader).or_insert((connection, Vec::new())).1.push(asked);
        }
        let mut offsets = BTreeMap::new();
        for (connection, partitions) in by_leader.into_values() {
            let topics = [ListOffsetsTopic { name: topic, partitions: (&partitions).into() }];
            let request = ListOffsetsRequest {
                replica_id: NodeId(-1),
                topics: (&topics).into(),
                timeout_ms: 30_000,
                ..ListOffsetsRequest::default()
            };
            let answer = connection.ask(&request).await?;
            let body = answer.body::<ListOffsetsResponse<'_>>()?;
            for result in body.topics.iter().flat_map(|topic| topic.partitions.iter()) {
                let code = result.error_code;
                let offset = if code.is_none() { Ok(result.offset) } else { Err(code) };
                offsets.insert(result.partition, offset);
            }
        }
        if partitions.iter().any(|partition| !offsets.contains_key(partition)) {
            return Err(ClientError::Incomplete { api: ApiKey::ListOffsets });
        }
        Ok(offsets)
    }

    async fn try_offsets(
        &self,
        topic: &str,
        partitions: &[PartitionIndex],
        at: Timestamp,
    ) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
        let offsets = self.offsets_or_errors(topic, partitions, at).await?;
        let offsets = offsets.into_iter().map(|(partition, offset)| match offset {
            Ok(offset) => Ok((partition, offset)),
            Err(code) => Err(refused(code, topic, partition)),
        });
        offsets.collect()
    }
}

fn refused(code: ErrorCode, topic: &str, partition: PartitionIndex) -> ClientError {
    let action = format!("look up offsets of partition {partition} of topic '{topic}'");
    ClientError::Refused { action, code, message: None }
}
