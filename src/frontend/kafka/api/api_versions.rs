//! `ApiVersions` (key 18): what is served. A version from the future is answered in `service`.
//!
//! No feature is listed, neither supported nor finalized: clients then use the transaction protocol
//! of before KIP-890, and nothing of what depends on a feature's level.

use net::kafka::api::api_versions::{ApiVersionRange, ApiVersionsRequest, ApiVersionsResponse};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};

/// The first version in which a client says what software it is (KIP-511).
const SOFTWARE_FROM: i16 = 3;

impl Connection {
    /// Answers at once.
    pub(in crate::frontend::kafka) fn api_versions(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ApiVersionsRequest::decode(head.version, &mut reader)?;
        let advertised = ApiVersionRange::advertised();
        let response = if is_valid(&request, head.version.number()) {
            ApiVersionsResponse {
                api_keys: Array::from(&advertised[..]),
                ..ApiVersionsResponse::default()
            }
        } else {
            self.shard.metrics.error(head.api(), ErrorCode::INVALID_REQUEST);
            let error_code = ErrorCode::INVALID_REQUEST;
            ApiVersionsResponse { error_code, ..ApiVersionsResponse::default() }
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn is_valid(request: &ApiVersionsRequest<'_>, version: i16) -> bool {
    version < SOFTWARE_FROM
        || is_software(request.client_software_name) && is_software(request.client_software_version)
}

/// KIP-511: letters, digits, dots and dashes, the first and the last being letters or digits.
fn is_software(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_is_named_as_kip_511_says() {
        for good in ["a", "7", "apache-kafka-java", "librdkafka", "2.16.0", "a..b--c"] {
            assert!(is_software(good), "{good}");
        }
        for bad in ["", "-a", "a-", ".", "a b", "a_b", "k\u{e4}fka", "a\n"] {
            assert!(!is_software(bad), "{bad}");
        }
    }

    #[test]
    fn old_versions_name_no_software() {
        let unnamed = ApiVersionsRequest::default();
        assert!(is_valid(&unnamed, 2));
        assert!(!is_valid(&unnamed, 3));
        let named = ApiVersionsRequest {
            client_software_name: "sarama",
            client_software_version: "1.60.1",
        };
        assert!(is_valid(&named, 4));
    }
}
