//! `tidemill produce`: lines of standard input to a topic, a record each.

use std::process::ExitCode;

use net::client::{
    Acknowledgement, Client, ClientError, NewMessage, Producer, ProducerConfig, Tally,
};
use record::{Codec, Header, NewRecord, PartitionIndex, Timestamp};
use runtime::StandardInput;
use runtime::local::first;

use super::bootstrap::{Bootstrap, explain, explain_for};
use super::failure::Failure;
use super::lines::{Lines, TooLong};
use super::pair::Pair;
use super::progress::Progress;
use super::stop::Stop;

/// The longest line, in bytes: no topic takes a larger record.
const LINE_LEN_MAX: usize = 16 << 20;

/// Writes lines of standard input to a topic, a record each.
#[derive(clap::Args, Debug)]
pub(super) struct ProduceArgs {
    /// The topic, which must exist
    topic: String,
    /// What separates a line's key from its value; a line without it has no key
    #[arg(long, value_name = "TEXT",
        value_parser = clap::builder::NonEmptyStringValueParser::new())]
    key_separator: Option<String>,
    /// A header of every record; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE")]
    headers: Vec<Pair>,
    /// How to compress
    #[arg(long, value_name = "CODEC", default_value = "none",
        value_parser = ["none", "gzip", "snappy", "lz4", "zstd"])]
    compression: String,
    /// Who must have a record before it counts: nobody, the leader, or all replicas in sync
    #[arg(long, value_name = "ACKS", default_value = "all", value_parser = ["0", "1", "all"])]
    acks: String,
    /// Write to this partition [default: by the key, or any for lines without one]
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: ProduceArgs) -> Result<ExitCode, Failure> {
    let stop = Stop::catch()?;
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run_until(stop.clone(), |client| async move {
        let config = arguments.producer();
        let opening =
            async { Some(Producer::open(client.clone(), &arguments.topic, config).await) };
        let producer = match first(stop.none_when_asked(), opening).await {
            Some(Ok(producer)) => producer,
            Some(Err(error)) => return Err(explain_for(&client, error).await),
            None => return Ok(ExitCode::SUCCESS),
        };
        let progress = Progress::new(client.runtime());
        let session =
            Session { client, producer, stop, arguments, progress, lines_read: 0, stopped: false };
        session.run().await
    })
}

impl ProduceArgs {
    fn producer(&self) -> ProducerConfig {
        let acks = match self.acks.as_str() {
            "0" => Acknowledgement::None,
            "1" => Acknowledgement::Leader,
            _ => Acknowledgement::All,
        };
        let codec = Codec::from_name(&self.compression).unwrap_or_default();
        ProducerConfig { acks, codec, ..ProducerConfig::default() }
    }
}

struct Session {
    client: Client,
    producer: Producer,
    stop: Stop,
    arguments: ProduceArgs,
    progress: Progress,
    lines_read: u64,
    /// A signal came: nothing more is read.
    stopped: bool,
}

enum Woke {
    Stop,
    Failed,
    Read(std::io::Result<Vec<u8>>),
}

impl Session {
    async fn run(mut self) -> Result<ExitCode, Failure> {
        let read = self.read().await;
        let unknown =
            match first(self.stop.none_when_asked(), async { Some(self.producer.flush().await) })
                .await
            {
                Some(tally) => tally,
                // A second signal: what is not known to be acknowledged is not.
                None => self.producer.tally(),
            };
        self.progress.end((unknown.acknowledged, unknown.bytes));
        self.conclude(unknown, read).await
    }

    /// Reads lines until they end, a signal comes, or a record fails.
    async fn read(&mut self) -> Result<(), Failure> {
        let broken = |error| Failure::new(format_args!("standard input can not be read: {error}"));
        let input = StandardInput::new(self.client.runtime()).map_err(broken)?;
        let mut lines = Lines::new(LINE_LEN_MAX);
        while !self.stopped && self.producer.failed() == 0 {
            let stopped = async {
                self.stop.asked().await;
                Woke::Stop
            };
            let failed = async {
                self.producer.failure().await;
                Woke::Failed
            };
            let reading = async { Woke::Read(input.read().await) };
            let chunk = match first(first(stopped, failed), reading).await {
                Woke::Stop => {
                    self.stopped = true;
                    break;
                }
                Woke::Failed => break,
                Woke::Read(chunk) => chunk.map_err(broken)?,
            };
            if chunk.is_empty() {
                break;
            }
            self.send_lines(&mut lines, &chunk).await?;
            let tally = self.producer.tally();
            self.progress.tick(|| (tally.acknowledged, tally.bytes));
        }
        match lines.last() {
            Some(line) if self.producer.failed() == 0 => self.send(&line).await,
            _ => Ok(()),
        }
    }

