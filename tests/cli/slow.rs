//! Slow requests of a real broker, and the histograms of its stages.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{ApiVersionsRequest, BrokerId, FetchRequest};
use serde_json::Value;

use super::broker::Broker;
use super::command::run;
use crate::support::batch;
use crate::support::broker::{Broker as Process, Setup, Site};
use crate::support::connection::{Connection, frame};
use crate::support::fetch::Appetite;
use crate::support::metrics::get;
use crate::support::produce::Partition;
use crate::support::topics::Blueprint;

const MILLI: u64 = 1_000_000;

/// Small, and quiet with nothing to do.
fn setup(shards: u16, more: &[(&'static str, &str)]) -> Setup {
    let small = [
        ("journal.file.bytes", "16MiB"),
        ("journal.files", "4"),
        ("socket.request.max.bytes", "8MiB"),
        ("poll", "block"),
    ];
    Setup::new(shards, &[&small, more].concat())
}

/// A broker with one shard that writes down whatever a test asks, and a topic `t` with one
/// partition.
fn start(site: &mut Site) -> (Process, Connection) {
    let (broker, _) = site.start(&setup(1, &[("slow.requests.per.minute", "256")]));
    let mut connection = broker.connect();
    assert_eq!(connection.create_topic(&Blueprint::new("t", 1, &[])).unwrap(), 0);
    (broker, connection)
}

fn slow(http: SocketAddr, arguments: &[&str]) -> String {
    let http = http.to_string();
    run(&[&["slow", "--http", &http][..], arguments].concat()).ok()
}

/// Everything that was written down, of one API.
fn told(http: SocketAddr, api: &str) -> Vec<Value> {
    let page: Value = serde_json::from_str(&slow(http, &["--json", "--limit", "1000"])).unwrap();
    assert_eq!(page["silent"], serde_json::json!([]));
    let requests = page["requests"].as_array().unwrap().iter();
    requests.filter(|request| request["api"] == api).cloned().collect()
}

fn stage(request: &Value, name: &str) -> u64 {
    request["stages_ns"][name].as_u64().unwrap_or(0)
}

#[track_caller]
fn check_sum(request: &Value) {
    let stages = request["stages_ns"].as_object().unwrap().iter();
    let counted = stages.filter(|(name, _)| *name != "wait");
    let sum: u64 = counted.map(|(_, nanos)| nanos.as_u64().unwrap()).sum();
    assert_eq!(request["total_ns"].as_u64().unwrap(), sum, "{request}");
}

#[test]
fn a_produce_is_told_with_all_its_stages() {
    let mut site = Site::new();
    let (broker, mut connection) = start(&mut site);
    let partition = Partition::new("t", 0);
    let bytes = batch::encode([vec![7; 100], vec![8; 100]], None);
    for _ in 0..3 {
        assert_eq!(connection.produce(&partition, bytes.clone()).unwrap().error_code, 0);
    }
    // Answers leave in order: with this one, those before it are written down.
    assert_eq!(connection.latest(&partition).unwrap(), 6);
    let requests = told(broker.http(), "Produce");
    assert_eq!(requests.len(), 3, "few requests are all slow");
    for request in &requests {
        check_sum(request);
        assert_eq!((&request["topic"], &request["partitions"]), (&"t".into(), &1.into()));
        assert_eq!((&request["bytes"], &request["records"]), (&bytes.len().into(), &2.into()));
        assert_eq!((&request["client_id"], &request["shard"]), (&"suite".into(), &0.into()));
        let client: SocketAddr = request["client"].as_str().unwrap().parse().unwrap();
        assert!(client.ip().is_loopback() && client.port() > 0);
        // The commit may begin in the turn that received the batch: then there was no queue.
        for name in ["parse", "journal_write", "reply"] {
            assert!(stage(request, name) > 0, "{name}: {request}");
        }
        assert_eq!((stage(request, "wait"), stage(request, "handle")), (0, 0), "{request}");
        let largest = request["largest"].as_str().unwrap();
        assert!(stage(request, largest) * 9 >= request["total_ns"].as_u64().unwrap(), "{request}");
    }
    let totals: Vec<_> = requests.iter().map(|request| request["total_ns"].as_u64()).collect();
    assert!(totals.is_sorted_by(|one, next| one >= next), "{totals:?}");
    assert_eq!(told(broker.http(), "CreateTopics").len(), 1);
    let table = slow(broker.http(), &["--minutes", "1"]);
    let header = table.lines().next().unwrap();
    assert!(header.starts_with("RECEIVED ") && header.ends_with(" STAGES"), "{table}");
    let produced = table.lines().filter(|line| line.contains("  Produce v11 "));
    assert_eq!(produced.filter(|line| line.contains("  t  ")).count(), 3, "{table}");
    assert!(table.lines().skip(1).all(|line| line.contains("* ")), "{table}");
    assert_eq!(slow(broker.http(), &["--limit", "2"]).lines().count(), 3);
}

/// A request for everything in `t`.
fn fetch_all() -> Vec<u8> {
    let bytes_max = 50 << 20;
    let part = FetchPartition::default()
        .with_current_leader_epoch(-1)
        .with_last_fetched_epoch(-1)
        .with_log_start_offset(-1)
        .with_partition_max_bytes(bytes_max);
    let topic = FetchTopic::default()
        .with_topic(Partition::new("t", 0).topic_name())
        .with_partitions(vec![part]);
    let request = FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_min_bytes(1)
        .with_max_bytes(bytes_max)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    frame(&request, 12, 1)
}

fn receive(stream: &mut TcpStream, prefix: [u8; 4]) -> usize {
    let mut body = vec![0; u32::from_be_bytes(prefix) as usize];
    stream.read_exact(&mut body).unwrap();
    body.len()
}

#[test]
fn a_client_that_does_not_read_is_slow_and_one_that_waits_is_not() {
    const WAIT_MS: i32 = 300;
    let mut site = Site::new();
    let (broker, mut connection) = start(&mut site);
    let partition = Partition::new("t", 0);
    // More than the sockets between the two can hold.
    let megabyte = batch::encode([vec![7; 1_000_000]], None);
    for _ in 0..32 {
        assert_eq!(connection.produce(&partition, megabyte.clone()).unwrap().error_code, 0);
    }
    let mut lazy = TcpStream::connect(broker.kafka()).unwrap();
    lazy.write_all(&fetch_all()).unwrap();
    let mut prefix = [0; 4];
    lazy.read_exact(&mut prefix).unwrap();
    // The answer is ready, and while another client waits for records nobody reads it.
    let appetite = Appetite { bytes_max: 1_000, wait_ms: WAIT_MS };
    assert_eq!(connection.fetch(&partition, 32, appetite).unwrap().bytes, 0);
    assert!(receive(&mut lazy, prefix) > 32_000_000);
    // Both connections have their last answers written down once they have another one.
    lazy.write_all(&frame(&ApiVersionsRequest::default(), 0, 2)).unwrap();
    lazy.read_exact(&mut prefix).unwrap();
    receive(&mut lazy, prefix);
    connection.latest(&partition).unwrap();
    let requests = told(broker.http(), "Fetch");
    assert_eq!(requests.len(), 2);
    requests.iter().for_each(check_sum);
    let unread = requests.iter().find(|request| request["bytes"].as_u64() > Some(32_000_000));
    let unread = unread.unwrap();
    assert_eq!((&unread["largest"], &unread["topic"]), (&"reply".into(), &"t".into()));
    assert!(stage(unread, "reply") >= 250 * MILLI && stage(unread, "wait") == 0, "{unread}");
    let patient = requests.iter().find(|request| stage(request, "wait") > 0).unwrap();
    assert!(stage(patient, "wait") >= 250 * MILLI, "{patient}");
    assert_ne!(patient["largest"], "wait");
}

#[test]
fn the_client_is_known_wherever_its_connection_moves() {
    let mut site = Site::new();
    let (broker, _) = site.start(&setup(2, &[]));
    let mut connection = broker.connect();
    assert_eq!(connection.create_topic(&Blueprint::new("two", 2, &[])).unwrap(), 0);
    let bytes = batch::encode([vec![7; 100]], None);
    // Partitions go round the shards, and connections follow them.
    for partition in [0, 1] {
        for _ in 0..20 {
            let produced = connection.produce(&Partition::new("two", partition), bytes.clone());
            assert_eq!(produced.unwrap().error_code, 0);
        }
    }
    connection.latest(&Partition::new("two", 1)).unwrap();
    let requests = told(broker.http(), "Produce");
    for shard in [0, 1] {
        assert!(requests.iter().any(|request| request["shard"] == shard), "{requests:?}");
    }
    for request in &requests {
        check_sum(request);
        assert_eq!((&request["client_id"], &request["topic"]), (&"suite".into(), &"two".into()));
    }
    let elsewhere = requests.iter().filter(|request| stage(request, "handle") > 0);
    assert!(elsewhere.count() > 0, "some were for the other shard before the move");
}

#[test]
fn of_a_shard_that_keeps_two_there_are_two() {
    let mut site = Site::new();
    let (mut broker, _) = site.start(&setup(1, &[("slow.requests.per.minute", "0")]));
    broker.connect().create_topic(&Blueprint::new("t", 1, &[])).unwrap();
    assert_eq!(slow(broker.http(), &[]), "no request in the last 10 minutes\n");
    broker.stop();
    let (broker, _) = site.start(&setup(1, &[("slow.requests.per.minute", "2")]));
    let mut connection = broker.connect();
    let partition = Partition::new("t", 0);
    for _ in 0..20 {
        connection.latest(&partition).unwrap();
    }
    let page: Value = serde_json::from_str(&slow(broker.http(), &["--json"])).unwrap();
    let requests = page["requests"].as_array().unwrap();
    // Two a minute; a minute may have ended meanwhile.
    assert!((2..=4).contains(&requests.len()), "{page}");
}

/// How often a stage was gone through, by its histogram.
fn histogram(http: SocketAddr, name: &str) -> Histogram<u64> {
    let (head, body) = get(http, "/debug/stages");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let page: Value = serde_json::from_str(&body).unwrap();
    let stages = page["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["name"] == name).unwrap();
    let bytes = STANDARD.decode(stage["histogram"].as_str().unwrap()).unwrap();
    Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap()
}

#[test]
fn the_histograms_of_an_interval_are_the_difference_of_two() {
    let mut site = Site::new();
    let (broker, mut connection) = start(&mut site);
    let partition = Partition::new("t", 0);
    let bytes = batch::encode([vec![7; 100]], None);
    let mut produce = |times| {
        for _ in 0..times {
            assert_eq!(connection.produce(&partition, bytes.clone()).unwrap().error_code, 0);
        }
        connection.latest(&partition).unwrap();
    };
    produce(5);
    let before = histogram(broker.http(), "end_to_end");
    assert_eq!(before.len(), 5);
    produce(7);
    let mut between = histogram(broker.http(), "end_to_end");
    between.subtract(before).unwrap();
    assert_eq!(between.len(), 7);
    assert_eq!(histogram(broker.http(), "queue").len(), 12);
}

#[test]
fn a_broker_that_can_not_be_asked_is_told_apart_from_a_question_that_makes_no_sense() {
    let broker = Broker::start();
    let said = run(&["slow", "--http", "127.0.0.1:1"]).fails(1);
    assert!(
        said.contains("connect to 127.0.0.1:1: ") && said.contains("--http HOST:PORT"),
        "{said}"
    );
    let said = run(&["slow", "--http", &broker.address()]).fails(1);
    assert!(said.contains("does Tidemill serve HTTP there?"), "{said}");
    run(&["slow", "--http", &broker.http().to_string(), "--limit", "0"]).fails(2);
    run(&["slow", "--minutes", "61"]).fails(2);
    run(&["slow", "--http", "nowhere"]).fails(2);
}
