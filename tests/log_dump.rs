//! `tidemill log dump` against what a real broker left: it counts what was produced, and names the
//! file and the byte of whatever was changed since.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use serde_json::Value;
use support::broker::{Setup, Site};
use support::directory::flip;
use support::dump::{Dump, number, path_in};
use support::produce::{Partition, code};
use support::topics::Blueprint;
use support::values::values;

const BIG: usize = 12_000;
const SMALL: usize = 30;

/// A directory with records in finished segments, in the active one, and in the journal alone.
fn produced() -> Site {
    let mut site = Site::new();
    let (mut broker, _) = site.start(&Setup::small());
    let mut client = broker.connect();
    for (topic, partitions) in [("orders", 2), ("events", 1)] {
        let blueprint = Blueprint::new(topic, partitions, &[]);
        assert_eq!(client.create_topic(&blueprint).unwrap(), code::NONE);
    }
    let (orders, small) = (Partition::new("orders", 0), Partition::new("orders", 1));
    for from in (0..BIG).step_by(100) {
        assert_eq!(client.append(&orders, values(from, 100, 1_000)), Ok(from));
    }
    for from in (0..SMALL).step_by(3) {
        assert_eq!(client.append(&small, values(from, 3, 100)), Ok(from));
        client.append(&Partition::new("events", 0), values(from, 3, 10)).unwrap();
    }
    broker.stop();
    site
}

fn partition<'a>(dump: &'a Dump, topic: &str, partition: u64) -> &'a Value {
    let partitions = dump.items("partition");
    let found = partitions.into_iter().find(|p| p["topic"] == topic && p["partition"] == partition);
    found.unwrap_or_else(|| panic!("{topic}-{partition} in {:?}", dump.lines))
}

/// Changes a byte of a copy; the dump must name that file and `place`, alone, and exit with 1.
fn check(site: &Site, name: &str, item: &Value, change: u64, place: u64, arguments: &[&str]) {
    let copy = site.copy();
    let mut file = path_in(item, &site.data(), &copy.data());
    if name == "index" {
        file.set_extension("idx");
    }
    flip(&file, change);
    let dump = Dump::run(&copy.data(), arguments);
    assert_eq!(dump.code, Some(1), "{name}: {}", dump.error);
    let places: Vec<_> = dump.faults().into_iter().map(|(file, byte, _)| (file, byte)).collect();
    assert_eq!(places, [(file, Some(place))], "{name}: {:?}", dump.faults());
}

#[test]
fn a_dump_counts_what_was_produced_and_names_what_was_changed() {
    let site = produced();
    let data = site.data();

    let summary = Dump::sound(&data, &["summary"]);
    let layout = summary.items("layout")[0];
    assert_eq!((number(layout, "shards"), layout["clean"].as_bool()), (1, Some(true)));
    assert_eq!(number(partition(&summary, "orders", 0), "next_offset"), BIG as u64);
    assert_eq!(number(partition(&summary, "orders", 1), "next_offset"), SMALL as u64);
    assert_eq!(number(partition(&summary, "events", 0), "next_offset"), SMALL as u64);

    let segments = Dump::sound(&data, &["segments", "--topic", "orders", "--records"]);
    let lines = segments.items("segment");
    assert!(lines.iter().any(|segment| segment["finished"] == true), "{lines:?}");
    let in_segments: u64 = lines.iter().map(|segment| number(segment, "records")).sum();
    assert_eq!(segments.items("record").len() as u64, in_segments);
    assert!(in_segments > 1_000 && in_segments <= (BIG + SMALL) as u64);

    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let entries = journal.items("entry");
    let appended = |topic: &str, partition: u64| -> u64 {
        let own = entries.iter().filter(|e| {
            e["kind"] == "Append" && e["topic"] == topic && e["partition"] == partition
        });
        own.map(|entry| number(entry, "records")).sum()
    };
    // The ring is larger than all of this, so every batch is still in it.
    assert_eq!(appended("orders", 0), BIG as u64);
    assert_eq!(appended("orders", 1), SMALL as u64);
    assert_eq!(appended("events", 0), SMALL as u64);

    let checkpoint = Dump::sound(&data, &["checkpoint"]);
    // The registry's log, and three partitions.
    assert_eq!(number(checkpoint.items("checkpoint")[0], "partitions"), 4);

    let needed: Vec<&Value> =
        journal.items("commit").into_iter().filter(|c| c["standing"] == "needed").collect();
    let durable = needed.iter().map(|commit| number(commit, "durable_through")).max().unwrap();
    let (commit, entry) = needed
        .iter()
        .filter(|commit| number(commit, "sequence") <= durable)
        .find_map(|commit| {
            let entry = entries.iter().find(|entry| {
                entry["sequence"] == commit["sequence"]
                    && entry["kind"] == "Append"
                    && entry["topic"] == "events"
            });
            Some((*commit, *entry?))
        })
        .expect("a batch that only the journal has");
    let place = number(entry, "byte");
    check(&site, "entry", commit, place + 70, place, &["journal"]);
    let place = number(commit, "byte");
    check(&site, "commit", commit, place + 17, place, &["journal"]);

    let (head, record) = (checkpoint.items("checkpoint")[0], checkpoint.items("record")[2]);
    let place = number(record, "byte");
    check(&site, "checkpoint", head, place + 40, place, &["checkpoint"]);

    let finished = lines.iter().find(|segment| segment["finished"] == true).unwrap();
    let batch = segments.items("batch")[3];
    let place = number(batch, "byte");
    check(&site, "segment", finished, place + 100, place, &["segments"]);
    check(&site, "index", finished, 32 + 3, 32, &["segments", "--partition", "0"]);
}

#[test]
fn a_running_broker_is_not_read_unless_asked_to() {
    let mut site = Site::new();
    let data = site.data();
    let (mut broker, _) = site.start(&Setup::small());
    let created = broker.connect().create_topic(&Blueprint::new("orders", 1, &[]));
    assert_eq!(created.unwrap(), code::NONE);
    let refused = Dump::run(&data, &["summary"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.error.contains("--no-lock"), "{}", refused.error);
    let read = Dump::sound(&data, &["--no-lock", "summary"]);
    assert_eq!(number(partition(&read, "orders", 0), "next_offset"), 0);
    broker.stop();
}

#[test]
fn what_is_no_data_directory_is_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let dump = Dump::run(root.path(), &["summary"]);
    assert_eq!(dump.code, Some(2));
    assert!(dump.error.contains("no layout"), "{}", dump.error);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    let mut site = Site::new();
    site.start(&Setup::small()).0.stop();
    let unknown = Dump::run(&site.data(), &["segments", "--topic", "nobody"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
}
