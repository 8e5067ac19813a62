//! When offsets end.

use std::time::Duration;

use record::Timestamp;

use crate::group::log::OffsetCommitValue;

/// From when on the retention of a group's offsets counts (KIP-211, KAFKA-13636).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetExpiry {
    /// They are in use.
    Never,
    /// From when the group became empty.
    Since(Timestamp),
    /// From the commit of each: nobody manages the members, or nobody reads the topic any more.
    SinceCommit,
}

impl OffsetExpiry {
    /// Whether an offset has ended. A time that its client set goes before the broker's, but does
    /// not end an offset in use.
    pub(super) fn is_over(
        self,
        value: &OffsetCommitValue,
        now: Timestamp,
        retention: Duration,
    ) -> bool {
        let since = match self {
            Self::Never => return false,
            Self::Since(at) => at,
            Self::SinceCommit => value.committed_at,
        };
        if let Some(expires_at) = value.expires_at {
            return now >= expires_at;
        }
        let kept = i128::from(now.0) - i128::from(since.0);
        u128::try_from(kept).is_ok_and(|kept| kept >= retention.as_millis())
    }
}
