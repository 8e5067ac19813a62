//! The offsets that a group has committed, whichever kind of group it is.
//!
//! Whether somebody may commit is the group's to say, as is which offsets may expire
//! ([`OffsetExpiry`]). Offsets are kept as they are written, so that replaying the records gives
//! the same ones. Changes count at once: an answer, of a fetch too, must not leave before the
//! records of earlier changes are durable.

mod commit;
mod expiry;
mod group_offsets;

#[cfg(test)]
mod tests;

pub use commit::{Commit, Committed, OffsetError, OffsetsConfig};
pub use expiry::OffsetExpiry;
pub use group_offsets::GroupOffsets;
