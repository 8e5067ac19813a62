//! Whose configurations a command is about, as it is said on the command line.

use std::str::FromStr;

use net::client::{Client, ClientError, ConfigResource};
use net::kafka::error_code::ErrorCode;
use record::NodeId;

use crate::cli::bootstrap::explain;
use crate::cli::failure::Failure;
use crate::cli::topic::alter::explain_missing;

/// A topic, a broker, all brokers, or a group.
#[derive(clap::Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct Entity {
    /// Of a topic
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// Of a broker, by its number; without one, of the controller
    #[arg(
        long,
        value_name = "ID",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = CONTROLLER
    )]
    broker: Option<Broker>,
    /// Of all brokers, where none has its own
    #[arg(long)]
    broker_default: bool,
    /// Of a consumer group
    #[arg(long, value_name = "ID")]
    group: Option<String>,
}

/// What stands for the controller.
const CONTROLLER: &str = "controller";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broker {
    Controller,
    Numbered(NodeId),
}

impl FromStr for Broker {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == CONTROLLER {
            return Ok(Self::Controller);
        }
        Ok(Self::Numbered(NodeId(text.parse()?)))
    }
}

impl Entity {
    /// The thing that is meant.
    pub(super) async fn resource(&self, client: &Client) -> Result<ConfigResource<'_>, Failure> {
        if let Some(name) = &self.topic {
            return Ok(ConfigResource::Topic(name));
        }
        if let Some(id) = &self.group {
            return Ok(ConfigResource::Group(id));
        }
        match self.broker {
            Some(Broker::Numbered(id)) => Ok(ConfigResource::Broker(id)),
            Some(Broker::Controller) => {
                let cluster = client.describe(Some(&[])).await.map_err(|error| explain(&error))?;
                Ok(ConfigResource::Broker(cluster.controller))
            }
            None => Ok(ConfigResource::Brokers),
        }
    }
}

/// Why configurations were not described or not changed, and what to try.
pub(super) async fn explain_config(
    client: &Client,
    resource: ConfigResource<'_>,
    error: ClientError,
) -> Failure {
    let flag = match resource {
        ConfigResource::Topic(name)
            if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) =>
        {
            return explain_missing(client, name, error).await;
        }
        ConfigResource::Topic(name) => format!("--topic {name}"),
        ConfigResource::Group(id) => format!("--group {id}"),
        // What all brokers can be set to is what each of them can be.
        ConfigResource::Broker(_) | ConfigResource::Brokers => "--broker".to_owned(),
    };
    let ClientError::Refused { action, code, message } = &error else { return explain(&error) };
    if ![ErrorCode::INVALID_CONFIG, ErrorCode::INVALID_REQUEST].contains(code) {
        return explain(&error);
    }
    let words = message.clone().unwrap_or_else(|| code.to_string());
    let hint = format!("`tidemill config get {flag}` shows what there is, and what is read-only");
    Failure::new(format_args!("can not {action}: {words}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_has_a_number_or_is_the_controller() {
        assert_eq!("7".parse(), Ok(Broker::Numbered(NodeId(7))));
        assert_eq!(CONTROLLER.parse(), Ok(Broker::Controller));
        assert!("one".parse::<Broker>().is_err());
    }
}
