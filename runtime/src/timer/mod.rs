//! Deadlines of one shard. Pure: what time it is comes as an argument.

mod wheel;

pub use wheel::{RESOLUTION_US, TimerId, TimerWheel};
