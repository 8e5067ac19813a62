//! What can be set for classic groups.

use std::time::Duration;

/// Settings, with Kafka's names and defaults where Kafka has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicConfig {
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members; each
    /// that comes makes it wait once more, up to the rebalance timeout.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`: how many members a group may have.
    pub max_size: usize,
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min: Duration,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max: Duration,
    /// How long a member that does not know its id yet may wait in a join: it can not send
    /// heartbeats, and nobody sees it go. Not to be set in Kafka either.
    pub new_member_join_timeout: Duration,
    /// How many member ids may wait to be used.
    pub pending_members_max: usize,
}

impl ClassicConfig {
    /// Whether a member may be silent for so long.
    pub fn allows_session(&self, timeout: Duration) -> bool {
        (self.session_timeout_min..=self.session_timeout_max).contains(&timeout)
    }
}

impl Default for ClassicConfig {
    fn default() -> Self {
        Self {
            initial_rebalance_delay: Duration::from_secs(3),
            max_size: usize::try_from(i32::MAX).expect("usize has 32 bits at least"),
            session_timeout_min: Duration::from_secs(6),
            session_timeout_max: Duration::from_mins(30),
            new_member_join_timeout: Duration::from_mins(5),
            pending_members_max: 10_000,
        }
    }
}
