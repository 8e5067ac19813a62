//! The journal: everything that a shard appends, of all its partitions, in one ring of files.

mod alarm;
pub mod commit;
mod device;
pub mod entry;
mod exposed;
pub mod files;
mod mirror;
pub mod payload;
pub mod safety;
pub mod staging;
pub mod ticket;
pub mod writer;
