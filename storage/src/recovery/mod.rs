//! Recovery: checkpoint, then journal replay, then serve.
//!
//! Scanning finds commits in the journal's files; choosing decides which of them are valid and
//! where the journal ends; replaying makes logs of them. All three are pure; reading is
//! [`journal`]'s.

pub(crate) mod choose;
pub mod journal;
pub(crate) mod mirror;
mod peek;
mod pieces;
mod replay;
pub(crate) mod scan;

pub use journal::{JournalContents, RecoveryError};
pub use scan::{Flushed, FoundCommit, scan_file};

use crate::identity::{CommitSequence, Generation};
use crate::log::LogStatus;
use crate::log::state::LogState;
use crate::segment::name::SegmentName;

/// A log as one journal knows it.
pub struct RecoveredLog {
    /// Its state, with the unflushed bytes in its tail.
    pub state: LogState,
    /// Whether it can be used.
    pub status: LogStatus,
    /// Segments that lie before the log's start; their files may still be there.
    pub gone: Vec<SegmentName>,
    /// The start and commit of the last thing known of it: where two journals know a log, the
    /// higher one is right.
    pub known_at: (Generation, CommitSequence),
}
