//! What the housekeeping thread can be asked to do.

use std::path::PathBuf;

/// What a scan does with the bytes.
pub(super) type Step = Box<dyn FnOnce(&[u8]) + Send>;

/// Work on memory that it owns.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// One job.
pub(super) enum Job {
    /// Creates a file of zeros, written and synced.
    Prewrite {
        /// Where.
        path: PathBuf,
        /// How many bytes.
        len: u64,
    },
    /// Reads a file's front and gives it to a step.
    Scan {
        /// Which file.
        path: PathBuf,
        /// How many bytes at most.
        len: u64,
        /// What to do with them.
        step: Step,
    },
    /// Computes.
    Compute {
        /// What.
        work: Work,
    },
    /// Gives way to whatever else runs, from here on.
    LowerPriority,
    /// Removes files.
    Unlink {
        /// Which.
        paths: Vec<PathBuf>,
    },
}

/// A job was done; what it found went to its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done;
