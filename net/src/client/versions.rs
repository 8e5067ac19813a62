//! Which version of each API a broker and this client have in common.

use crate::kafka::api::api_versions::ApiVersionRange;
use crate::kafka::api_key::{APIS, ApiKey};
use crate::kafka::version::{Version, VersionRange};

/// What one broker serves, of what this codec knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    served: [Option<VersionRange>; APIS.len()],
}

impl Default for Versions {
    fn default() -> Self {
        Self { served: [None; APIS.len()] }
    }
}

impl Versions {
    /// From a broker's own list; keys that are unknown here are left out.
    pub fn of(ranges: impl IntoIterator<Item = ApiVersionRange>) -> Self {
        let mut versions = Self::default();
        for range in ranges {
            let place = APIS.iter().zip(&mut versions.served);
            let mut place = place.filter(|(spec, _)| spec.key.code() == range.api_key);
            if let Some((_, served)) = place.next() {
                *served = Some(VersionRange { min: range.min_version, max: range.max_version });
            }
        }
        versions
    }

    /// The newest version that both speak.
    pub fn newest(&self, api: ApiKey) -> Option<Version> {
        self.newest_up_to(api, i16::MAX)
    }

    /// The newest version that both speak and that is not above `limit`.
    pub fn newest_up_to(&self, api: ApiKey, limit: i16) -> Option<Version> {
        let place = APIS.iter().zip(&self.served).find(|(spec, _)| spec.key == api);
        let (spec, served) = place?;
        let served = (*served)?;
        let number = served.max.min(spec.served.max).min(limit);
        if number < served.min {
            return None;
        }
        api.version(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(api_key: i16, min_version: i16, max_version: i16) -> ApiVersionRange {
        ApiVersionRange { api_key, min_version, max_version }
    }

    #[test]
    fn the_newest_common_version_is_taken() {
        let versions =
            Versions::of([range(1, 0, 11), range(3, 0, 99), range(0, 14, 15), range(9999, 0, 1)]);
        let number = |api| versions.newest(api).map(Version::number);
        assert_eq!(number(ApiKey::Fetch), Some(11), "the broker's newest");
        assert_eq!(number(ApiKey::Metadata), Some(13), "this client's newest");
        assert_eq!(number(ApiKey::Produce), None, "the broker is too new");
        assert_eq!(number(ApiKey::ListOffsets), None, "the broker does not list it");
        assert_eq!(versions.newest_up_to(ApiKey::Fetch, 4).map(Version::number), Some(4));
        assert_eq!(versions.newest_up_to(ApiKey::Fetch, 3), None, "older than this client speaks");
    }
}
