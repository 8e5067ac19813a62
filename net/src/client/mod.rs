//! A Kafka client on the runtime: what the broker's own commands and benchmarks talk through.
//!
//! - [`Connection`]: one TCP connection, requests pipelined, answers by correlation id.
//! - [`Client`]: a cluster: who leads what, and a connection to each broker that is asked.
//! - [`Admin`]: topics and their configurations.
//! - [`Groups`]: consumer groups, and how far they have read.
//! - [`Producer`]: records in batches, idempotent if every replica in sync must acknowledge.
//! - [`Consumer`]: the records of a topic's partitions, from a given place, no group.
//!
//! Everything is bounded: frames, requests under way, buffered records, retries and waits, each by
//! a constant beside it or a field of its configuration. Nothing here decides by a clock or a
//! random number of its own; time is the runtime's.

mod admin;
mod backoff;
mod cluster;
mod connection;
mod consumer;
mod endpoint;
mod error;
mod groups;
mod metadata;
mod offsets;
mod partitioner;
mod producer;
mod versions;

pub use admin::{Admin, ConfigChange, ConfigEntry, ConfigResource, NewTopic};
pub use cluster::{Client, ClientConfig};
pub use connection::{Answer, Awaiting, Connection, ConnectionConfig};
pub use consumer::{ConsumedRecord, Consumer, ConsumerConfig, Fetched, StartAt};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{ClientError, ConnectionError};
pub use groups::{
    GroupDescription, GroupListing, GroupMember, GroupProtocol, Groups, TopicOffsets,
    TopicPartitions,
};
pub use metadata::{BrokerInfo, ClusterMetadata, PartitionInfo, TopicInfo};
pub use partitioner::{StickyPartition, murmur2, partition_of_key};
pub use producer::{Acknowledgement, NewMessage, Producer, ProducerConfig, Tally};
pub use versions::Versions;
