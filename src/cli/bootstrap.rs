//! How the client commands reach a broker, and what they say when it refuses.

use std::future::Future;
use std::io;
use std::process::ExitCode;

use net::client::{Client, ClientConfig, ClientError, ConnectionError, Endpoint};
use net::kafka::error_code::ErrorCode;
use runtime::local::first;
use runtime::{IdlePolicy, Runtime, RuntimeConfig};

use super::failure::Failure;
use super::stop::Stop;
use crate::config::nearest;

/// Where a broker is.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Bootstrap {
    /// The broker to talk to; of a cluster any one, or several with commas
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "TIDEMILL_BOOTSTRAP",
        default_value = "127.0.0.1:9092",
        value_delimiter = ','
    )]
    bootstrap: Vec<Endpoint>,
}

impl Bootstrap {
    /// Runs a command's future on a runtime of this thread, with a client that is connected.
    pub(super) fn run<F, M>(&self, main: M) -> Result<ExitCode, Failure>
    where
        F: Future<Output = Result<ExitCode, Failure>> + 'static,
        M: FnOnce(Client) -> F + 'static,
    {
        let bootstrap = self.bootstrap.clone();
        block_on(|runtime| async move {
            let config = ClientConfig::new(bootstrap);
            let client =
                Client::connect(&runtime, config).await.map_err(|error| explain(&error))?;
            main(client).await
        })
    }

    /// As [`Bootstrap::run`], and a signal that comes before there is a connection ends it.
    pub(super) fn run_until<F, M>(&self, stop: Stop, main: M) -> Result<ExitCode, Failure>
    where
        F: Future<Output = Result<ExitCode, Failure>> + 'static,
        M: FnOnce(Client) -> F + 'static,
    {
        let bootstrap = self.bootstrap.clone();
        block_on(|runtime| async move {
            let config = ClientConfig::new(bootstrap);
            let ours = runtime.clone();
            let connecting = async move { Client::connect(&ours, config).await };
            let connecting = runtime.spawn(connecting);
            let connected = first(stop.none_when_asked(), async { Some(connecting.await) }).await;
            match connected {
                Some(client) => main(client.map_err(|error| explain(&error))?).await,
                None => Ok(ExitCode::SUCCESS),
            }
        })
    }
}

/// Runs a command's future on a runtime of this thread.
pub(super) fn block_on<F, M>(main: M) -> Result<ExitCode, Failure>
where
    F: Future<Output = Result<ExitCode, Failure>> + 'static,
    M: FnOnce(Runtime) -> F,
{
    // Nobody is served by a command's spinning core.
    let quiet = RuntimeConfig { idle: IdlePolicy::Block, ..RuntimeConfig::default() };
    runtime::block_on(quiet, main).map_err(Failure::new)?
}

/// A client's error, and what to try.
pub(super) fn explain(error: &ClientError) -> Failure {
    let ClientError::Connection(connection) = error else { return explain_refusal(error) };
    let failure = Failure::new(connection);
    match connection {
        ConnectionError::Connect { kind: io::ErrorKind::ConnectionRefused, .. } => failure.hint(
            "is the broker running there? Start one with `tidemill serve`, or name another with \
             --bootstrap HOST:PORT",
        ),
        ConnectionError::Connect { .. } | ConnectionError::Resolve { .. } => {
            failure.hint("check the host and port given with --bootstrap or TIDEMILL_BOOTSTRAP")
        }
        ConnectionError::Closed { .. }
        | ConnectionError::Silent { .. }
        | ConnectionError::Frame { .. }
        | ConnectionError::OutOfStep { .. } => failure
            .hint("does a Kafka broker listen there? Port 9644 is HTTP; Kafka's port is 9092"),
        _ => failure,
    }
}

fn explain_refusal(error: &ClientError) -> Failure {
    let ClientError::Refused { action, code, message } = error else { return Failure::new(error) };
    let words = message.clone().unwrap_or_else(|| code.to_string());
    let failure = Failure::new(format_args!("can not {action}: {words}"));
    match *code {
        ErrorCode::TOPIC_ALREADY_EXISTS => {
            failure.hint("to change it: `tidemill topic alter`; to look at it: `topic describe`")
        }
        ErrorCode::INVALID_TOPIC_EXCEPTION => failure.hint(
            "a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and is not . or ..",
        ),
        ErrorCode::INVALID_CONFIG => failure.hint(
            "`tidemill topic describe NAME` shows every configuration of a topic and its value",
        ),
        ErrorCode::MESSAGE_TOO_LARGE => failure.hint(
            "raise the topic's limit: `tidemill topic alter NAME --config max.message.bytes=N`",
        ),
        _ => failure,
    }
}

/// As [`explain`], and for a topic that does not exist, which one was probably meant.
pub(super) async fn explain_for(client: &Client, error: ClientError) -> Failure {
    let topic = match &error {
        ClientError::UnknownTopic { topic } => topic.clone(),
        _ => return explain(&error),
    };
    let failure = Failure::new(&error);
    let known = client.describe(None).await.map(|cluster| cluster.topics).unwrap_or_default();
    match nearest(&topic, known.keys()) {
        Some(near) => failure.hint(format_args!("did you mean '{near}'?")),
        None => failure.hint(format_args!(
            "create it with `tidemill topic create {topic}`; `tidemill topic list` shows all"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_brokers_words() {
        let refused = ClientError::Refused {
            action: "create topic 'a'".to_owned(),
            code: ErrorCode::INVALID_CONFIG,
            message: Some("unknown topic config 'retension.ms'".to_owned()),
        };
        let text = explain(&refused).to_string();
        assert!(text.starts_with("tidemill: can not create topic 'a': unknown topic config"));
        assert!(text.contains("topic describe"), "{text}");
    }

    #[test]
    fn without_words_kafkas_name_for_the_error_is_told() {
        let refused = ClientError::Refused {
            action: "create topic 'a'".to_owned(),
            code: ErrorCode::NOT_CONTROLLER,
            message: None,
        };
        assert_eq!(
            explain(&refused).to_string(),
            "tidemill: can not create topic 'a': NOT_CONTROLLER"
        );
    }
}
