//! `tidemill consume`: a topic's records to standard output.

use std::ops::ControlFlow;
use std::process::ExitCode;

use net::client::{Client, ClientError, Consumer, ConsumerConfig, Fetched};
use record::{Decompressor, PartitionIndex};
use runtime::local::first;

use super::bootstrap::{Bootstrap, explain_for};
use super::failure::Failure;
use super::format::{Format, write_json};
use super::output::Output;
use super::stop::Stop;
use super::time::From;

/// Writes records to standard output.
#[derive(clap::Args, Debug)]
pub(super) struct ConsumeArgs {
    /// The topic
    topic: String,
    /// Where to begin: beginning, end, an offset, a time such as 2026-11-21T09:30:00Z, a time ago
    /// such as -10m, or @ and milliseconds since 1970
    #[arg(long, value_name = "PLACE", default_value = "beginning", allow_hyphen_values = true)]
    from: From,
    /// Stop after so many records
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Read this partition only; may be repeated [default: all]
    #[arg(long = "partition", value_name = "P",
        value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,
    /// How to write a record, with %t topic, %p partition, %o offset, %T timestamp, %k key,
    /// %K its length, %s value, %S its length, %h headers, and \n \t \r \\ \xHH
    #[arg(long, value_name = "FORMAT", default_value = "%s\\n")]
    format: Format,
    /// Write each record as a JSON object on a line
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Stop at what is the end now, instead of waiting for more
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: ConsumeArgs) -> Result<ExitCode, Failure> {
    let stop = Stop::catch()?;
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run_until(stop.clone(), |client| consume(client, stop, arguments))
}

async fn consume(client: Client, stop: Stop, arguments: ConsumeArgs) -> Result<ExitCode, Failure> {
    let config = ConsumerConfig {
        start: arguments.from.place(client.runtime().wall_millis()),
        partitions: arguments.partitions.iter().copied().map(PartitionIndex).collect(),
        stop_at_end: arguments.no_follow,
        ..ConsumerConfig::default()
    };
    let opening = async { Some(Consumer::open(client.clone(), &arguments.topic, config).await) };
    let mut consumer = match first(stop.none_when_asked(), opening).await {
        Some(Ok(consumer)) => consumer,
        Some(Err(error)) => return Err(explain_start(&client, error).await),
        None => return Ok(ExitCode::SUCCESS),
    };
    let mut writer = Writer {
        output: Output::new(),
        decompressor: Decompressor::new(),
        line: Vec::new(),
        left: arguments.count,
    };
    while !writer.is_done() {
        let next = async { Some(consumer.next().await) };
        // The signal first: records may come without end.
        let fetched = match first(stop.none_when_asked(), next).await {
            Some(Ok(Some(fetched))) => fetched,
            Some(Ok(None)) | None => break,
            Some(Err(error)) => {
                writer.output.flush()?;
                return Err(explain_for(&client, error).await);
            }
        };
        writer.write(&fetched, &arguments)?;
    }
    writer.output.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn explain_start(client: &Client, error: ClientError) -> Failure {
    match &error {
        ClientError::PastEnd { .. } => Failure::new(error)
            .hint("begin with `--from end` to wait for what comes, or with a smaller offset"),
        _ => explain_for(client, error).await,
    }
}

struct Writer {
    output: Output,
    decompressor: Decompressor,
    line: Vec<u8>,
    /// How many records are still wanted.
    left: Option<u64>,
}

impl Writer {
    fn is_done(&self) -> bool {
        self.output.is_closed() || self.left == Some(0)
    }

    /// Writes an answer's records; they are seen at once, however few they are.
    fn write(&mut self, fetched: &Fetched, arguments: &ConsumeArgs) -> Result<(), Failure> {
        let Self { output, decompressor, line, left } = self;
        let mut result = Ok(());
        let read = fetched.for_each(decompressor, |record| {
            if *left == Some(0) {
                return ControlFlow::Break(());
            }
            line.clear();
            if arguments.json {
                write_json(&arguments.topic, record, line);
            } else {
                arguments.format.write(&arguments.topic, record, line);
            }
            result = output.write(line);
            if let Some(left) = left {
                *left -= 1;
            }
            if result.is_err() || output.is_closed() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        result?;
        output.flush()?;
        read.map_err(Failure::new)
    }
}
