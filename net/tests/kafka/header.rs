//! Headers, versions and error codes against theirs.

use kafka_protocol::ResponseError;
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use net::kafka::api_key::{APIS, ApiKey};
use net::kafka::error_code::ErrorCode;
use net::kafka::header::{Asked, CorrelationId, Preamble, RequestHeader, ResponseHeader};
use net::kafka::wire::{Reader, Writer};

fn their_key(api: ApiKey) -> theirs::ApiKey {
    theirs::ApiKey::try_from(api.code()).expect("they know it")
}

#[test]
fn versions_and_header_versions_are_theirs() {
    for spec in APIS {
        let their_key = their_key(spec.key);
        let range = their_key.valid_versions();
        // Versions that Kafka 4.1 has but does not call stable.
        let newest = match spec.key {
            ApiKey::InitProducerId => 5,
            ApiKey::OffsetCommit | ApiKey::OffsetFetch => 9,
            _ => range.max,
        };
        assert_eq!((spec.served.min, spec.served.max), (range.min, newest), "{:?}", spec.key);
        assert_eq!(format!("{:?}", spec.key), format!("{their_key:?}"));
        for version in spec.key.versions() {
            let number = version.number();
            assert_eq!(version.request_header(), their_key.request_header_version(number));
            assert_eq!(version.response_header(), their_key.response_header_version(number));
        }
    }
}

#[test]
fn request_headers_are_theirs() {
    for version in APIS.iter().flat_map(|spec| spec.key.versions()) {
        for client_id in [None, Some(""), Some("client-\u{fc}")] {
            let header =
                RequestHeader { version, correlation_id: CorrelationId(0x0102_0304), client_id };
            let mut our_bytes = Vec::new();
            header.write(&mut Writer::new(&mut our_bytes)).unwrap();

            let their_header = theirs::RequestHeader::default()
                .with_request_api_key(version.api().code())
                .with_request_api_version(version.number())
                .with_correlation_id(0x0102_0304)
                .with_client_id(client_id.map(StrBytes::from_static_str));
            let mut their_bytes = Vec::new();
            their_header.encode(&mut their_bytes, version.request_header()).unwrap();
            assert_eq!(our_bytes, their_bytes, "{version:?}");

            let mut r = Reader::request(&their_bytes);
            let preamble = Preamble::read(&mut r).unwrap();
            assert_eq!(preamble.asked(), Asked::For(version));
            assert_eq!(RequestHeader::read_after(preamble, version, &mut r), Ok(header));
            assert_eq!(r.remaining(), 0);
        }
    }
}

#[test]
fn response_headers_are_theirs() {
    for version in APIS.iter().flat_map(|spec| spec.key.versions()) {
        let header = ResponseHeader { correlation_id: CorrelationId(-7) };
        let mut bytes = Vec::new();
        header.write(version, &mut Writer::new(&mut bytes));
        let decoded =
            theirs::ResponseHeader::decode(&mut &bytes[..], version.response_header()).unwrap();
        assert_eq!(decoded, theirs::ResponseHeader::default().with_correlation_id(-7));
        let mut r = Reader::response(&bytes);
        assert_eq!(ResponseHeader::read(version, &mut r), Ok(header));
        assert_eq!(r.remaining(), 0);
    }
}

#[test]
fn error_codes_are_theirs() {
    for code in -10..2_000 {
        let ours = ErrorCode(code);
        let (name, retriable) = match ResponseError::try_from_code(code) {
            None => (Some("None".to_owned()), false),
            Some(ResponseError::Unknown(_)) => (None, false),
            Some(theirs) => (Some(format!("{theirs:?}")), theirs.is_retriable()),
        };
        assert_eq!(ours.name().map(camel_case), name, "{code}");
        assert_eq!(ours.is_retriable(), retriable, "{code}");
    }
}

fn camel_case(name: &str) -> String {
    let capital = |word: &str| word[..1].to_owned() + &word[1..].to_lowercase();
    name.split('_').map(capital).collect()
}
