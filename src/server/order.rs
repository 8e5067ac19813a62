//! What the process tells its shards to do, and what they tell it: one step at a time, so that no
//! shard serves before all are up, and none leaves before all are drained.

use core::net::SocketAddr;

use record::ShardId;
use storage::open::OpenReport;

/// An order to one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The new shard count is durable: let go of the old journals.
    Migrated,
    /// Shard 0: read the registry and tell every shard its topics.
    LoadTopics,
    /// Take requests. Shard 0 listens.
    Serve,
    /// Refuse what is new, answer long polls, drain.
    Quiesce,
    /// Make everything durable, write a checkpoint, and end.
    Stop,
}

/// What a shard says.
#[derive(Debug)]
pub enum Event {
    /// Its storage is open; with a changed shard count, its share of the logs is in its journal.
    Opened(ShardId, Box<OpenReport>),
    /// An order was carried out.
    Done(ShardId, Order),
    /// Shard 0 listens at this address.
    Listening(SocketAddr),
    /// It can not go on.
    Failed(ShardId, String),
    /// The process was asked to end, by this signal.
    Signal(&'static str),
}
