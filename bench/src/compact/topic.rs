//! The compacted topic: filled, its configurations changed, and read back record by record.

use core::net::SocketAddr;

use net::kafka::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use net::kafka::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use net::kafka::api::produce::{
    Acks, PartitionProduce, ProduceRequest, ProduceResponse, TopicProduce,
};
use net::kafka::api_key::ApiKey;
use net::kafka::config::{ConfigOperation, ResourceType};
use net::kafka::error_code::ErrorCode;
use record::{
    BatchBuilder, BatchView, Decompressor, NewRecord, Offset, PartitionIndex, Seal, Timestamp,
};
use runtime::{Runtime, RuntimeConfig, block_on};

use super::content::Content;
use crate::client::Client;
use crate::error::BenchError;

/// Bytes of a batch that the topic is filled with, about.
const BATCH_BYTES: usize = 1_000_000;
const FETCH_BYTES: i32 = 4 << 20;
const TIMEOUT_MS: i32 = 60_000;

/// The topic, of one partition.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub(super) address: SocketAddr,
    pub(super) name: &'static str,
    pub(super) content: Content,
}

/// What was read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// Records before the end of what was compacted: one a key.
    pub(super) compacted: u64,
    /// Records behind it: all that were produced.
    pub(super) behind: u64,
}

impl Topic {
    /// Appends records from offset `from` on, of about `bytes` in all; returns the end.
    pub(super) fn fill(&self, from: Offset, bytes: u64) -> Result<Offset, BenchError> {
        let this = self.clone();
        block_on(RuntimeConfig::default(), move |runtime| async move {
            let mut client = Client::connect(&runtime, this.address, 1 << 16).await?;
            let (mut offset, mut left) = (from, bytes);
            while left > 0 {
                let (batch, next) = this.batch(offset)?;
                this.append(&mut client, &batch, offset).await?;
                (offset, left) = (next, left.saturating_sub(batch.len() as u64));
            }
            Ok(offset)
        })?
    }

    /// The batch at an offset, and the offset behind it.
    fn batch(&self, from: Offset) -> Result<(Vec<u8>, Offset), BenchError> {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        let (mut builder, mut offset, mut bytes) = (BatchBuilder::new(), from, 0);
        let timestamp = Timestamp(runtime::wall_millis());
        while bytes < BATCH_BYTES {
            Content::key(self.content.key_number(offset), &mut key);
            let there = self.content.value(offset, &mut value);
            let given = there.then_some(value.as_slice());
            builder.append(&NewRecord {
                timestamp,
                key: Some(&key),
                value: given,
                headers: &[],
            })?;
            offset = Offset(offset.0 + 1);
            bytes += key.len() + value.len() + 8;
        }
        Ok((builder.seal(&Seal::default())?, offset))
    }

    async fn append(
        &self,
        client: &mut Client,
        batch: &[u8],
        base: Offset,
    ) -> Result<(), BenchError> {
        let partition = PartitionIndex(0);
        let partitions = [PartitionProduce { partition, records: Some(batch.into()) }];
        let topics = [TopicProduce {
            name: self.name,
            partitions: (&partitions).into(),
            ..TopicProduce::default()
        }];
        let (acks, topics) = (Acks::ALL, (&topics).into());
        let timeout_ms = TIMEOUT_MS;
        let request = ProduceRequest { acks, timeout_ms, topics, ..ProduceRequest::default() };
        let answer = client.ask(ApiKey::Produce.version(7)?, &request).await?;
        let response: ProduceResponse<'_> = answer.decode()?;
        let topic = response.topics.iter().next();
        let partition = topic.and_then(|topic| topic.partitions.iter().next());
        let partition = partition.ok_or(BenchError::Nothing("an answer without the partition"))?;
        refuse("a batch", partition.error_code)?;
        if partition.base_offset != base {
            return Err(BenchError::Nothing("somebody else writes to the topic"));
        }
        Ok(())
    }

    /// Sets a configuration.
    pub(super) fn set(&self, name: &'static str, value: &'static str) -> Result<(), BenchError> {
        set(self.address, (ResourceType::TOPIC, self.name), (name, Some(value)))
    }

    /// Reads all records up to `end`: before `compacted` exactly the last of each key, behind it
    /// all that were produced, each with its key and value.
    pub(super) fn check(&self, compacted: Offset, end: Offset) -> Result<Checked, BenchError> {
        let this = self.clone();
        block_on(RuntimeConfig::default(), move |runtime| async move {
            let last = this.content.last_offsets(compacted);
            let checked = this.read(&runtime, compacted, end, &last).await?;
            let keys = last.iter().filter(|offset| **offset >= Offset::ZERO).count();
            if checked.compacted != keys as u64 {
                return Err(BenchError::Nothing("a key is missing"));
            }
            if checked.behind != compacted.distance_to(end).unsigned_abs() {
                return Err(BenchError::Nothing("a record behind the compacted ones is missing"));
            }
            Ok(checked)
        })?
    }

