//! Requests: what decodes can be encoded, and comes back the same.

use net::kafka::header::{Asked, Preamble, RequestHeader};
use net::kafka::message::RequestBody;
use net::kafka::wire::{DecodeError, Reader, Writer};

/// `data` is a frame without its length: header and body.
pub(crate) fn check(data: &[u8]) {
    let Some(Ok((header, body))) = decode(data) else { return };
    if let RequestBody::Produce(request) = body {
        for slot in request.slots() {
            let within = slot.records.is_none_or(|range| data.get(range).is_some());
            assert!(within, "records lie within the frame");
        }
    }
    let encoded = encode(header, body);
    let again = decode(&encoded).expect("is asked for").expect("what was encoded decodes");
    assert_eq!(again, (header, body));
    assert_eq!(encode(again.0, again.1), encoded);
}

/// Header and body; `None` for what the codec does not know.
pub(crate) fn decode(
    data: &[u8],
) -> Option<Result<(RequestHeader<'_>, RequestBody<'_>), DecodeError>> {
    let mut r = Reader::request(data);
    let preamble = match Preamble::read(&mut r) {
        Ok(preamble) => preamble,
        Err(error) => return Some(Err(error)),
    };
    let Asked::For(version) = preamble.asked() else { return None };
    Some(RequestHeader::read_after(preamble, version, &mut r).and_then(|header| {
        let body = RequestBody::decode(version, &mut r)?;
        Ok((header, body))
    }))
}

fn encode(header: RequestHeader<'_>, body: RequestBody<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut w = Writer::new(&mut bytes);
    header.write(&mut w).expect("what was decoded can be encoded");
    body.encode(header.version, &mut w).expect("what was decoded can be encoded");
    bytes
}
