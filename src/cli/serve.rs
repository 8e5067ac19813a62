//! `tidemill serve`: start the broker, print one screen, run until asked to stop.

use std::path::PathBuf;
use std::process::ExitCode;

use super::failure::Failure;
use super::output;
use crate::config::{Config, Flag, Sources, environment, read_file};
use crate::server::boot::{self, ServeError};

/// Starts the broker.
#[derive(clap::Args, Debug)]
pub(super) struct ServeArgs {
    /// The data directory [default: ./tidemill-data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// How many shards, or `auto` for one a core [default: auto]
    #[arg(long, value_name = "N|auto")]
    shards: Option<String>,
    /// The cores to run on, such as 0,2-5 [default: those of the affinity mask]
    #[arg(long, value_name = "LIST")]
    cores: Option<String>,
    /// Where Kafka clients connect [default: 127.0.0.1:9092]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Where health and metrics are served, or `none` [default: 127.0.0.1:9644]
    #[arg(long, value_name = "HOST:PORT")]
    http: Option<String>,
    /// A TOML file of settings
    #[arg(long, value_name = "FILE", env = "TIDEMILL_CONFIG")]
    config: Option<PathBuf>,
    /// Any setting: --set log.retention.ms=3600000
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &ServeArgs) -> Result<ExitCode, Failure> {
    start_logging();
    let config = load(arguments).map_err(Failure::usage)?;
    let (broker, report) = boot::start(config).map_err(refused)?;
    output::print(&format!("{report}\n"))?;
    broker.run().map_err(Failure::new)?;
    Ok(ExitCode::SUCCESS)
}

/// Settings that contradict each other, or the machine, are as wrong as unknown ones.
fn refused(error: ServeError) -> Failure {
    match error {
        ServeError::Config(errors) => Failure::usage(errors),
        other => Failure::new(other),
    }
}

fn load(arguments: &ServeArgs) -> Result<Config, String> {
    let mut flags = Vec::new();
    let mut flag = |flag: &str, name: &str, value: &Option<String>| {
        let value = value.clone();
        flags.extend(value.map(|value| Flag { flag: flag.into(), name: name.into(), value }));
    };
    flag("--data", "data.dir", &arguments.data);
    flag("--shards", "shards", &arguments.shards);
    flag("--cores", "cores", &arguments.cores);
    flag("--listen", "listeners", &arguments.listen);
    flag("--http", "http.listen", &arguments.http);
    for pair in &arguments.set {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(format!("--set takes KEY=VALUE, not '{pair}'"));
        };
        let (name, value) = (name.to_owned(), value.to_owned());
        flags.push(Flag { flag: "--set".into(), name, value });
    }
    let file = arguments.config.as_ref().map(|path| {
        let name = path.display().to_string();
        let path = path.clone();
        let config = runtime::RuntimeConfig::default();
        let read = move |runtime| async move { read_file(&runtime, &path).await };
        let text = runtime::block_on(config, read).map_err(|error| error.to_string())?;
        Ok::<_, String>((name, text.map_err(|error| error.to_string())?))
    });
    let file = file.transpose()?;
    // The client commands' variables are none of the broker's.
    let variables = environment(&["TIDEMILL_CONFIG", "TIDEMILL_BOOTSTRAP"]);
    let variables = variables.map_err(|error| error.to_string())?;
    let sources = Sources {
        file: file.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
        environment: &variables,
        flags: &flags,
    };
    Config::load(sources).map_err(|errors| errors.to_string())
}

/// Log lines go to standard error; `RUST_LOG` chooses, `info` is the default.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(ansi)
        .init();
}
