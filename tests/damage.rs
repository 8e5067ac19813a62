//! The broker on damaged directories: what it survives, what it refuses and why, and what it
//! leaves alone.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::broker::{Broker, Setup, Site};
use support::directory::flip;
use support::dump::{Dump, number, path_in};
use support::produce::{Partition, code};
use support::topics::Blueprint;
use support::values::values;

/// `KAFKA_STORAGE_ERROR`.
const STORAGE_ERROR: i16 = 56;
const TOPICS: [&str; 3] = ["a", "b", "c"];

fn start(site: &mut Site) -> Broker {
    site.start(&Setup::small()).0
}

/// The one partition of a topic.
fn log(topic: &str) -> Partition {
    Partition::new(topic, 0)
}

/// Ten batches of three records for each of three topics in turn, then a kill: everything is in
/// the journal alone, and every commit but the last is named durable by a later one.
fn killed() -> Site {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut client = broker.connect();
    for topic in TOPICS {
        assert_eq!(client.create_topic(&Blueprint::new(topic, 1, &[])).unwrap(), code::NONE);
    }
    for from in (0..30).step_by(3) {
        for topic in TOPICS {
            assert_eq!(client.append(&log(topic), values(from, 3, 50)), Ok(from));
        }
    }
    broker.kill();
    site
}

/// Some megabytes of one topic in segments, and an orderly stop.
fn flushed() -> Site {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut client = broker.connect();
    assert_eq!(client.create_topic(&Blueprint::new("a", 1, &[])).unwrap(), code::NONE);
    for from in (0..10_000).step_by(100) {
        assert_eq!(client.append(&log("a"), values(from, 100, 1_000)), Ok(from));
    }
    broker.stop();
    site
}

/// An append of a topic's first batches, and its commit.
fn append<'a>(journal: &'a Dump, topic: &str) -> (&'a Value, &'a Value) {
    let entry = journal
        .items("entry")
        .into_iter()
        .find(|entry| entry["kind"] == "Append" && entry["topic"] == topic)
        .unwrap();
    let commits = journal.items("commit");
    let commit = commits.into_iter().find(|commit| commit["sequence"] == entry["sequence"]);
    (commit.unwrap(), entry)
}

/// Every file with its bytes, but the lock.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The broker must not start, must say `what`, and must have changed nothing.
fn refused(site: &mut Site, what: &str) {
    let before = contents(&site.data());
    let status = site.spawn(&Setup::small()).refusal(&[what]);
    assert_eq!(status.code(), Some(1));
    assert!(contents(&site.data()) == before, "a refused start changes nothing");
}

fn check_topic(broker: &Broker, topic: &str, count: usize) {
    assert_eq!(broker.connect().read_all(&log(topic)), Ok(values(0, count, 50)), "{topic}");
}

fn check_all(broker: &Broker) {
    for topic in TOPICS {
        check_topic(broker, topic, 30);
    }
}

#[test]
fn a_damaged_batch_in_the_journal_refuses_its_partition_and_no_other() {
    let mut site = killed();
    let data = site.data();
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let (commit, entry) = append(&journal, "a");
    flip(&path_in(commit, &data, &data), number(entry, "byte") + 80);
    let reason = format!("journal commit {} is damaged", number(commit, "sequence"));
    // Neither an orderly stop nor a kill makes the damage be forgotten.
    for round in 0..3 {
        let (mut broker, screen) = site.start(&Setup::small());
        assert!(screen.text.contains("1 OFFLINE"), "round {round}: {}", screen.text);
        assert!(broker.errors().contains(&reason), "round {round}: {}", broker.errors());
        let mut client = broker.connect();
        assert_eq!(client.read_all(&log("a")), Err(STORAGE_ERROR), "round {round}");
        assert_eq!(client.append(&log("a"), values(0, 1, 50)), Err(STORAGE_ERROR));
        let count = 30 + round;
        check_topic(&broker, "b", count);
        assert_eq!(client.append(&log("b"), values(count, 1, 50)), Ok(count));
        check_topic(&broker, "c", 30);
        if round == 1 {
            broker.kill();
        } else {
            broker.stop();
        }
    }
}

