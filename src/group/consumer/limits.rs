//! What bounds a member's request, beside the size of the request itself.

/// The longest member id, instance id or rack id, bytes.
pub(super) const NAME_BYTES_MAX: usize = 255;

/// The most topic names in one member's subscription.
pub(super) const SUBSCRIBED_TOPICS_MAX: usize = 10_000;

/// The longest regular expression, bytes.
pub(super) const REGEX_BYTES_MAX: usize = 1024;

/// The largest compiled regular expression, bytes: with the length of a topic's name (at most 249)
/// it bounds what one match costs, which is linear in both.
pub(super) const REGEX_COMPILED_BYTES_MAX: usize = 64 << 10;

/// How deep groups nest in a regular expression.
pub(super) const REGEX_NEST_MAX: u32 = 32;

/// How often the uniform assignor goes over all topics to even out members whose subscriptions
/// differ; what is not even then stays so.
pub(super) const BALANCE_PASSES_MAX: usize = 8;
