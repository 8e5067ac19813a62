//! What the suites that drive a real broker share: the process, a small client, its records.
//!
//! The client knows nothing of this tree: it speaks over a plain socket and encodes with the crate
//! `kafka-protocol`, which is generated from Kafka's own schemas.

// Each suite is a crate of its own and uses a part.
#![allow(dead_code)]

pub(crate) mod batch;
pub(crate) mod broker;
pub(crate) mod classic_group;
pub(crate) mod configs;
pub(crate) mod connection;
pub(crate) mod consumer_group;
pub(crate) mod directory;
pub(crate) mod dump;
pub(crate) mod fetch;
pub(crate) mod fetch_session;
pub(crate) mod group_admin;
pub(crate) mod metrics;
pub(crate) mod offsets;
pub(crate) mod payload;
pub(crate) mod produce;
pub(crate) mod random;
pub(crate) mod small_disk;
pub(crate) mod topics;
pub(crate) mod values;