    async fn read(
        &self,
        runtime: &Runtime,
        compacted: Offset,
        end: Offset,
        last: &[Offset],
    ) -> Result<Checked, BenchError> {
        let mut client = Client::connect(runtime, self.address, 5 << 20).await?;
        let (mut offset, mut checked) = (Offset::ZERO, Checked::default());
        let (mut scratch, mut before) = (Decompressor::new(), Offset::NONE);
        while offset < end {
            let bytes = self.fetch(&mut client, offset).await?;
            let (mut rest, from) = (bytes.as_slice(), offset);
            while let Ok((batch, behind)) = BatchView::parse(rest) {
                if !batch.crc_is_valid() {
                    return Err(BenchError::Nothing("a batch's checksum is wrong"));
                }
                let records = batch.records(&mut scratch, 64 << 20);
                let records = records.map_err(|_| BenchError::Nothing("a batch is damaged"))?;
                for record in &records {
                    let record = record.map_err(|_| BenchError::Nothing("a record is damaged"))?;
                    let found = records.offset(&record);
                    if found <= before {
                        return Err(BenchError::Nothing("offsets do not rise"));
                    }
                    before = found;
                    self.check_record(found, record.key, record.value)?;
                    let number = usize::try_from(self.content.key_number(found)).ok();
                    if found >= compacted {
                        checked.behind += 1;
                    } else if number.and_then(|number| last.get(number)) == Some(&found) {
                        checked.compacted += 1;
                    } else {
                        return Err(BenchError::Nothing("a record that comes again later"));
                    }
                }
                (offset, rest) = (batch.next_offset(), behind);
            }
            if offset == from {
                return Err(BenchError::Nothing("an answer without a whole batch"));
            }
        }
        Ok(checked)
    }

    fn check_record(
        &self,
        offset: Offset,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), BenchError> {
        let (mut wanted_key, mut wanted) = (Vec::new(), Vec::new());
        Content::key(self.content.key_number(offset), &mut wanted_key);
        let there = self.content.value(offset, &mut wanted);
        if key != Some(wanted_key.as_slice()) || value != there.then_some(wanted.as_slice()) {
            return Err(BenchError::Nothing("a record is not what was produced there"));
        }
        Ok(())
    }

    async fn fetch(
        &self,
        client: &mut Client,
        fetch_offset: Offset,
    ) -> Result<Vec<u8>, BenchError> {
        let partitions = [FetchPartition {
            partition: PartitionIndex(0),
            fetch_offset,
            max_bytes: FETCH_BYTES,
            ..FetchPartition::default()
        }];
        let topics = [FetchTopic {
            name: self.name,
            partitions: (&partitions).into(),
            ..FetchTopic::default()
        }];
        let request = FetchRequest {
            max_wait_ms: 0,
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            topics: (&topics).into(),
            ..FetchRequest::default()
        };
        let answer = client.ask(ApiKey::Fetch.version(11)?, &request).await?;
        let response: FetchResponse<'_> = answer.decode()?;
        refuse("a fetch", response.error_code)?;
        let topic = response.topics.iter().next();
        let partition = topic.and_then(|topic| topic.partitions.iter().next());
        let partition = partition.ok_or(BenchError::Nothing("an answer without the partition"))?;
        refuse("a fetch", partition.data.error_code)?;
        Ok(partition.records.map_or_else(Vec::new, |records| records.bytes().to_vec()))
    }
}

/// Sets a configuration of a resource of that kind and name; no value lets the default be.
pub(super) fn set(
    address: SocketAddr,
    (resource_type, resource_name): (ResourceType, &'static str),
    (name, value): (&'static str, Option<&'static str>),
) -> Result<(), BenchError> {
    block_on(RuntimeConfig::default(), move |runtime| async move {
        let mut client = Client::connect(&runtime, address, 1 << 16).await?;
        let config_operation =
            if value.is_some() { ConfigOperation::SET } else { ConfigOperation::DELETE };
        let configs = [AlterableConfig { name, config_operation, value }];
        let configs = (&configs).into();
        let resources = [AlterConfigsResource { resource_type, resource_name, configs }];
        let resources = (&resources).into();
        let request = IncrementalAlterConfigsRequest { resources, validate_only: false };
        let answer = client.ask(ApiKey::IncrementalAlterConfigs.version(1)?, &request).await?;
        let response: IncrementalAlterConfigsResponse<'_> = answer.decode()?;
        let first = response.responses.iter().next();
        refuse("a configuration", first.map_or(ErrorCode::NONE, |first| first.error_code))
    })?
}

fn refuse(what: &'static str, code: ErrorCode) -> Result<(), BenchError> {
    if code.is_none() { Ok(()) } else { Err(BenchError::Refused { what, code }) }
}
