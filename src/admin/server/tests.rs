//! Real requests over loopback, to shards that are threads answering a channel or not answering.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;
use crate::admin::{ControlRequest, Health, ShardState};
use crate::metrics::{Counter, ShardMetrics, Stage};

/// An answer over HTTP.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn connect(handle: &AdminHandle) -> TcpStream {
    let stream = TcpStream::connect(handle.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Sends a request and reads to the end of the connection.
fn exchange(mut stream: TcpStream, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn get(handle: &AdminHandle, path: &str) -> Answer {
    exchange(connect(handle), &request("GET", path, ""))
}

fn request(method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
}

fn serving() -> Health {
    Health { state: ShardState::Serving, journal_failure: None }
}

/// A shard that answers until its channel closes, with five commits and a latency each time.
fn shard(health: Health) -> ShardHandle {
    let (handle, requests) = ShardHandle::channel();
    thread::spawn(move || {
        let metrics = ShardMetrics::default();
        metrics.add(Counter::Commits, 5);
        for request in requests {
            metrics.record(Stage::Barrier, 80_000);
            request.answer(&metrics, || health.clone());
        }
    });
    handle
}

fn start_with(shards: Vec<ShardHandle>, limits: AdminLimits) -> AdminHandle {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let admin = Admin { listener, shards, cores: Vec::new(), started_ms: 1_000, limits };
    admin.start().unwrap()
}

fn start(shards: Vec<ShardHandle>) -> AdminHandle {
    start_with(shards, AdminLimits::default())
}

/// Limits under which what never answers is given up soon.
fn impatient() -> AdminLimits {
    AdminLimits { answer: Duration::from_millis(500), ..AdminLimits::default() }
}

fn metric(page: &str, series: &str) -> Option<String> {
    let line = page.lines().find_map(|line| line.strip_prefix(series))?;
    Some(line.trim().to_owned())
}

#[test]
fn a_broker_whose_shards_serve_is_alive_and_ready() {
    let handle = start(vec![shard(serving()), shard(serving())]);
    let alive = get(&handle, "/healthz");
    assert_eq!((alive.status, alive.body.as_str()), (200, "alive\n"));
    let ready = get(&handle, "/readyz");
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert!(ready.head.contains("content-type: application/json"));
    assert_eq!(ready.json()["ready"], true);
    assert_eq!(ready.json()["shards"].as_array().unwrap().len(), 2);
    handle.stop().unwrap();
}

#[test]
fn a_shard_that_recovers_or_whose_journal_failed_is_named() {
    let recovering = Health { state: ShardState::Recovering, ..serving() };
    let failed = Health { journal_failure: Some("barrier: EIO".to_owned()), ..serving() };
    let handle = start(vec![shard(serving()), shard(recovering), shard(failed)]);
    let ready = get(&handle, "/readyz");
    assert_eq!(ready.status, 503);
    let reasons = ["shard 1 is recovering", "the journal of shard 2 has failed: barrier: EIO"];
    assert_eq!(ready.json()["reasons"], serde_json::json!(reasons));
    assert_eq!(get(&handle, "/healthz").status, 200);
}

#[test]
fn a_shard_that_never_answers_is_named_and_holds_up_nobody() {
    let (stuck, requests) = ShardHandle::channel();
    let (gone, _) = ShardHandle::channel();
    let handle = start_with(vec![stuck, shard(serving()), gone], impatient());
    for _ in 0..2 {
        let ready = get(&handle, "/readyz");
        assert_eq!(ready.status, 503);
        let reasons = ["shard 0 has not answered within 500ms", "shard 2 has ended"];
        assert_eq!(ready.json()["reasons"], serde_json::json!(reasons));
        assert_eq!(ready.json()["shards"][1]["state"], "serving");
        let page = get(&handle, "/metrics").body;
        assert_eq!(metric(&page, "tidemill_shard_up{shard=\"0\"}").unwrap(), "0");
        assert_eq!(metric(&page, "tidemill_shard_up{shard=\"1\"}").unwrap(), "1");
    }
    // However often the shard was waited for, it was asked once each.
    assert_eq!(requests.len(), 2);
}

#[test]
fn what_a_slow_shard_gives_away_late_is_not_lost_and_not_counted_twice() {
    let (slow, requests) = ShardHandle::channel();
    let handle = start_with(vec![slow], impatient());
    let count = |page: &str| {
        metric(page, "tidemill_stage_seconds_count{shard=\"0\",stage=\"queue\"}").unwrap()
    };
    assert_eq!(count(&get(&handle, "/metrics").body), "0");
    let metrics = ShardMetrics::default();
    metrics.record_many(Stage::Queue, 1_000, 7);
    requests.recv().unwrap().answer(&metrics, serving);
    // The late answer is there, and the next question waits for its own in vain.
    let page = get(&handle, "/metrics").body;
    assert_eq!(count(&page), "7");
    assert_eq!(metric(&page, "tidemill_shard_up{shard=\"0\"}").unwrap(), "0");
    requests.recv().unwrap().answer(&metrics, serving);
    assert_eq!(count(&get(&handle, "/metrics").body), "7");
}

#[test]
fn the_page_is_for_prometheus_and_counts_on() {
    let handle = start(vec![shard(serving())]);
    for times in ["1", "2", "3"] {
        let answer = get(&handle, "/metrics");
        assert_eq!(answer.status, 200);
        let content = "content-type: text/plain; version=0.0.4; charset=utf-8";
        assert!(answer.head.contains(content), "{}", answer.head);
        let page = answer.body;
        assert_eq!(metric(&page, "tidemill_journal_commits_total{shard=\"0\"}").unwrap(), "5");
        let barriers = "tidemill_stage_seconds_count{shard=\"0\",stage=\"barrier\"}";
        assert_eq!(metric(&page, barriers).unwrap(), times);
        assert_eq!(metric(&page, "process_start_time_seconds ").unwrap(), "1");
        assert!(metric(&page, "process_resident_memory_bytes ").is_some());
    }
}

#[test]
fn stages_are_counted_from_the_start_whoever_else_asks() {
    let handle = start(vec![shard(serving()), shard(serving())]);
    let barriers = |answer: &Answer| {
        let stages = answer.json()["stages"].clone();
        let stages = stages.as_array().unwrap().iter().find(|stage| stage["name"] == "barrier");
        stages.unwrap()["count"].clone()
    };
    assert_eq!(barriers(&get(&handle, "/debug/stages")), 2);
    get(&handle, "/metrics");
    let again = get(&handle, "/debug/stages?shard=1");
    assert_eq!((again.status, barriers(&again)), (200, 3.into()));
    assert_eq!(again.json()["silent"], serde_json::json!([]));
    let (gone, _) = ShardHandle::channel();
    let handle = start(vec![shard(serving()), gone]);
    assert_eq!(get(&handle, "/debug/stages").json()["silent"], serde_json::json!([1]));
}

#[test]
fn slow_requests_are_asked_of_every_shard() {
    let (gone, _) = ShardHandle::channel();
    let handle = start(vec![shard(serving()), gone]);
    let slow = get(&handle, "/debug/slow?limit=5");
    assert_eq!((slow.status, slow.json()["limit"].clone()), (200, 5.into()));
    assert_eq!(slow.json()["silent"], serde_json::json!(["shard 1 has ended"]));
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let handle = start(vec![shard(serving())]);
    for question in [
        "/debug/slow?limit=0",
        "/debug/slow?limit=1001",
        "/debug/slow?limit=many",
        "/debug/slow?minutes=61",
        "/debug/slow?shard=1",
        "/debug/stages?shard=1",
        "/debug/stages?stage=parse",
    ] {
        let answer = get(&handle, question);
        assert_eq!(answer.status, 400, "{question}");
        assert!(!answer.json()["error"].as_str().unwrap().is_empty(), "{question}");
    }
}

#[test]
fn a_shard_that_sleeps_on_its_ring_is_woken() {
    let (handle, requests) = ShardHandle::channel();
    let thread = runtime::ShardThread {
        name: "shard".to_owned(),
        core: None,
        config: runtime::RuntimeConfig {
            idle: runtime::IdlePolicy::Block,
            ..runtime::RuntimeConfig::default()
        },
        lock: None,
    };
    let shard = thread.spawn(|_| async move {
        let metrics = ShardMetrics::default();
        while let Ok(request) = requests.recv_async().await {
            metrics.count(Counter::Commits);
            request.answer(&metrics, serving);
        }
    });
    let handle = start(vec![handle]);
    assert_eq!(get(&handle, "/readyz").status, 200);
    let page = get(&handle, "/metrics").body;
    assert_eq!(metric(&page, "tidemill_journal_commits_total{shard=\"0\"}").unwrap(), "2");
    handle.stop().unwrap();
    shard.unwrap().join().unwrap();
}

#[test]
fn what_is_not_there_and_what_is_too_much_is_refused() {
    let handle = start(vec![shard(serving())]);
    assert_eq!(get(&handle, "/").status, 404);
    assert!(get(&handle, "/admin").body.contains("/readyz"));
    let post = |more: &str| exchange(connect(&handle), &request("POST", "/metrics", more)).status;
    assert_eq!(post(""), 405);
    assert_eq!(post("Content-Length: 0\r\n"), 405);
    assert_eq!(post("Content-Length: 1000000000\r\n"), 413);
    assert_eq!(post("Transfer-Encoding: chunked\r\n"), 413);
    assert_eq!(exchange(connect(&handle), "nonsense\r\n\r\n").status, 400);
    let head = exchange(connect(&handle), &request("HEAD", "/healthz", ""));
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn connections_over_the_limit_wait_for_a_place() {
    let limits = AdminLimits { connections: 2, ..AdminLimits::default() };
    let handle = start_with(vec![], limits);
    let held: Vec<_> = (0..2).map(|_| connect(&handle)).collect();
    let waiting = connect(&handle);
    waiting.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    (&waiting).write_all(request("GET", "/healthz", "").as_bytes()).unwrap();
    let mut byte = [0];
    let error = (&waiting).read(&mut byte).unwrap_err();
    assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
    drop(held);
    waiting.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut text = String::new();
    (&waiting).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
}

#[test]
fn a_silent_connection_loses_its_place_even_if_it_drips() {
    let silence = Duration::from_millis(200);
    let limits = AdminLimits { connections: 1, silence, ..AdminLimits::default() };
    let handle = start_with(vec![], limits);
    let dripping = connect(&handle);
    let end = thread::spawn(move || {
        let mut byte = [0];
        dripping.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        loop {
            // What it sends does not save it: it was not given anything.
            let sent = (&dripping).write_all(b"G");
            match (&dripping).read(&mut byte) {
                Ok(0) => return true,
                Ok(_) => return false,
                Err(_) if sent.is_err() => return true,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return true,
                Err(_) => {}
            }
        }
    });
    // There is one place, so this is answered only once the other has lost it.
    assert_eq!(get(&handle, "/healthz").status, 200);
    assert!(end.join().unwrap());
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    let (stuck, _requests) = ShardHandle::channel();
    let request = Duration::from_millis(50);
    let handle = start_with(vec![stuck], AdminLimits { request, ..AdminLimits::default() });
    assert_eq!(get(&handle, "/readyz").status, 504);
    assert_eq!(get(&handle, "/healthz").status, 200);
}

#[test]
fn a_stop_ends_idle_connections_and_frees_the_port() {
    let handle = start(vec![shard(serving())]);
    let mut idle = connect(&handle);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let address = handle.address();
    handle.stop().unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"alive\n"));
    bind(address).unwrap();
}

#[test]
fn a_handle_that_is_dropped_stops_the_thread() {
    let (handle, requests) = ShardHandle::channel();
    drop(start(vec![handle]));
    // The thread holds the only sender.
    assert!(
        requests
            .recv_timeout(Duration::from_secs(30))
            .is_err_and(|error| { error == flume::RecvTimeoutError::Disconnected })
    );
}

#[test]
fn a_taken_port_is_named() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let message = bind(address).unwrap_err().to_string();
    let expected = format!("can not listen for HTTP on port {} of 127.0.0.1: ", address.port());
    assert!(message.starts_with(&expected) && message.contains("http.listen"), "{message}");
}

