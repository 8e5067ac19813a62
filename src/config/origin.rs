//! Where a setting's value was given.

use std::fmt;
use std::sync::Arc;

use super::described::DescribedSource;

/// The place of a value: precise enough to be found and changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the built-in default.
    Default,
    /// In the configuration file.
    File {
        /// The file as it was named.
        path: Arc<str>,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment.
    Environment {
        /// The variable.
        variable: String,
    },
    /// On the command line.
    Flag {
        /// The flag, with its dashes.
        flag: String,
    },
    /// Set for all brokers while they ran.
    DynamicDefault,
    /// Set on this broker while it ran.
    DynamicBroker,
}

impl Origin {
    /// The name of a setting as it is written in this place: upper case in the environment.
    pub(crate) fn spell(&self, key: &str) -> String {
        match self {
            Self::Environment { .. } => super::environment::variable(key),
            _ => key.to_owned(),
        }
    }

    /// What `DescribeConfigs` tells of a value from this place.
    pub(super) fn source(&self) -> DescribedSource {
        match self {
            Self::Default => DescribedSource::Default,
            Self::File { .. } | Self::Environment { .. } | Self::Flag { .. } => {
                DescribedSource::StaticBroker
            }
            Self::DynamicDefault => DescribedSource::DynamicDefaultBroker,
            Self::DynamicBroker => DescribedSource::DynamicBroker,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File { path, line } => write!(f, "{path} line {line}"),
            Self::Environment { .. } => f.write_str("the environment"),
            Self::Flag { flag } => f.write_str(flag),
            Self::DynamicDefault => f.write_str("what was set for all brokers"),
            Self::DynamicBroker => f.write_str("what was set on this broker"),
        }
    }
}
