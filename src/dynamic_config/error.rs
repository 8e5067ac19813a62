//! Why a configuration of a broker or of a group is refused, in Kafka's words where it has some.

use crate::config::Refusal;
use crate::topic_config::Fault;

/// One configuration, or several together, that are refused; nothing of their request is applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DynamicConfigError {
    /// What a broker has only from its start.
    #[error("Cannot update these configs dynamically: Set({})", .names.join(", "))]
    NotDynamic {
        /// The names.
        names: Vec<&'static str>,
    },
    /// No broker, or no group, has such a configuration.
    #[error("Unknown {of} config name: {name}{}", suggestion(*.nearest))]
    Unknown {
        /// What has none: `broker` or `group`.
        of: &'static str,
        /// The name, shortened if it is long.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A configuration of a kind of group that is not served.
    #[error("{name} is not offered: there are no {kind} groups here")]
    NotOffered {
        /// The name, shortened if it is long.
        name: String,
        /// The kind of group.
        kind: &'static str,
    },
    /// Not a value of this configuration.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    Invalid {
        /// Whether a broker's or a group's; Kafka has an error code for each.
        fault: Fault,
        /// The configuration.
        name: &'static str,
        /// The value, shortened if it is long.
        value: String,
        /// Why not.
        reason: Refusal,
    },
    /// A change without the value that it needs.
    #[error("Null value not supported for : {name}")]
    NoValue {
        /// The name, shortened if it is long.
        name: String,
    },
    /// Two changes of one configuration in one request.
    #[error("Error due to duplicate config keys")]
    Repeated,
    /// Something is to be added to, or taken out of, what is no list.
    #[error("Config value {operation} is not allowed for config key: {name}")]
    NotAList {
        /// `append` or `subtract`.
        operation: &'static str,
        /// The configuration.
        name: &'static str,
    },
    /// A group's value under what the broker allows.
    #[error("{name} must be greater than or equal to {limit}")]
    UnderLimit {
        /// The configuration.
        name: &'static str,
        /// The broker's setting.
        limit: &'static str,
    },
    /// A group's value over what the broker allows.
    #[error("{name} must be less than or equal to {limit}")]
    OverLimit {
        /// The configuration.
        name: &'static str,
        /// The broker's setting.
        limit: &'static str,
    },
    /// A member would be out before it is asked for its next heartbeat.
    #[error("consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms")]
    SessionWithinHeartbeat,
}

impl DynamicConfigError {
    /// Which of Kafka's errors it is. What a broker can not be set to is `INVALID_REQUEST` there
    /// (KAFKA-13609), what a group can not be set to is `INVALID_CONFIG`.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotDynamic { .. }
            | Self::NoValue { .. }
            | Self::Repeated
            | Self::Unknown { of: "broker", .. } => Fault::Request,
            Self::Invalid { fault, .. } => *fault,
            _ => Fault::Config,
        }
    }
}

fn suggestion(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}
