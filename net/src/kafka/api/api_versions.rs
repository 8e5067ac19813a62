//! `ApiVersions`, key 18, versions 0-4, flexible from 3: what the broker serves; a client's first
//! request.
//!
//! - 1: throttle time.
//! - 3: name and version of the client's software; features (KIP-511, KIP-584).
//! - 4: features whose least version is 0 may be listed (KIP-1022).
//!
//! Version 2 changes nothing on the wire. The response header is 0 in every version. Below version
//! 4 a feature with least version 0 must be left out by whoever makes the response: it stops the
//! network thread of Java clients up to 3.6.1.

use crate::kafka::api_key::APIS;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks what the broker serves.
    pub struct ApiVersionsRequest<'a> {
        /// The client library's name.
        client_software_name: &'a str [3.., ignorable];
        /// The client library's version.
        client_software_version: &'a str [3.., ignorable];
    }
}

wire_struct! {
    /// What the broker serves.
    pub struct ApiVersionsResponse<'a> {
        /// Whether the request was understood.
        error_code: ErrorCode;
        /// The APIs and their versions.
        api_keys: Array<'a, ApiVersionRange>;
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [1.., ignorable];
    }
    tagged {
        /// Features that the broker can do.
        0 => supported_features: Array<'a, SupportedFeature<'a>> [3.., ignorable];
        /// The epoch of `finalized_features`, -1 if unknown.
        1 => finalized_features_epoch: i64 [3.., ignorable] = -1;
        /// Features that the cluster has switched on; valid if the epoch is known.
        2 => finalized_features: Array<'a, FinalizedFeature<'a>> [3.., ignorable];
        /// Whether a migration from `ZooKeeper` could start.
        3 => zk_migration_ready: bool [3.., ignorable];
    }
}

impl ApiVersionsResponse<'_> {
    /// The answer to a version that the codec does not know, to be encoded in version 0: the
    /// client then asks again in one that is listed (KIP-511).
    pub const UNSUPPORTED: ApiVersionsResponse<'static> = {
        const OWN: &[ApiVersionRange] =
            &[ApiVersionRange { api_key: 18, min_version: 0, max_version: 4 }];
        ApiVersionsResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            api_keys: Array::of(OWN),
            throttle_time_ms: 0,
            supported_features: Array::EMPTY,
            finalized_features_epoch: -1,
            finalized_features: Array::EMPTY,
            zk_migration_ready: false,
        }
    };
}

wire_struct! {
    /// An API and the versions served of it.
    pub struct ApiVersionRange {
        /// The API's key.
        api_key: i16;
        /// The oldest version.
        min_version: i16;
        /// The newest version.
        max_version: i16;
    }
}

impl ApiVersionRange {
    /// Every API that the broker serves as it is to be advertised, by ascending key.
    pub fn advertised() -> Vec<Self> {
        let ranges = APIS.iter().filter_map(|spec| {
            spec.advertised.map(|range| Self {
                api_key: spec.key.code(),
                min_version: range.min,
                max_version: range.max,
            })
        });
        ranges.collect()
    }
}

wire_struct! {
    /// A feature that the broker can do.
    pub struct SupportedFeature<'a> {
        /// Its name.
        name: &'a str;
        /// The least version of it.
        min_version: i16;
        /// The largest version of it.
        max_version: i16;
    }
}

wire_struct! {
    /// A feature that the cluster has switched on.
    pub struct FinalizedFeature<'a> {
        /// Its name.
        name: &'a str;
        /// The largest version switched on.
        max_version_level: i16;
        /// The least version switched on.
        min_version_level: i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::api_key::ApiKey;
    use crate::kafka::header::CorrelationId;
    use crate::kafka::message::Response;

    #[test]
    fn the_answer_to_a_newer_version_lists_api_versions_alone() {
        let oldest = ApiKey::ApiVersions.version(0).unwrap();
        let mut bytes = Vec::new();
        ApiVersionsResponse::UNSUPPORTED
            .encode_frame(oldest, CorrelationId(0x0102), &mut bytes)
            .unwrap();
        let body = [0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4];
        assert_eq!(bytes, [&[0, 0, 0, 16, 0, 0, 1, 2], &body[..]].concat());

        let served = ApiKey::ApiVersions.spec().served;
        let own = ApiVersionsResponse::UNSUPPORTED.api_keys.iter().next().unwrap();
        assert_eq!((own.min_version, own.max_version), (served.min, served.max));
        assert_eq!(own.api_key, ApiKey::ApiVersions.code());
    }

    #[test]
    fn produce_is_advertised_from_version_0() {
        let produce = ApiVersionRange::advertised()[0];
        assert_eq!(produce, ApiVersionRange { api_key: 0, min_version: 0, max_version: 13 });
    }
}
