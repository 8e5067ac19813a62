//! Tidemill: a message broker for Linux, one durable log per core, behind unmodified Kafka clients.
//!
//! Here is what the bytes mean; see docs/ARCHITECTURE.md for the map.

#![forbid(unsafe_code)]

pub mod admin;
pub mod broker;
pub mod cli;
pub mod config;
pub mod dynamic_config;
pub mod frontend;
pub mod group;
pub mod metrics;
pub mod registry;
pub mod server;
pub mod shard;
pub mod topic_config;
