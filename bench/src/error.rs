//! What can end a measurement: there is no result then, only a sentence.

use std::io;
use std::path::PathBuf;

use net::http::HttpError;
use net::kafka::api_key::UnsupportedVersion;
use net::kafka::error_code::ErrorCode;
use net::kafka::wire::{DecodeError, EncodeError};
use record::BuildError;
use runtime::StartError;
use runtime::floor::ChildError;

use crate::folder::FolderError;
use crate::{compare, merge};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The kernel refused something.
    #[error("{action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A broker or a floor's server did not start or end well.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The records asked for make no batch.
    #[error("the batch: {0}")]
    Batch(#[from] BuildError),
    /// The arguments make no request.
    #[error("the request: {0}")]
    Encode(#[from] EncodeError),
    /// An answer is not Kafka's.
    #[error("the broker's answer: {0}")]
    Decode(#[from] DecodeError),
    /// The codec lacks a version that is used here.
    #[error(transparent)]
    Version(#[from] UnsupportedVersion),
    /// The broker answered with an error.
    #[error("{what} was refused: {code}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// The error code.
        code: ErrorCode,
    },
    /// The broker's HTTP did not answer.
    #[error("the broker's stages: {0}")]
    Http(#[from] HttpError),
    /// The broker's HTTP answered with what is of no use.
    #[error("the broker's stages: {0}")]
    Stages(&'static str),
    /// A file is not there, or not what it should be.
    #[error("{file}: {what}", file = file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A run folder can not be read or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Two series are not to be compared.
    #[error(transparent)]
    Compare(#[from] compare::Refusal),
    /// Runs are not parts of one.
    #[error(transparent)]
    Merge(#[from] merge::Refusal),
    /// A picture can not be drawn.
    #[error("a picture: {0}")]
    Picture(String),
    /// The arguments do not go together.
    #[error("{0}")]
    Arguments(&'static str),
    /// A client library, or the system behind it, refused something.
    #[cfg(feature = "rivals")]
    #[error("{what}: {said}")]
    Client {
        /// What was tried.
        what: &'static str,
        /// What the library said.
        said: String,
    },
    /// A client library that is measured does not start.
    #[cfg(feature = "librdkafka")]
    #[error("librdkafka: {0}")]
    Library(String),
    /// A run that must not be believed; what it says has been shown.
    #[error("{0} of the runs are invalid")]
    Invalid(usize),
    /// The generator does not report what is known.
    #[error("{0} percentiles of known delays are not reported as they are")]
    SelfTest(usize),
    /// Something was answered that can not be measured.
    #[error("nothing to report: {0}")]
    Nothing(&'static str),
}

/// Names what was tried when the kernel refuses it.
pub(crate) fn io_error(action: &'static str) -> impl FnOnce(io::Error) -> BenchError {
    move |source| BenchError::Io { action, source }
}
