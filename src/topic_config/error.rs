//! Why a topic's configuration is refused.

use crate::config::Refusal;

/// What a client did wrong, as Kafka's error codes tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The configuration itself: `INVALID_CONFIG`.
    Config,
    /// The request, whatever the configuration: `INVALID_REQUEST`.
    Request,
}

/// One configuration that is refused; nothing of its request is applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicConfigError {
    /// No topic has such a configuration.
    #[error("Unknown topic config name: {name}{}", suggestion(*.nearest))]
    Unknown {
        /// The name, shortened if it is long.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// Not a value of this configuration.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    Invalid {
        /// The configuration.
        name: &'static str,
        /// The value, shortened if it is long.
        value: String,
        /// Why not.
        reason: Refusal,
    },
    /// A new topic with a configuration of no value.
    #[error("{name} has no value")]
    NoValue {
        /// The name, shortened if it is long.
        name: String,
    },
    /// A change without the value that it needs.
    #[error("{name} is to be changed, but to no value")]
    NoNewValue {
        /// The name, shortened if it is long.
        name: String,
    },
    /// Two changes of one configuration in one request.
    #[error("{name} is changed twice in one request")]
    Repeated {
        /// The name, shortened if it is long.
        name: String,
    },
    /// Something is to be added to, or taken out of, what is no list.
    #[error("{name} is no list, so nothing can be added to it or taken out of it")]
    NotAList {
        /// The configuration.
        name: &'static str,
    },
    /// A batch lies in a request, and that in half a journal file.
    #[error("max.message.bytes = {value}: half a journal file, {half} bytes, is the most")]
    OverHalfJournalFile {
        /// The value.
        value: u64,
        /// The most that is possible.
        half: u64,
    },
    /// Compaction could never look at a record before it must.
    #[error("min.compaction.lag.ms = {min} is over max.compaction.lag.ms = {max}")]
    LagsCrossed {
        /// `min.compaction.lag.ms`
        min: i64,
        /// `max.compaction.lag.ms`
        max: i64,
    },
}

impl TopicConfigError {
    /// Which of Kafka's errors it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Repeated { .. } | Self::NoNewValue { .. } => Fault::Request,
            _ => Fault::Config,
        }
    }
}

fn suggestion(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}

/// What a client sent, cut to a length that a message can have.
pub(crate) fn shorten(text: &str) -> String {
    const LETTERS_MAX: usize = 100;
    match text.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
