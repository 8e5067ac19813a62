//! `tidemill slow`: the slowest requests of the last minutes, as the broker's HTTP tells them.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use net::client::Endpoint;
use net::http::{self, Answer, HttpError, Limits};
use runtime::Runtime;
use serde::Deserialize;

use super::bootstrap::block_on;
use super::failure::Failure;
use super::output::print;
use super::table::Table;

/// A thousand requests are under 1 MiB.
const LIMITS: Limits = Limits { body_bytes_max: 4 << 20, patience: Duration::from_secs(10) };

/// Writes a table, the slowest first, with the stages of each; the largest is marked with a star.
/// A stage under 1 % of the total is left out. A wait that the client asked for is shown and does
/// not count.
#[derive(clap::Args, Debug)]
pub(super) struct SlowArgs {
    /// Where the broker serves HTTP, its `http.listen`
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9644")]
    http: Endpoint,
    /// Requests at most
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// How far back, besides the current minute
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=60))]
    minutes: u32,
    /// Write what the broker says, as one JSON object
    #[arg(long)]
    json: bool,
}

/// What the broker says.
#[derive(Debug, Deserialize)]
struct Page {
    silent: Vec<String>,
    requests: Vec<Slow>,
}

#[derive(Debug, Deserialize)]
struct Slow {
    received_ms: i64,
    shard: u32,
    client: String,
    client_id: String,
    api: String,
    version: i16,
    topic: Option<String>,
    partitions: u32,
    bytes: u64,
    records: Option<u64>,
    total_ns: u64,
    largest: String,
    stages_ns: serde_json::Map<String, serde_json::Value>,
}

/// What the broker says of a question that it does not answer.
#[derive(Deserialize)]
struct Complaint {
    error: String,
}

/// Runs the command.
pub(super) fn run(arguments: SlowArgs) -> Result<ExitCode, Failure> {
    block_on(|runtime| async move {
        let SlowArgs { http, limit, minutes, json } = arguments;
        let path = format!("/debug/slow?limit={limit}&minutes={minutes}");
        let body = ask(&runtime, &http, &path).await?;
        if json {
            print(&body)?;
            return Ok(ExitCode::SUCCESS);
        }
        let page: Page = serde_json::from_str(&body).map_err(|error| not_ours(&http, error))?;
        print(&shown(&page, minutes))?;
        if page.silent.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        Err(Failure::new(format_args!("not all there: {}", page.silent.join(", "))))
    })
}

async fn ask(runtime: &Runtime, server: &Endpoint, path: &str) -> Result<String, Failure> {
    let unknown = |error| Failure::new(format_args!("find {server}: {error}"));
    let addresses = runtime::resolve(&server.host, server.port).await.map_err(unknown)?;
    let address = addresses.first().copied();
    let address = address.ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))?;
    let answer = http::get(runtime, address, path, LIMITS).await;
    let Answer { status, body } = answer.map_err(|error| explain(&error))?;
    let body = String::from_utf8(body).map_err(|error| not_ours(server, error))?;
    match status {
        200 => Ok(body),
        404 => Err(Failure::new(format_args!("{server} has no /debug/slow"))
            .hint("is it a Tidemill of this version?")),
        _ => {
            let said = serde_json::from_str(&body).map(|Complaint { error }| error);
            Err(Failure::new(format_args!("{server}: {}", said.unwrap_or(status.to_string()))))
        }
    }
}

fn explain(error: &HttpError) -> Failure {
    let failure = Failure::new(error);
    match error {
        HttpError::Connect { .. } => failure.hint(
            "is the broker running there? It says where it serves HTTP when it starts; name it \
             with --http HOST:PORT",
        ),
        _ => failure.hint("does Tidemill serve HTTP there? Port 9092 is Kafka's; HTTP's is 9644"),
    }
}

fn not_ours(server: &Endpoint, error: impl std::fmt::Display) -> Failure {
    Failure::new(format_args!("{server} says what can not be read: {error}"))
}