#[test]
fn a_durable_commit_that_can_not_be_read_refuses_the_start() {
    let mut site = killed();
    let data = site.data();
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let (commit, _) = append(&journal, "b");
    flip(&path_in(commit, &data, &data), number(commit, "byte") + 20);
    refused(&mut site, &format!("commit {} was durable and is gone", number(commit, "sequence")));
}

#[test]
fn what_lies_behind_the_last_commit_does_not_count() {
    let mut site = killed();
    let data = site.data();
    let journal = Dump::sound(&data, &["journal"]);
    let last = *journal.items("commit").iter().max_by_key(|c| number(c, "sequence")).unwrap();
    let end = usize::try_from(number(last, "byte") + number(last, "bytes")).unwrap();
    let path = path_in(last, &data, &data);
    let mut bytes = fs::read(&path).unwrap();
    let first = usize::try_from(number(journal.items("commit")[0], "byte")).unwrap();
    // A preamble whose commit never came, then anything.
    bytes.copy_within(first..first + 32, end);
    bytes[end + 32..end + 20_000].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let mut broker = start(&mut site);
    check_all(&broker);
    broker.stop();
}

#[test]
fn a_torn_last_commit_is_dropped_and_what_came_before_stays() {
    let mut site = killed();
    let data = site.data();
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let last = *journal.items("commit").iter().max_by_key(|c| number(c, "sequence")).unwrap();
    let entries = journal.items("entry");
    let dropped = |topic: &str| -> usize {
        let own = entries.iter().filter(|entry| {
            entry["sequence"] == last["sequence"]
                && entry["topic"] == topic
                && entry["kind"] == "Append"
        });
        own.map(|entry| usize::try_from(number(entry, "records")).unwrap()).sum()
    };
    let path = path_in(last, &data, &data);
    let mut bytes = fs::read(&path).unwrap();
    let begin = usize::try_from(number(last, "byte")).unwrap();
    let end = begin + usize::try_from(number(last, "bytes")).unwrap();
    bytes[begin + 32..end].fill(0);
    fs::write(&path, bytes).unwrap();
    let mut broker = start(&mut site);
    let mut client = broker.connect();
    for topic in TOPICS {
        let count = 30 - dropped(topic);
        check_topic(&broker, topic, count);
        assert_eq!(client.append(&log(topic), values(count, 1, 50)), Ok(count));
    }
    broker.stop();
}

#[test]
fn a_cut_journal_file_refuses_the_start_and_is_kept() {
    let mut site = killed();
    let data = site.data();
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let (commit, _) = append(&journal, "a");
    let path = path_in(commit, &data, &data);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(number(commit, "byte") + number(commit, "bytes")).unwrap();
    refused(&mut site, path.file_name().unwrap().to_str().unwrap());
}

#[test]
fn one_damaged_copy_of_layout_or_superblock_is_survived_by_the_other() {
    let mut site = killed();
    // A start and a stop more, so that both copies have been written.
    start(&mut site).stop();
    for file in ["layout", "journal-0000/superblock"] {
        for copy in 0..2 {
            let mut other = site.copy();
            flip(&other.data().join(file), copy * 4096 + 40);
            let mut broker = start(&mut other);
            check_all(&broker);
            broker.stop();
            Dump::sound(&other.data(), &["summary"]);
        }
    }
}

#[test]
fn a_layout_or_a_superblock_that_is_gone_is_not_made_anew_over_a_journal() {
    let site = killed();
    for file in ["layout", "journal-0000/superblock"] {
        let mut other = site.copy();
        let path = other.data().join(file);
        fs::remove_file(&path).unwrap();
        refused(&mut other, file);
        fs::write(&path, [0; 8192]).unwrap();
        refused(&mut other, file);
    }
}

