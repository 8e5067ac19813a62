//! Memory that the kernel reads and writes: aligned, owned while in flight, frozen before shared.
//!
//! [`DmaBuf`] has one owner and may be written. [`Chunk`] is written once from front to back and
//! gives away what is written as [`Slice`]s, which are read-only and counted. All come from a
//! [`Pool`] and go back to it when the last holder lets go, on whichever shard that happens.

mod block;
mod chunk;
mod dma;
mod pool;
mod slice;
mod usage;

pub use block::BLOCK_ALIGNMENT;
pub use chunk::{Chunk, Part};
pub use dma::DmaBuf;
pub use pool::Pool;
pub use slice::Slice;
pub use usage::Usage;