fn shown(page: &Page, minutes: u32) -> String {
    if page.requests.is_empty() {
        return format!("no request in the last {minutes} minutes\n");
    }
    let mut table = Table::new([
        "RECEIVED", "TOTAL", "REQUEST", "TOPIC", "BYTES", "RECORDS", "SHARD", "CLIENT", "STAGES",
    ]);
    for slow in &page.requests {
        table.push([
            time(slow.received_ms),
            duration(slow.total_ns),
            format!("{} v{}", slow.api, slow.version),
            topic(slow),
            slow.bytes.to_string(),
            slow.records.map_or_else(String::new, |records| records.to_string()),
            slow.shard.to_string(),
            format!("{} {}", slow.client, slow.client_id).trim_end().to_owned(),
            stages(slow),
        ]);
    }
    table.to_string()
}

fn time(millis: i64) -> String {
    let time = Timestamp::from_millisecond(millis);
    time.map_or_else(|_| millis.to_string(), |time| format!("{time:.3}"))
}

/// The first topic, and how many partitions if it is not one.
fn topic(slow: &Slow) -> String {
    let name = slow.topic.as_deref().unwrap_or_default();
    match slow.partitions {
        0 | 1 => name.to_owned(),
        more => format!("{name} ({more} partitions)"),
    }
}

/// Those that matter, in the order of the request's way.
fn stages(slow: &Slow) -> String {
    const WAY: [&str; 9] =
        ["parse", "queue", "journal_write", "barrier", "turn", "wait", "read", "handle", "reply"];
    let nanos = |name: &str| slow.stages_ns.get(name).and_then(serde_json::Value::as_u64);
    let known = WAY.iter().copied().filter(|name| slow.stages_ns.contains_key(*name));
    let others = slow.stages_ns.keys().map(String::as_str).filter(|name| !WAY.contains(name));
    let mut parts = Vec::new();
    for name in known.chain(others) {
        let nanos = nanos(name).unwrap_or(0);
        let mark = if name == slow.largest { "*" } else { "" };
        if nanos >= slow.total_ns / 100 || !mark.is_empty() {
            parts.push(format!("{name}{mark} {}", duration(nanos)));
        }
    }
    parts.join(", ")
}

/// Three digits and a unit.
fn duration(nanos: u64) -> String {
    let (unit, name) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (whole, rest) = (nanos / unit, nanos % unit);
    match whole {
        0..10 => format!("{whole}.{:02} {name}", rest * 100 / unit),
        10..100 => format!("{whole}.{} {name}", rest * 10 / unit),
        _ => format!("{whole} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(stages: &str, more: &str) -> Page {
        let text = format!(
            r#"{{"silent": [], "requests": [{{"received_ms": 1763760000123, "shard": 1,
            "client": "10.0.0.7:4711", "client_id": "a\u001b[2Jb", "api": "Produce", "version": 9,
            "bytes": 1100, "records": 1, "total_ns": 45300000, {more},
            "largest": "barrier", "stages_ns": {{{stages}}}}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_request_is_a_line_with_its_largest_stage_marked() {
        let stages = r#""barrier": 44000000, "future": 700000, "parse": 9000, "queue": 600000,
            "wait": 500000000"#;
        let text = shown(&page(stages, r#""topic": "orders", "partitions": 1"#), 10);
        let line = text.lines().nth(1).unwrap();
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        let expected = [
            "2025-11-21T21:20:00.123Z",
            "45.3 ms",
            "Produce v9",
            "orders",
            "1100",
            "1",
            "1",
            "10.0.0.7:4711 a\\u{1b}[2Jb",
            "queue 600 us, barrier* 44.0 ms, wait 500 ms, future 700 us",
        ];
        assert_eq!(cells, expected);
    }

    #[test]
    fn partitions_and_the_absence_of_a_topic_are_shown() {
        let text = shown(&page("", r#""topic": "orders", "partitions": 3"#), 10);
        assert!(text.contains("orders (3 partitions)"), "{text}");
        let text = shown(&page("", r#""topic": null, "partitions": 0"#), 10);
        assert!(text.contains("Produce v9  -  "), "{text}");
        let none = Page { silent: vec![], requests: vec![] };
        assert_eq!(shown(&none, 3), "no request in the last 3 minutes\n");
    }

    #[test]
    fn durations_have_three_digits() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_009, "1.00 us"),
            (45_390_000, "45.3 ms"),
            (999_999_999, "999 ms"),
            (61_000_000_000, "61.0 s"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }
}
