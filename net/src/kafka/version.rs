//! An API at one version: what every encoder and decoder here is told.

use crate::kafka::api_key::ApiKey;

/// An API at a version that this codec decodes and encodes.
///
/// Only [`ApiKey::version`] makes one, so holding it means that the version is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    api: ApiKey,
    number: i16,
    flexible: bool,
}

impl Version {
    pub(in crate::kafka) const fn new(api: ApiKey, number: i16, flexible: bool) -> Self {
        Self { api, number, flexible }
    }

    /// The API that the version belongs to.
    pub const fn api(self) -> ApiKey {
        self.api
    }

    /// The version's number on the wire.
    pub const fn number(self) -> i16 {
        self.number
    }

    /// Whether lengths are compact and structs end in tagged fields (KIP-482).
    pub const fn is_flexible(self) -> bool {
        self.flexible
    }

    /// The version of the request header that goes before the body: 1, or 2 with tagged fields.
    pub const fn request_header(self) -> i16 {
        if self.flexible { 2 } else { 1 }
    }

    /// The version of the response header that goes before the body: 0, or 1 with tagged fields.
    ///
    /// `ApiVersions` answers with header 0 always, because its client may not yet know whether
    /// the broker is new enough for header 1 (KIP-511).
    pub const fn response_header(self) -> i16 {
        if self.flexible && !matches!(self.api, ApiKey::ApiVersions) { 1 } else { 0 }
    }
}

/// The versions from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// The oldest version.
    pub min: i16,
    /// The newest version.
    pub max: i16,
}

impl VersionRange {
    /// Whether `version` is in the range.
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
}
