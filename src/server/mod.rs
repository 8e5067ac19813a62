//! The broker as a process: start, listeners, stop.

pub mod boot;
pub mod listener;
pub mod migrate;
pub mod order;
pub mod report;
pub mod shard_main;
