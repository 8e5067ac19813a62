//! Looking at a data directory without changing it: what is there, and what of it is not sound.
//!
//! Read with recovery's own readers, so that what is reported here is what a start would see.
//! Nothing is written, and no lock is taken: that is the caller's.

mod checkpoint;
mod copies;
mod journal;
mod recovered;
mod segment;

pub use checkpoint::{CheckpointReport, Frame, inspect_checkpoint};
pub use copies::{Copies, Copy, inspect_layout, inspect_superblock};
pub use journal::{CommitReport, Gap, JournalFileReport, JournalReport, Standing, inspect_journal};
pub use recovered::{RecoveredReport, inspect_recovery};
pub use segment::{
    BatchReport, IndexFault, IndexReport, SegmentFault, SegmentReport, SegmentToInspect,
    inspect_segment,
};
