//! What stands before every body: which API and version, which request, which client.
//!
//! ```text
//! request                                   response
//! 0  api key (int16)      } preamble: the   0  correlation id (int32)
//! 2  api version (int16)  } same for all    4  from version 1: tagged fields
//! 4  correlation id (int32)
//! 8  client id: nullable string with an int16 length, in version 2 too (KIP-482)
//!    from version 2: tagged fields
//! ```

use std::fmt;

use crate::kafka::api_key::ApiKey;
use crate::kafka::version::Version;
use crate::kafka::wire::{DecodeError, EncodeError, Reader, Wire, Writer, wire_newtype};

/// A client's number for a request, given back with its response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorrelationId(pub i32);

wire_newtype!(CorrelationId(i32));

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The eight bytes that every request starts with, whatever its API and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// The API, maybe unknown.
    pub api_key: i16,
    /// The version, maybe not supported.
    pub api_version: i16,
    /// The number to answer with.
    pub correlation_id: CorrelationId,
}

/// What a request asks for, as far as its preamble tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Something that this codec decodes.
    For(Version),
    /// `ApiVersions` in a version from the future: not decoded further, but answered in version 0
    /// with `UNSUPPORTED_VERSION` and the versions that are (KIP-511); see
    /// [`crate::kafka::api::api_versions::ApiVersionsResponse::UNSUPPORTED`].
    NewerApiVersions,
    /// A known API in an unsupported version. Kafka closes the connection.
    UnsupportedVersion(ApiKey),
    /// An unknown API. Kafka closes the connection.
    UnknownApi,
}

impl Preamble {
    /// Reads the preamble.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let named = |error: DecodeError| error.in_field("Preamble");
        Ok(Self {
            api_key: r.i16().map_err(named)?,
            api_version: r.i16().map_err(named)?,
            correlation_id: r.i32().map(CorrelationId).map_err(named)?,
        })
    }

    /// What is asked for.
    pub fn asked(self) -> Asked {
        let Some(api) = ApiKey::from_code(self.api_key) else { return Asked::UnknownApi };
        match api.version(self.api_version) {
            Ok(version) => Asked::For(version),
            Err(_) if api == ApiKey::ApiVersions => Asked::NewerApiVersions,
            Err(_) => Asked::UnsupportedVersion(api),
        }
    }
}

/// The header of a request that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// The API and its version.
    pub version: Version,
    /// The number to answer with.
    pub correlation_id: CorrelationId,
    /// The client's name for itself.
    pub client_id: Option<&'a str>,
}

impl<'a> RequestHeader<'a> {
    /// Reads what follows the preamble; `version` is from [`Preamble::asked`].
    pub fn read_after(
        preamble: Preamble,
        version: Version,
        r: &mut Reader<'a>,
    ) -> Result<Self, DecodeError> {
        assert_eq!(preamble.api_key, version.api().code(), "the version is this preamble's");
        let client_id = r
            .nullable_string(short_lengths())
            .map_err(|error| error.in_field("RequestHeader.client_id"))?;
        r.skip_tags(version).map_err(|error| error.in_field("RequestHeader"))?;
        Ok(Self { version, correlation_id: preamble.correlation_id, client_id })
    }

    /// Appends the header, preamble included.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.i16(self.version.api().code());
        w.i16(self.version.number());
        w.i32(self.correlation_id.0);
        w.nullable_string(short_lengths(), self.client_id)?;
        w.tag_count(self.version, 0);
        Ok(())
    }
}

/// A version whose strings have int16 lengths, for the client id, which never became compact: a
/// broker must find it in a header whose version it can not know yet.
fn short_lengths() -> Version {
    Version::new(ApiKey::ApiVersions, 0, false)
}

/// The header of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The number of the request that is answered.
    pub correlation_id: CorrelationId,
}

impl ResponseHeader {
    /// Reads the header of the response to a request in the given version.
    pub fn read(version: Version, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let named = |error: DecodeError| error.in_field("ResponseHeader");
        let correlation_id = CorrelationId::read(r, version).map_err(named)?;
        if version.response_header() > 0 {
            r.skip_tags(version).map_err(named)?;
        }
        Ok(Self { correlation_id })
    }

    /// Appends the header of the response to a request in the given version.
    pub fn write(self, version: Version, w: &mut Writer<'_>) {
        w.i32(self.correlation_id.0);
        if version.response_header() > 0 {
            w.tag_count(version, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preamble(bytes: &[u8]) -> Preamble {
        Preamble::read(&mut Reader::request(bytes)).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_known_from_eight_bytes() {
        let asked = |key: i16, version: i16| {
            let [k0, k1] = key.to_be_bytes();
            let [v0, v1] = version.to_be_bytes();
            preamble(&[k0, k1, v0, v1, 0, 0, 0, 9]).asked()
        };
        assert_eq!(asked(1, 12), Asked::For(ApiKey::Fetch.version(12).unwrap()));
        assert_eq!(asked(18, 5), Asked::NewerApiVersions);
        assert_eq!(asked(18, i16::MAX), Asked::NewerApiVersions);
        assert_eq!(asked(0, 2), Asked::UnsupportedVersion(ApiKey::Produce));
        assert_eq!(asked(1, 19), Asked::UnsupportedVersion(ApiKey::Fetch));
        assert_eq!(asked(4, 0), Asked::UnknownApi);
        assert_eq!(asked(-1, 0), Asked::UnknownApi);
    }

    #[test]
    fn the_client_id_is_not_compact_in_header_2() {
        let bytes = [0, 1, 0, 12, 0, 0, 0, 9, 0, 2, b'm', b'e', 1, 5, 1, 0xff, 0x77];
        let mut r = Reader::request(&bytes);
        let preamble = Preamble::read(&mut r).unwrap();
        let version = ApiKey::Fetch.version(12).unwrap();
        let header = RequestHeader::read_after(preamble, version, &mut r).unwrap();
        assert_eq!(header.client_id, Some("me"));
        assert_eq!(header.correlation_id, CorrelationId(9));
        assert_eq!(r.position(), 16, "the unknown tag 5 is skipped");

        let mut written = Vec::new();
        header.write(&mut Writer::new(&mut written)).unwrap();
        assert_eq!(written, [&bytes[..12], &[0]].concat());
    }

    #[test]
    fn an_anonymous_client_has_a_null_id() {
        let bytes = [0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
        let mut r = Reader::request(&bytes);
        let preamble = Preamble::read(&mut r).unwrap();
        let version = ApiKey::Metadata.version(0).unwrap();
        let header = RequestHeader::read_after(preamble, version, &mut r).unwrap();
        assert_eq!(header.client_id, None);
        assert_eq!(r.remaining(), 0);
    }

    #[test]
    fn a_short_preamble_is_refused() {
        for len in 0..8 {
            assert!(Preamble::read(&mut Reader::request(&[0; 8][..len])).is_err());
        }
    }
}
