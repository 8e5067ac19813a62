//! What tasks of one shard use among themselves: no locks, no atomics, no other threads.

mod event;
mod first;
mod gate;
mod join;
mod oneshot;
mod queue;
mod semaphore;

pub use event::Event;
pub use first::first;
pub use gate::{Gate, GateClosed, Pass};
pub use join::for_each_concurrently;
pub use oneshot::{Canceled, Promise, Waiting, promise};
pub use queue::{Queue, QueueClosed};
pub use semaphore::{Permit, Semaphore};
