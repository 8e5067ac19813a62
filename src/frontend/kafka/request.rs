//! One request as it is dispatched: header read, body not yet.

use net::kafka::api_key::ApiKey;
use net::kafka::header::{Asked, CorrelationId, Preamble, RequestHeader};
use net::kafka::version::Version;
use net::kafka::wire::{DecodeError, Reader};
use runtime::Instant;

/// What is known of a request before its body is decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// The API and its version.
    pub(super) version: Version,
    /// The number to answer with.
    pub(super) correlation_id: CorrelationId,
    /// When its last byte was here.
    pub(super) received: Instant,
}

/// What a frame asks for.
pub(super) enum Opened<'a> {
    /// Something that is served; the reader stands at the body.
    For(Head, Reader<'a>),
    /// `ApiVersions` in a version from the future.
    NewerApiVersions(CorrelationId),
}

/// Why a connection is ended from this side.
#[derive(Debug, thiserror::Error)]
pub(super) enum Hangup {
    /// The frame is not a request that this broker knows; Kafka closes the connection too.
    #[error("API key {key} version {version} is not supported")]
    Unsupported {
        /// The key.
        key: i16,
        /// The version.
        version: i16,
    },
    /// The frame can not be decoded.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// Its length makes no sense or is over the limit.
    #[error("{0}")]
    Frame(#[from] net::kafka::frame::FrameError),
    /// A response can not be encoded.
    #[error("{0}")]
    Encode(#[from] net::kafka::wire::EncodeError),
    /// The socket.
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    /// A produce without acknowledgement failed: closing is the only way to say so.
    #[error("a produce with acks=0 failed: {0}")]
    Unacknowledged(String),
    /// Bytes of an answer that was begun are gone.
    #[error("records of an answer are gone: {0}")]
    Records(String),
    /// A large frame came too slowly while others waited for its memory.
    #[error("a large request came too slowly")]
    Slow,
    /// The broker stops, or the connection was idle for too long.
    #[error("the broker closes the connection")]
    Closing,
}

/// Reads a frame's header; `frame` is without its length.
pub(super) fn open(frame: &[u8], received: Instant) -> Result<Opened<'_>, Hangup> {
    let mut reader = Reader::request(frame);
    let preamble = Preamble::read(&mut reader)?;
    let correlation_id = preamble.correlation_id;
    match preamble.asked() {
        Asked::For(version) => {
            RequestHeader::read_after(preamble, version, &mut reader)?;
            Ok(Opened::For(Head { version, correlation_id, received }, reader))
        }
        Asked::NewerApiVersions => Ok(Opened::NewerApiVersions(correlation_id)),
        Asked::UnsupportedVersion(_) | Asked::UnknownApi => {
            Err(Hangup::Unsupported { key: preamble.api_key, version: preamble.api_version })
        }
    }
}

impl Head {
    /// The API.
    pub(super) fn api(&self) -> ApiKey {
        self.version.api()
    }
}
