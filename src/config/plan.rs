//! What a configuration comes to on one machine: the numbers that were left to the broker.

/// What of the machine a configuration depends on; asked once at the start and given.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Memory that the process may have, in bytes: the machine's, or its control group's.
    pub memory_bytes: u64,
    /// The cores of the process's affinity mask, ascending; not empty.
    pub cores: Vec<usize>,
    /// The limit of open files, after it was raised.
    pub open_files: u64,
}

/// One shard's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardPlan {
    /// The core that it runs on. Several shards share one where there are more shards than cores.
    pub core: usize,
}

/// How the broker is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The shards, in their order.
    pub shards: Vec<ShardPlan>,
    /// The cores of housekeeping and control.
    pub housekeeping: Vec<usize>,
    /// Recent records that each shard keeps in memory, in bytes.
    pub tail_bytes: u64,
    /// Connections at once, in all shards, that the limit of open files has room for.
    pub connections_max: u32,
    /// Descriptors of segments that each shard keeps open.
    pub segment_files: u64,
    /// Partitions that each shard holds at most.
    pub partitions_max: u64,
}
