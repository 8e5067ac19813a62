//! Consumer groups, whichever protocol asked: who is in a group, who reads what, how far it got.
//!
//! A group's state changes by [`effects::Effects`] alone: records for `__consumer_offsets`, and
//! answers to those who wait. Answers leave once all records before them are durable, so what a
//! member was told survives a power cut. The state machines read no clock: `now` is an argument.

pub mod classic;
pub mod consumer;
pub mod coordinator;
pub mod effects;
pub mod id;
pub mod log;
pub mod offsets;
