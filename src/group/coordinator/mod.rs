//! The coordinator of the groups in one partition of `__consumer_offsets`: which groups there are,
//! who asks which of them, and what each wants written and answered.
//!
//! Pure: requests, records and the time go in, [`Effects`] come out. State changes before its
//! records are durable, so answers leave in order behind them; if a record can not be written, the
//! coordinator is dropped and made anew from the log.

mod admin;
mod classic;
mod consumer;
mod entry;
mod offsets;
mod replay;
mod request;
mod state;

#[cfg(test)]
mod tests;

pub use request::{
    Answer, CommitOffsets, Committer, DeleteOffsets, FetchOffsets, FetchTopic, FetchedOffset,
    FetchedTopic, GroupError, GroupListing, GroupProtocol, HeartbeatError, NotDescribed, Request,
    Timing,
};
pub use state::{Coordinator, Settings};
