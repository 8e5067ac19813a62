//! The registry: which topics there are, and what was promised about them.
//!
//! Shard 0 keeps it as a log on its journal. An event is durable, then applied by every shard,
//! then answered and visible. The state machine is pure; the log and the commands are around it.

mod alteration;
pub mod authority;
pub mod command;
pub mod event;
pub mod log;
pub mod state;
