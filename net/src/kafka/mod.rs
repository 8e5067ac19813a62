//! Kafka's wire protocol, as of Kafka 4.1: bytes in, values out, and back. Pure: knows no socket
//! and no clock, and not what the messages mean.
//!
//! | key | API | versions | file |
//! |---|---|---|---|
//! | 0 | `Produce` | 3-13 | `api/produce/` |
//! | 1 | `Fetch` | 4-18 | `api/fetch/` |
//! | 2 | `ListOffsets` | 1-10 | `api/list_offsets.rs` |
//! | 3 | `Metadata` | 0-13 | `api/metadata.rs` |
//! | 8 | `OffsetCommit` | 2-9 | `api/offset_commit.rs` |
//! | 9 | `OffsetFetch` | 1-9 | `api/offset_fetch.rs` |
//! | 10 | `FindCoordinator` | 0-6 | `api/find_coordinator.rs` |
//! | 11 | `JoinGroup` | 0-9 | `api/join_group.rs` |
//! | 12 | `Heartbeat` | 0-4 | `api/heartbeat.rs` |
//! | 13 | `LeaveGroup` | 0-5 | `api/leave_group.rs` |
//! | 14 | `SyncGroup` | 0-5 | `api/sync_group.rs` |
//! | 15 | `DescribeGroups` | 0-6 | `api/describe_groups.rs` |
//! | 16 | `ListGroups` | 0-5 | `api/list_groups.rs` |
//! | 18 | `ApiVersions` | 0-4 | `api/api_versions.rs` |
//! | 19 | `CreateTopics` | 2-7 | `api/create_topics.rs` |
//! | 20 | `DeleteTopics` | 1-6 | `api/delete_topics.rs` |
//! | 21 | `DeleteRecords` | 0-2 | `api/delete_records.rs` |
//! | 22 | `InitProducerId` | 0-5 | `api/init_producer_id.rs` |
//! | 23 | `OffsetForLeaderEpoch` | 2-4 | `api/offset_for_leader_epoch.rs` |
//! | 32 | `DescribeConfigs` | 1-4 | `api/describe_configs.rs` |
//! | 33 | `AlterConfigs` | 0-2 | `api/alter_configs.rs` |
//! | 34 | `AlterReplicaLogDirs` | 1-2 | `api/alter_replica_log_dirs.rs` |
//! | 35 | `DescribeLogDirs` | 1-4 | `api/describe_log_dirs.rs` |
//! | 37 | `CreatePartitions` | 0-3 | `api/create_partitions.rs` |
//! | 42 | `DeleteGroups` | 0-2 | `api/delete_groups.rs` |
//! | 43 | `ElectLeaders` | 0-2 | `api/elect_leaders.rs` |
//! | 44 | `IncrementalAlterConfigs` | 0-1 | `api/incremental_alter_configs.rs` |
//! | 45 | `AlterPartitionReassignments` | 0-1 | `api/alter_partition_reassignments.rs` |
//! | 46 | `ListPartitionReassignments` | 0-0 | `api/list_partition_reassignments.rs` |
//! | 47 | `OffsetDelete` | 0-0 | `api/offset_delete.rs` |
//! | 55 | `DescribeQuorum` | 0-2 | `api/describe_quorum.rs` |
//! | 60 | `DescribeCluster` | 0-2 | `api/describe_cluster.rs` |
//! | 61 | `DescribeProducers` | 0-0 | `api/describe_producers.rs` |
//! | 68 | `ConsumerGroupHeartbeat` | 0-1 | `api/consumer_group_heartbeat.rs` |
//! | 69 | `ConsumerGroupDescribe` | 0-1 | `api/consumer_group_describe.rs` |
//! | 74 | `ListConfigResources` | 0-1 | `api/list_config_resources.rs` |
//! | 75 | `DescribeTopicPartitions` | 0-0 | `api/describe_topic_partitions.rs` |
//!
//! All of them go all four ways: the broker decodes requests and encodes responses, clients the
//! reverse. What is decoded borrows the frame and owns no memory, so no length from the wire can
//! make anybody reserve any. What is encoded goes into buffers that the caller uses again.
//!
//! The request header is version 2 for flexible versions and 1 otherwise, the response header 1
//! and 0, but for `ApiVersions`, whose response header is always 0; see [`version::Version`].
//!
//! A broker's way through, from a frame without its length prefix:
//!
//! ```
//! use net::kafka::api::produce::{PartitionProduceResponse, ProduceRequest};
//! use net::kafka::api::produce::ProduceResponseEncoder;
//! use net::kafka::header::{Asked, Preamble, RequestHeader};
//! use net::kafka::message::Request;
//! use net::kafka::reply::Reply;
//! use net::kafka::wire::Reader;
//! use record::Offset;
//!
//! # let v = net::kafka::api_key::ApiKey::Produce.version(9)?;
//! # use net::kafka::{api::produce::{Acks, PartitionProduce, TopicProduce}, header::CorrelationId};
//! # let records: &[u8] = &[7; 61];
//! # let partition = record::PartitionIndex(3);
//! # let partitions = [PartitionProduce { partition, records: Some(records.into()) }];
//! # let topics =
//! #     [TopicProduce { name: "t", partitions: (&partitions).into(), ..Default::default() }];
//! # let request =
//! #     ProduceRequest { acks: Acks::ALL, topics: (&topics).into(), ..Default::default() };
//! # let correlation_id = CorrelationId(1);
//! # let header = RequestHeader { version: v, correlation_id, client_id: None };
//! # let mut frame = Vec::new();
//! # request.encode_frame(header, &mut frame)?;
//! # let mut frame = frame.split_off(4);
//! # let mut reply: Reply<&[u8]> = Reply::new();
//! let mut r = Reader::request(&frame);
//! let preamble = Preamble::read(&mut r)?;
//! let Asked::For(version) = preamble.asked() else { panic!("answer or close") };
//! let header = RequestHeader::read_after(preamble, version, &mut r)?;
//! let request = ProduceRequest::decode(version, &mut r)?;
//!
//! // Where each partition's records stand, to assign offsets in place later.
//! let slots: Vec<_> = request.slots().map(|slot| (slot.partition, slot.records)).collect();
//!
//! let topics = request.topics.len();
//! let correlation_id = header.correlation_id;
//! let mut answer = ProduceResponseEncoder::begin(&mut reply, version, correlation_id, topics)?;
//! for topic in request.topics {
//!     answer.topic(topic.name, topic.id, topic.partitions.len())?;
//!     for partition in topic.partitions {
//!         let partition = partition.partition;
//!         let base_offset = Offset(42);
//!         answer.partition(&PartitionProduceResponse {
//!             partition,
//!             base_offset,
//!             ..Default::default()
//!         })?;
//!     }
//! }
//! answer.end(0, &[])?;
//!
//! // The request is not used any more, so the frame can be written to.
//! for (_, records) in slots {
//!     let batch = records.and_then(|range| frame.get_mut(range));
//!     if let Some(base_offset) = batch.and_then(|batch| batch.first_chunk_mut()) {
//!         *base_offset = 42_i64.to_be_bytes();
//!     }
//! }
//! # assert_eq!(reply.parts().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! And a Fetch response whose records stay where they are:
//!
//! ```
//! use net::kafka::api::fetch::{FetchResponseEncoder, FetchResponseHead, PartitionData};
//! use net::kafka::api_key::ApiKey;
//! use net::kafka::header::CorrelationId;
//! use net::kafka::reply::{Extent, Part, Reply};
//! use record::{Offset, PartitionIndex, TopicId};
//!
//! /// What the broker knows about bytes that it will send later.
//! struct SegmentRange {
//!     len: usize,
//! }
//!
//! impl Extent for SegmentRange {
//!     fn len(&self) -> usize {
//!         self.len
//!     }
//! }
//!
//! let version = ApiKey::Fetch.version(13)?;
//! let mut reply = Reply::new();
//! let head = FetchResponseHead::default();
//! let mut answer = FetchResponseEncoder::begin(&mut reply, version, CorrelationId(7), head, 1)?;
//! answer.topic("", TopicId([1; 16]), 1)?;
//! let partition = PartitionIndex(0);
//! let data = PartitionData { partition, high_watermark: Offset(100), ..Default::default() };
//! answer.partition(&data, [SegmentRange { len: 1 << 20 }])?;
//! answer.end(&[])?;
//!
//! for part in reply.parts() {
//!     match part {
//!         Part::Bytes(bytes) => assert!(bytes.len() < 100),
//!         Part::Extent(range) => assert_eq!(range.len, 1 << 20),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod api;
pub mod api_key;
pub mod config;
pub mod consumer_protocol;
pub mod error_code;
pub mod frame;
pub mod group;
pub mod header;
pub mod isolation;
pub mod leader;
pub mod message;
pub mod reply;
pub mod version;
pub mod wire;

mod announced;

#[cfg(test)]
mod tests;