#[test]
fn a_core_that_can_not_be_had_is_an_error_of_the_start() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let limits = AdminLimits::default();
    let admin = Admin { listener, shards: vec![], cores: vec![8191], started_ms: 0, limits };
    assert!(matches!(admin.start(), Err(AdminError::Cores(_))));
}

#[test]
fn whoever_asks_while_another_is_answered_gets_the_same_answer() {
    let (handle, requests) = ShardHandle::channel();
    let shards: Arc<[ShardHandle]> = vec![handle].into();
    let wait = Duration::from_secs(30);
    let answering = thread::spawn(move || {
        let metrics = ShardMetrics::default();
        let answered = requests.into_iter().map(|request| request.answer(&metrics, serving));
        answered.count()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut collector = Collector::new(Arc::clone(&shards), wait, 0);
        let mut readiness = Readiness::new(shards, wait);
        let before = tokio::time::Instant::now();
        for _ in 0..3 {
            collector.page(before).await;
            assert!(readiness.report(before).await.0);
        }
        let after = tokio::time::Instant::now();
        collector.page(after).await;
        assert!(readiness.report(after).await.0);
    });
    assert_eq!(answering.join().unwrap(), 4);
}

#[test]
fn a_question_with_its_own_channel_needs_no_room_twice() {
    // Eight strangers' questions fill the channel; the control plane does not wait for room.
    let (full, requests) = ShardHandle::channel();
    while full.sender.try_send(ControlRequest::Health { reply: flume::bounded(1).0 }).is_ok() {}
    let handle = start(vec![full]);
    let reasons = serde_json::json!(["shard 0 has more questions waiting than it can hold"]);
    assert_eq!(get(&handle, "/readyz").json()["reasons"], reasons);
    drop(requests);
}