    async fn send_lines(&mut self, lines: &mut Lines, chunk: &[u8]) -> Result<(), Failure> {
        let mut rest = chunk;
        loop {
            let mut joined = Vec::new();
            let line = lines.next(&mut rest, &mut joined).map_err(|TooLong| {
                let line = self.lines_read + 1;
                Failure::new(format_args!("line {line} is longer than {LINE_LEN_MAX} bytes"))
            })?;
            match line {
                Some(line) => self.send(line).await?,
                None => return Ok(()),
            }
        }
    }

    /// Gives a line to the producer; waits while its buffer is full, unless a record has failed or
    /// a signal comes. Everything read counts, so that nothing is lost without a word.
    async fn send(&mut self, line: &[u8]) -> Result<(), Failure> {
        self.lines_read += 1;
        let (key, value) = match &self.arguments.key_separator {
            Some(separator) => split_key(line, separator.as_bytes()),
            None => (None, line),
        };
        let headers = self
            .arguments
            .headers
            .iter()
            .map(|pair| Header { key: pair.name.as_bytes(), value: Some(pair.value.as_bytes()) });
        let headers: Vec<_> = headers.collect();
        let timestamp = Timestamp(self.client.runtime().wall_millis());
        let record = NewRecord { timestamp, key, value: Some(value), headers: &headers };
        let partition = self.arguments.partition.map(PartitionIndex);
        let message = NewMessage { partition, record };
        if self.producer.try_send(&message).map_err(|error| explain(&error))? {
            return Ok(());
        }
        let sending = async { Some(self.producer.send(&message).await) };
        if let Some(sent) = first(sending, self.stop.none_when_asked()).await {
            return sent.map_err(|error| explain(&error));
        }
        // This line was read: it still goes out, until a second signal.
        self.stopped = true;
        let sending = async { Some(self.producer.send(&message).await) };
        let sent = first(sending, self.stop.none_when_asked()).await;
        sent.unwrap_or(Ok(())).map_err(|error| explain(&error))
    }

    /// What the command says and ends with.
    async fn conclude(self, tally: Tally, read: Result<(), Failure>) -> Result<ExitCode, Failure> {
        let missing = self.lines_read - tally.acknowledged;
        if missing == 0 && tally.first_failure.is_none() {
            return read.map(|()| ExitCode::SUCCESS);
        }
        let lines = self.lines_read;
        let count = match missing {
            // Only where nobody acknowledges can something fail without a record to blame.
            0 => format!("it is not known which of the {lines} records read have arrived"),
            _ => format!("{missing} of the {lines} records read were not acknowledged"),
        };
        let Some(error) = tally.first_failure else {
            // What stopped the reading may be why a record did not even get on its way.
            let failure = read.err().unwrap_or_else(|| Failure::new("stopped by a signal"));
            return Err(failure.because_of(&count));
        };
        Err(self.explain(error).await.because_of(&count))
    }

    async fn explain(&self, error: ClientError) -> Failure {
        explain_for(&self.client, error).await
    }
}

/// A line's key and value; no key if the separator is not in it.
fn split_key<'a>(line: &'a [u8], separator: &[u8]) -> (Option<&'a [u8]>, &'a [u8]) {
    let found = line.windows(separator.len()).position(|window| window == separator);
    match found {
        Some(at) => {
            let (key, rest) = line.split_at(at);
            (Some(key), rest.split_at(separator.len()).1)
        }
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_separator_parts_key_and_value() {
        let split =
            |line: &'static str, separator: &str| split_key(line.as_bytes(), separator.as_bytes());
        assert_eq!(split("a:b:c", ":"), (Some(&b"a"[..]), &b"b:c"[..]));
        assert_eq!(split("a=>b", "=>"), (Some(&b"a"[..]), &b"b"[..]));
        assert_eq!(split(":b", ":"), (Some(&b""[..]), &b"b"[..]));
        assert_eq!(split("a:", ":"), (Some(&b"a"[..]), &b""[..]));
        assert_eq!(split("ab", ":"), (None, &b"ab"[..]));
        assert_eq!(split("", "=>"), (None, &b""[..]));
    }
}
