//! A run's folder, read again.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

use super::super::flags::WorkloadFlags;
use super::super::ledger::{Ledger, Nobody};
use super::super::verdict::judge;
use super::*;

const START: u64 = 1_000;
const SECOND: u64 = 1_000_000_000;

/// A hundred records a second for a second of warm-up and two that count, each 2 ms.
fn account(workload: &Workload) -> Account {
    let mut nobody = Nobody;
    let mut ledger = Ledger::new(workload, START, &mut nobody);
    for number in 0..300 {
        let due = [START + number * SECOND / 100];
        ledger.on_due(due[0], 1, due[0] + 100);
        ledger.on_sent(&due, due[0] + 500_000);
        ledger.on_acked(&due, due[0] + 500_000, due[0] + 2_000_000, 1024);
    }
    ledger.close(START + 3 * SECOND + 10)
}

#[test]
fn the_files_say_what_was_counted() {
    let flags: WorkloadFlags = toml::from_str("warmup = 1\nduration = 2\nrate = 100").unwrap();
    let workload = flags.resolve("127.0.0.1:9092".to_owned()).unwrap();
    let account = account(&workload);
    let summary = Summary::of(&account).unwrap();
    let record = RunRecord {
        workload: &workload,
        started_unix_ms: 1_700_000_000_000,
        block: Some(1),
        label: None,
        system: System { name: "tidemill".to_owned(), version: "0.1.0".to_owned() },
        durability: Durability::Disk,
        account: &account,
        summary: &summary,
        readable: Some(200),
        floor: None,
        costs: Costs::default(),
        samples: &[],
        verdict: &judge(&summary.evidence(&account, false).unwrap()),
        machine: vec![("kernel".to_owned(), "Linux".to_owned())],
        configuration: Vec::new(),
        lapped: None,
        stages: None,
    };
    let directory = tempfile::tempdir().unwrap();
    record.write(directory.path()).unwrap();
    let text = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let run: Value = serde_json::from_str(&text("run.json")).unwrap();
    assert_eq!(run["counts"]["intended"], 200);
    assert_eq!(run["percentiles_us"]["total"]["p50"], 2000.895);
    assert_eq!(run["percentiles_us"]["total"]["p99"], Value::Null);
    assert_eq!(run["verdict"]["valid"], true);
    assert_eq!(run["window"]["start_ns"], SECOND);
    let timeline = text("timeline.csv");
    let lines: Vec<_> = timeline.lines().collect();
    assert_eq!(lines.len(), 5);
    let columns = lines[0].split(',').count();
    assert!(lines.iter().all(|line| line.split(',').count() == columns));
    assert!(lines[1].starts_with("-1,100,100,100,0,0,0,102400,2000.9,,2000.9"), "{}", lines[1]);
    assert!(lines[2].starts_with("0,100,"));
    assert!(
        text("total.hgrm").contains("#[Max     =     2000.895, Total count    =          200]")
    );
    assert_eq!(
        logged(&text("latency.hlog")),
        [("delay", 200), ("lateness", 200), ("publish", 200), ("total", 200)]
            .map(|(tag, count)| (tag.to_owned(), count))
    );
}

/// How many values the log has, by tag.
fn logged(text: &str) -> Vec<(String, u64)> {
    let mut counts = std::collections::BTreeMap::new();
    let mut deserializer = Deserializer::new();
    for entry in IntervalLogIterator::new(text.as_bytes()) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        assert!(interval.start_timestamp().as_secs() < 2);
        let bytes = STANDARD.decode(interval.encoded_histogram()).unwrap();
        let histogram: Histogram<u64> = deserializer.deserialize(&mut Cursor::new(bytes)).unwrap();
        *counts.entry(interval.tag().unwrap().as_str().to_owned()).or_default() += histogram.len();
    }
    counts.into_iter().collect()
}
