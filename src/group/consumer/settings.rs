//! What can be set for one group.

use std::sync::Arc;
use std::time::Duration;

use super::assignor::Assignor;

/// A group's settings, Kafka's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A member that is silent for so long is out (`consumer.session.timeout.ms`).
    pub session_timeout: Duration,
    /// How often members are told to ask (`consumer.heartbeat.interval.ms`).
    pub heartbeat_interval: Duration,
    /// How many members there can be (`group.consumer.max.size`).
    pub size_max: usize,
    /// Which assignors members can ask for, the one to use if none asks first
    /// (`group.consumer.assignors`).
    pub assignors: Arc<[Assignor]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(5),
            size_max: usize::MAX,
            assignors: Arc::new([Assignor::Uniform, Assignor::Range]),
        }
    }
}
