//! One core: a thread with its own `io_uring`, executor, timers, buffers, files and sockets.
//!
//! A shard owns everything that it touches and takes no lock. What crosses between shards goes
//! through the mesh; what crosses to other threads goes through bounded `flume` channels. The
//! kernel is asked through one enum of operations, and an operation owns the memory that the
//! kernel uses until its completion has come, whether or not anybody still waits.
//!
//! This is the only crate with `unsafe`. It knows no batch, no partition, no protocol and no
//! configuration file: it moves bytes and wakes tasks.

pub mod affinity;
mod bell;
pub mod buffer;
mod clock;
mod connect;
mod descriptor;
mod directory;
mod driver;
mod entropy;
mod error;
mod executor;
mod file;
pub mod floor;
pub mod hash;
mod housekeeping;
mod input;
pub mod local;
mod lock;
pub mod mesh;
mod program;
mod resolve;
mod shard;
mod shared_file;
pub mod signal;
mod sleep;
mod small_file;
mod socket;
mod splice;
mod sync;
pub mod timer;

pub use bell::Bell;
pub use clock::{Instant, wall_millis};
pub use directory::{
    Metadata, Volume, absolute_path, create_directory, create_directory_all, free_bytes,
    list_directory, metadata, remove_directory, remove_directory_all, remove_empty_directory,
    remove_file, rename, sync_directory, volume,
};
pub use driver::op::Piece;
pub use driver::probe::{RingFeatures, probe};
pub use driver::provided::ProvidedLayout;
pub use entropy::fill_random;
pub use error::StartError;
pub use executor::task::Task;
pub use executor::{DEVICE_SPIN, IdlePolicy, Runtime, RuntimeConfig};
pub use file::{Advice, Barrier, File, OpenOptions};
pub use housekeeping::Housekeeping;
pub use input::StandardInput;
pub use lock::DirectoryLock;
pub use program::replace_program;
pub use resolve::resolve;
pub use shard::{ShardJoin, ShardThread, block_on, raise_open_files_limit};
pub use shared_file::SharedFile;
pub use sleep::Sleep;
pub use small_file::{
    overwrite_small_file, read_small_file, remove_small_file_durably, write_small_file_durably,
};
pub use socket::{Listener, ReceiveBuffer, Received, Stream};
pub use splice::Pipes;