#[test]
fn a_damaged_checkpoint_refuses_the_start_and_the_one_not_in_force_is_not_read() {
    let mut site = killed();
    let data = site.data();
    start(&mut site).stop();
    start(&mut site).stop();
    let checkpoint = Dump::sound(&data, &["checkpoint"]);
    let in_force = path_in(checkpoint.items("checkpoint")[0], &data, &data);
    let slot = in_force.extension().unwrap().to_str().unwrap();
    let other = in_force.with_extension(if slot == "0" { "1" } else { "0" });
    flip(&other, 40);
    let mut broker = start(&mut site);
    check_all(&broker);
    broker.kill();
    // It may have written another one meanwhile.
    let checkpoint = Dump::sound(&data, &["checkpoint"]);
    flip(&path_in(checkpoint.items("checkpoint")[0], &data, &data), 40);
    refused(&mut site, "the checkpoint is damaged");
}

#[test]
fn a_damaged_index_is_made_again() {
    let mut site = flushed();
    let data = site.data();
    let segments = Dump::sound(&data, &["segments", "--topic", "a"]);
    let lines = segments.items("segment");
    let finished = lines.iter().find(|segment| segment["finished"] == true).unwrap();
    let index = path_in(finished, &data, &data).with_extension("idx");
    for damage in 0..2 {
        if damage == 0 {
            flip(&index, 32 + 3);
        } else {
            fs::remove_file(&index).unwrap();
        }
        let mut broker = start(&mut site);
        assert_eq!(broker.connect().read_all(&log("a")), Ok(values(0, 10_000, 1_000)));
        assert!(broker.errors().contains("index rebuilt"), "{}", broker.errors());
        broker.stop();
        let mut broker = start(&mut site);
        assert_eq!(broker.connect().read_all(&log("a")), Ok(values(0, 10_000, 1_000)));
        assert!(!broker.errors().contains("index rebuilt"), "it was written back");
        broker.stop();
    }
}

/// What a restart made of an unfinished segment's index was once counted as written, and the
/// batch at the last entry left out of the next one's largest timestamp.
#[test]
fn an_index_that_grows_over_restarts_is_whole() {
    let mut site = Site::new();
    let data = site.data();
    let mut written = 0;
    // More than the tail holds, so that segments end, with restarts while one is half flushed.
    for batches in [41, 52, 63, 47, 58] {
        let mut broker = start(&mut site);
        let mut client = broker.connect();
        if written == 0 {
            client.create_topic(&Blueprint::new("a", 1, &[])).unwrap();
        }
        assert_eq!(client.read_all(&log("a")), Ok(values(0, written, 1_000)));
        for from in (written..).step_by(100).take(batches) {
            assert_eq!(client.append(&log("a"), values(from, 100, 1_000)), Ok(from));
            written = from + 100;
        }
        broker.stop();
    }
    let segments = Dump::sound(&data, &["segments", "--topic", "a"]);
    let lines = segments.items("segment");
    assert!(lines.iter().any(|segment| segment["finished"] == true), "{lines:?}");
    let broker = start(&mut site);
    assert_eq!(broker.connect().read_all(&log("a")), Ok(values(0, written, 1_000)));
    assert!(!broker.errors().contains("index rebuilt"), "{}", broker.errors());
}

#[test]
fn a_segment_that_is_gone_or_cut_refuses_its_partition() {
    let mut site = flushed();
    let data = site.data();
    let segments = Dump::sound(&data, &["segments", "--topic", "a"]);
    let path = path_in(segments.items("segment")[0], &data, &data);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(4096).unwrap();
    for damage in ["has 4096 bytes of", "No such file"] {
        let mut broker = start(&mut site);
        assert_eq!(broker.connect().read_all(&log("a")), Err(STORAGE_ERROR), "{damage}");
        assert!(broker.errors().contains(damage), "{}", broker.errors());
        broker.stop();
        if path.exists() {
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn files_that_are_not_the_broker_s_are_left_alone() {
    let mut site = killed();
    let data = site.data();
    let garbage = [
        "notes.txt",
        "journal-0000/notes.txt",
        "journal-0000/1.journal",
        "journal-0000/0000001.journal",
        "journal-0009/superblock",
        "logs/nobody/0/00000000000000000000.log",
    ];
    for file in garbage {
        let path = data.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "garbage").unwrap();
    }
    let mut broker = start(&mut site);
    check_all(&broker);
    broker.stop();
    for file in garbage {
        assert_eq!(fs::read(data.join(file)).unwrap(), b"garbage", "{file}");
    }
    Dump::sound(&data, &["summary"]);
}
