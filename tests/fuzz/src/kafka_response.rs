//! Responses: what decodes can be encoded, and comes back the same.

use net::kafka::api_key::ApiKey;
use net::kafka::header::ResponseHeader;
use net::kafka::message::ResponseBody;
use net::kafka::version::Version;
use net::kafka::wire::{DecodeError, Reader, Writer};

/// The first four bytes are API key and version, the rest is a frame without its length.
pub(crate) fn check(data: &[u8]) {
    let Some((version, Ok((header, body)))) = decode(data) else { return };
    let encoded = encode(version, header, body);
    let (_, again) = decode(&encoded).expect("is asked for");
    let again = again.expect("what was encoded decodes");
    assert_eq!(again, (header, body));
    assert_eq!(encode(version, again.0, again.1), encoded);
}

type Decoded<'a> = Result<(ResponseHeader, ResponseBody<'a>), DecodeError>;

/// Header and body; `None` for what the codec does not know.
pub(crate) fn decode(data: &[u8]) -> Option<(Version, Decoded<'_>)> {
    let (key, rest) = data.split_first_chunk()?;
    let (number, frame) = rest.split_first_chunk()?;
    let api = ApiKey::from_code(i16::from_be_bytes(*key))?;
    let version = api.version(i16::from_be_bytes(*number)).ok()?;
    let mut r = Reader::response(frame);
    let decoded = ResponseHeader::read(version, &mut r).and_then(|header| {
        let body = ResponseBody::decode(version, &mut r)?;
        Ok((header, body))
    });
    Some((version, decoded))
}

fn encode(version: Version, header: ResponseHeader, body: ResponseBody<'_>) -> Vec<u8> {
    let mut bytes = version.api().code().to_be_bytes().to_vec();
    bytes.extend_from_slice(&version.number().to_be_bytes());
    let mut w = Writer::new(&mut bytes);
    header.write(version, &mut w);
    body.encode(version, &mut w).expect("what was decoded can be encoded");
    bytes
}
