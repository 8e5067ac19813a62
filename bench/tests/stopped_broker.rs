//! A real broker that is stopped (SIGSTOP) for a while under load: an open loop shows all of it, a
//! closed loop hides it.
//!
//! The stop is measured from after the one signal to before the other, so it is longer than what
//! is held against the account; nothing here is an upper bound on how fast anything is, but that
//! a closed loop has few records that can have seen the stop.

#![expect(clippy::unwrap_used, reason = "whatever fails here fails the test")]
#![expect(clippy::disallowed_methods, reason = "the test measures a stop by a clock of its own")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use net::kafka::api::list_offsets::{
    LATEST, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use net::kafka::api_key::ApiKey;
use net::kafka::header::{CorrelationId, RequestHeader, ResponseHeader};
use net::kafka::message::{Request, Response};
use net::kafka::wire::Reader;
use record::PartitionIndex;
use serde_json::Value;

const SECONDS: u32 = 5;

/// The broker beside the bench, where the tests of the whole workspace have it; built if this
/// crate is tested alone.
fn broker_program() -> PathBuf {
    let bench = Path::new(env!("CARGO_BIN_EXE_tidemill-bench"));
    let broker = bench.with_file_name("tidemill");
    if broker.metadata().is_ok() {
        return broker;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let profile = if bench.parent().unwrap().ends_with("release") { "release" } else { "test" };
    let built = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--locked", "--quiet", "--package", "tidemill", "--bin", "tidemill"])
        .args(["--profile", profile])
        .status();
    assert!(built.unwrap().success(), "the broker is built");
    broker
}

/// A broker on a directory of its own; killed when dropped.
struct Broker {
    child: Child,
    address: SocketAddr,
    _output: BufReader<std::process::ChildStdout>,
    _directory: tempfile::TempDir,
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Broker {
    fn start(program: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(["serve", "--shards", "1", "--http", "none", "--listen", "127.0.0.1:0", "--data"])
            .arg(directory.path())
            .args(["--set", "journal.file.bytes=16MiB", "--set", "journal.files=4"])
            .args(["--set", "tail.bytes=16MiB", "--set", "log.segment.bytes=1MiB"])
            .args(["--set", "socket.request.max.bytes=1MiB", "--set", "message.max.bytes=900000"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut address = None;
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the broker gets ready");
            let kafka = line.trim().strip_prefix("kafka").map(str::trim);
            address = address.or_else(|| kafka.and_then(|text| text.parse().ok()));
            if line.starts_with("ready in") {
                break;
            }
        }
        let address = address.expect("it says where it listens");
        Self { child, address, _output: output, _directory: directory }
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success(), "the signal is sent");
    }

    /// Stops it for a second; returns for how many nanoseconds at least.
    fn pause(&self) -> f64 {
        self.signal("-STOP");
        let stopped = Instant::now();
        assert!(Command::new("sleep").arg("1").status().unwrap().success());
        let time = stopped.elapsed();
        self.signal("-CONT");
        time.as_secs_f64() * 1e6
    }

    /// Returns once the topic's only partition has so many records.
    fn wait_for(&self, topic: &str, records: i64) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        while end_of(&mut stream, topic) < records {}
    }
}

/// The next offset of a partition; -1 if there is no such topic.
fn end_of(stream: &mut TcpStream, topic: &str) -> i64 {
    let version = ApiKey::ListOffsets.version(5).unwrap();
    let partitions = [ListOffsetsPartition {
        partition: PartitionIndex(0),
        timestamp: LATEST,
        ..ListOffsetsPartition::default()
    }];
    let topics = [ListOffsetsTopic { name: topic, partitions: (&partitions).into() }];
    let request = ListOffsetsRequest { topics: (&topics).into(), ..ListOffsetsRequest::default() };
    let header =
        RequestHeader { version, correlation_id: CorrelationId(1), client_id: Some("test") };
    let mut bytes = Vec::new();
    request.encode_frame(header, &mut bytes).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(prefix) as usize];
    stream.read_exact(&mut answer).unwrap();
    let mut reader = Reader::response(&answer);
    ResponseHeader::read(version, &mut reader).unwrap();
    let response = ListOffsetsResponse::decode(version, &mut reader).unwrap();
    let mut partitions = response.topics.iter().flat_map(|topic| topic.partitions.iter());
    partitions.next().map_or(-1, |partition| partition.offset.0)
}

/// Runs a load during which the broker is stopped; returns the run's file and the stop's length in
/// microseconds.
fn run(broker: &Broker, topic: &str, rate: &str, before: i64) -> (Value, f64) {
    let out = tempfile::tempdir().unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_tidemill-bench"))
        .args(["run", "--bootstrap", &broker.address.to_string(), "--topic", topic])
        .args(["--rate", rate, "--connections", "1", "--inflight", "1", "--record-size", "100"])
        .args(["--batch-records", "1000", "--warmup", "0", "--duration", &SECONDS.to_string()])
        .args(["--floor", "none", "--out", &out.path().display().to_string()])
        .args(["--dir", &out.path().join("dir").display().to_string()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    broker.wait_for(topic, before);
    let micros = broker.pause();
    // A run with such a stop may well be invalid; it says so by 3.
    let code = bench.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    let text = std::fs::read_to_string(out.path().join("run.json")).unwrap();
    (serde_json::from_str(&text).unwrap(), micros)
}

fn total(run: &Value, name: &str) -> f64 {
    let value = &run["percentiles_us"]["total"][name];
    value.as_f64().unwrap_or_else(|| panic!("{name} in {run:#}"))
}

#[test]
fn an_open_loop_shows_a_stop_of_the_broker_and_a_closed_one_hides_it() {
    let broker = Broker::start(&broker_program());
    let (open, stop_us) = run(&broker, "open", "5000", 2000);
    let counts = &open["counts"];
    assert_eq!(open["loop"], "open");
    assert!(counts["intended"].as_u64().unwrap() > 20_000, "{counts}");
    assert!(total(&open, "max") >= stop_us, "{stop_us} of {open:#}");
    let bound_us = stop_us - 0.001 * f64::from(SECONDS) * 1e6 - 10_000.0;
    assert!(total(&open, "p99.9") >= bound_us, "{stop_us} of {open:#}");
    let (closed, stop_us) = run(&broker, "closed", "max", 20_000);
    assert_eq!(closed["latency_kind"], "service time, omits coordinated delay");
    // One request of a thousand records saw it, of the hundreds that were made.
    assert!(total(&closed, "max") >= stop_us, "{stop_us} of {closed:#}");
    assert!(total(&closed, "p90") < stop_us / 2.0, "{stop_us} of {closed:#}");
    assert!(total(&open, "p90") >= stop_us / 10.0, "{stop_us} of {open:#}");
}
