//! The stages of a server on loopback that says what it is told to.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};

use super::*;

const MICRO: u64 = 1_000;

fn histogram(nanos: &[u64]) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
    for nanos in nanos {
        histogram.record(*nanos).unwrap();
    }
    histogram
}

fn encoded(nanos: &[u64]) -> String {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(&histogram(nanos), &mut bytes).unwrap();
    STANDARD.encode(bytes)
}

fn page(started_ms: i64, now_ms: i64, queue: &[u64], barrier: &[u64]) -> Value {
    json!({
        "started_ms": started_ms, "now_ms": now_ms, "silent": [],
        "stages": [
            { "name": "queue", "histogram": encoded(queue) },
            { "name": "barrier", "histogram": encoded(barrier) },
        ],
    })
}

/// Answers each connection with the next page; returns the paths that were asked for.
fn serve(pages: Vec<(u16, String)>) -> (SocketAddr, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        let pages = pages.into_iter().map(|(status, page)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                request.extend_from_slice(&byte);
            }
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", page.len());
            stream.write_all((head + &page).as_bytes()).unwrap();
            String::from_utf8(request).unwrap().split(' ').nth(1).unwrap().to_owned()
        });
        pages.collect()
    });
    (address, served)
}

/// A slow request, as far as it is looked at.
fn slow(received_ms: i64, total_ms: u64) -> Value {
    json!({ "received_ms": received_ms, "total_ns": total_ms * 1_000_000 })
}

fn well(page: &Value) -> (u16, String) {
    (200, page.to_string())
}

#[test]
fn an_interval_is_the_difference_of_two_moments() {
    let long: Vec<u64> = (1..=2_000).map(|n| n * MICRO).collect();
    let before = page(7, 100_000, &[5 * MICRO; 3], &[900_000 * MICRO]);
    let queue: Vec<u64> = [&[5 * MICRO; 3], long.as_slice()].concat();
    let after = page(7, 230_000, &queue, &[900_000 * MICRO]);
    let told = [slow(229_000, 900), slow(99_500, 600), slow(99_000, 500), slow(230_001, 1)];
    let told = json!({ "requests": told, "silent": [] });
    let (address, served) = serve(vec![well(&before), well(&after), well(&told)]);
    let stages = StageView::begin(address).unwrap().end().unwrap();
    let asked = ["/debug/stages", "/debug/stages", "/debug/slow?limit=1000&minutes=3"];
    assert_eq!(served.join().unwrap(), asked);
    let found = stages.to_json();
    assert_eq!(found["stages"][1], json!({ "name": "barrier", "count": 0 }));
    let queue = &found["stages"][0];
    assert_eq!((&queue["name"], &queue["count"]), (&json!("queue"), &json!(2_000)));
    for (name, micros) in [("p50_us", 1_000.0), ("p99_us", 1_980.0), ("max_us", 2_000.0)] {
        let told = queue[name].as_f64().unwrap();
        assert!((told - micros).abs() <= micros / 1_000.0, "{name}: {told}");
    }
    assert_eq!(queue.get("p99.9_us"), None, "two samples beyond it are too few");
    assert_eq!(found["slow"], json!([slow(229_000, 900), slow(99_500, 600)]));
    let table = stages.table("Stages").to_text();
    assert!(table.contains("queue") && !table.contains("barrier"), "{table}");
}

#[test]
fn another_process_or_a_lost_count_is_no_interval() {
    for (after, what) in [
        (page(8, 2, &[], &[]), "anew"),
        (page(7, 2, &[], &[9]), "lost"),
        (json!({ "started_ms": 7, "now_ms": 2, "silent": [], "stages": [] }), "lost"),
    ] {
        let (address, served) = serve(vec![well(&page(7, 1, &[5], &[9])), well(&after)]);
        let error = StageView::begin(address).unwrap().end().unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        served.join().unwrap();
    }
}

#[test]
fn what_is_no_page_of_stages_is_refused() {
    let mut huge = Vec::new();
    V2Serializer::new().serialize(&histogram(&[1]), &mut huge).unwrap();
    huge[24..32].copy_from_slice(&u64::MAX.to_be_bytes());
    let mut longer = STANDARD.decode(encoded(&[1])).unwrap();
    longer[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut packed = Vec::new();
    V2DeflateSerializer::new().serialize(&histogram(&[1]), &mut packed).unwrap();
    let of = |bytes: &[u8]| {
        let stage = json!({ "name": "queue", "histogram": STANDARD.encode(bytes) });
        json!({ "started_ms": 7, "now_ms": 2, "silent": [], "stages": [stage] }).to_string()
    };
    let silent = json!({ "started_ms": 7, "now_ms": 2, "silent": [1], "stages": [] }).to_string();
    for (status, page, what) in [
        (404, "{}".to_owned(), "Tidemill"),
        (503, "{}".to_owned(), "refuses"),
        (200, "<html>".to_owned(), "not JSON"),
        (200, "{}".to_owned(), "every shard"),
        (200, silent, "every shard"),
        (200, of(b""), "can not be read"),
        (200, of(&huge), "can not be read"),
        (200, of(&longer), "can not be read"),
        (200, of(&packed), "can not be read"),
    ] {
        let (address, served) = serve(vec![(status, page)]);
        let error = StageView::begin(address).err().unwrap().to_string();
        assert!(error.contains(what), "{error}");
        served.join().unwrap();
    }
}
