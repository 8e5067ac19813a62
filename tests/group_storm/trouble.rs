//! Why a member can not go on as it meant to.

use std::io;

use kafka_protocol::error::ResponseError;

/// It was told so, or its connection broke.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The broker refuses, for this reason.
    Refused(ResponseError),
    /// The broker is gone, and what was asked of it may be done or not.
    Broken(io::Error),
}

impl From<ResponseError> for Trouble {
    fn from(error: ResponseError) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
