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
    /// Something that is served; the reader stands at the body. With what the client calls itself.
    For(Head, Reader<'a>, Option<&'a str>),
    /// `ApiVersions` in a version from the future.
    NewerApiVersions(CorrelationId),
}

/// Why a connection is ended from this side.
#[derive(Debug, thiserror::Error)]
pub(super) enum Hangup {
    /// The frame is not a request that this broker serves; Kafka closes the connection too.
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
        Asked::For(version) if version.api().is_advertised() => {
            let header = RequestHeader::read_after(preamble, version, &mut reader)?;
            let head = Head { version, correlation_id, received };
            Ok(Opened::For(head, reader, header.client_id))
        }
        Asked::NewerApiVersions => Ok(Opened::NewerApiVersions(correlation_id)),
        Asked::For(_) | Asked::UnsupportedVersion(_) | Asked::UnknownApi => {
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

#[cfg(test)]
mod tests {
    use net::kafka::api_key::APIS;

    use super::*;

    /// Eight bytes of preamble, no client id, no tagged fields.
    fn frame(version: Version) -> [u8; 11] {
        let [k0, k1] = version.api().code().to_be_bytes();
        let [v0, v1] = version.number().to_be_bytes();
        [k0, k1, v0, v1, 0, 0, 0, 7, 0xff, 0xff, 0]
    }

    #[test]
    fn what_is_not_advertised_is_refused_as_an_unknown_key_is() {
        for version in APIS.iter().flat_map(|spec| spec.key.versions()) {
            let frame = frame(version);
            match open(&frame, Instant::now()) {
                Ok(Opened::For(head, ..)) => {
                    assert!(version.api().is_advertised(), "{version:?}");
                    assert_eq!((head.version, head.correlation_id), (version, CorrelationId(7)));
                }
                Err(Hangup::Unsupported { key, version: number }) => {
                    assert!(!version.api().is_advertised(), "{version:?}");
                    assert_eq!((key, number), (version.api().code(), version.number()));
                }
                _ => panic!("{version:?} is neither opened nor refused"),
            }
        }
    }
}
