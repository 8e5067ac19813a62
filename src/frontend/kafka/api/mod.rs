//! One file an API: from its request to what the broker does, and back to its response.

mod api_versions;
mod assignment;
mod config_source;
mod create_partitions;
mod create_topics;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_topic_partitions;
pub(super) mod fetch;
mod find_coordinator;
mod group;
mod incremental_alter_configs;
mod init_producer_id;
mod internal;
mod list_offsets;
mod metadata;
mod node;
mod offset_for_leader_epoch;
mod operations;
mod partitions;
pub(super) mod produce;
mod repeated;
