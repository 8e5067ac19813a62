//! Why a run folder can not be read or written.

use std::io;
use std::path::{Path, PathBuf};

/// What is wrong, and with which file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The kernel refused something.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file is larger than any run makes it.
    #[error("{path} is larger than {bytes_max} bytes", path = path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// What would be read.
        bytes_max: u64,
    },
    /// A file is no JSON, or not the JSON that was agreed on.
    #[error("{path}: {source}", path = path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Another version wrote it.
    #[error("{path} has format {format}, only 1 is known", path = path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What it says.
        format: u32,
    },
    /// A file with lines is not as agreed.
    #[error("{path}: {source}", path = path.display())]
    Lines {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: LineError,
    },
    /// A directory holds no run and no runs.
    #[error("{path} holds no run.json, nor does a directory in it", path = path.display())]
    NoRun {
        /// Which.
        path: PathBuf,
    },
    /// A series is longer than any that is made.
    #[error("{path} holds more than {runs_max} runs", path = path.display())]
    TooMany {
        /// Which.
        path: PathBuf,
        /// As many would be read.
        runs_max: usize,
    },
    /// Histograms do not add up, or one can not be written.
    #[error("the histograms can not be added up or written")]
    Histogram,
}

/// A line that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct LineError {
    /// From 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) what: &'static str,
}

/// Names what was tried when the kernel refuses it.
pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    move |source| FolderError::Io { action, path, source }
}
