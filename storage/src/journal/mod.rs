//! The journal: everything that a shard appends, of all its partitions, in one ring of files.

pub mod commit;
pub mod entry;
pub mod files;
pub mod payload;
pub mod safety;
pub mod staging;
pub mod ticket;
pub mod writer;
