//! The broker on damaged directories: what it survives, what it refuses and why, and what it
//! leaves alone.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, missing_docs, dead_code)]

mod running;

use std::fs;
use std::path::{Path, PathBuf};

use running::broker::{Broker, Refusal, copy_directory, flip};
use running::client::values;
use running::dump::{Dump, number, path_in};
use serde_json::Value;

/// `KAFKA_STORAGE_ERROR`.
const STORAGE_ERROR: i16 = 56;
const TOPICS: [&str; 3] = ["a", "b", "c"];

/// Ten batches of three records for each of three topics in turn, then a kill: everything is in
/// the journal alone, and every commit but the last is named durable by a later one.
fn killed(root: &Path) -> PathBuf {
    let data = root.join("data");
    let broker = Broker::start(&data);
    let mut client = broker.client();
    for topic in TOPICS {
        client.create_topic(topic, 1);
    }
    for from in (0..30).step_by(3) {
        for topic in TOPICS {
            assert_eq!(client.produce(topic, 0, &values(from, 3, 50)), Ok(from));
        }
    }
    broker.kill();
    data
}

/// Some megabytes of one topic in segments, and an orderly stop.
fn flushed(root: &Path) -> PathBuf {
    let data = root.join("data");
    let broker = Broker::start(&data);
    let mut client = broker.client();
    client.create_topic("a", 1);
    for from in (0..10_000).step_by(100) {
        assert_eq!(client.produce("a", 0, &values(from, 100, 1_000)), Ok(from));
    }
    broker.stop();
    data
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
fn refused(data: &Path, what: &str) {
    let before = contents(data);
    let Err(Refusal { log, code }) = Broker::try_start(data).map(Broker::stop) else {
        panic!("it started, but {what}");
    };
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains(what), "{log}");
    assert!(contents(data) == before, "a refused start changes nothing");
}

fn check_topic(broker: &Broker, topic: &str, count: usize) {
    assert_eq!(broker.client().read_all(topic, 0), Ok(values(0, count, 50)), "{topic}");
}

fn check_all(broker: &Broker) {
    for topic in TOPICS {
        check_topic(broker, topic, 30);
    }
}

#[test]
fn a_damaged_batch_in_the_journal_refuses_its_partition_and_no_other() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let (commit, entry) = append(&journal, "a");
    flip(&path_in(commit, &data, &data), number(entry, "byte") + 80);
    let reason = format!("journal commit {} is damaged", number(commit, "sequence"));
    // Neither an orderly stop nor a kill makes the damage be forgotten.
    for round in 0..3 {
        let broker = Broker::start(&data);
        assert!(broker.screen.contains("1 OFFLINE"), "round {round}: {}", broker.screen);
        assert!(broker.log().contains(&reason), "round {round}: {}", broker.log());
        let mut client = broker.client();
        assert_eq!(client.read_all("a", 0), Err(STORAGE_ERROR), "round {round}");
        assert_eq!(client.produce("a", 0, &values(0, 1, 50)), Err(STORAGE_ERROR));
        let count = 30 + round;
        check_topic(&broker, "b", count);
        assert_eq!(client.produce("b", 0, &values(count, 1, 50)), Ok(count));
        check_topic(&broker, "c", 30);
        if round == 1 { broker.kill() } else { broker.stop() }
    }
}

#[test]
fn a_durable_commit_that_can_not_be_read_refuses_the_start() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let (commit, _) = append(&journal, "b");
    flip(&path_in(commit, &data, &data), number(commit, "byte") + 20);
    refused(&data, &format!("commit {} was durable and is gone", number(commit, "sequence")));
}

#[test]
fn what_lies_behind_the_last_commit_does_not_count() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
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
    let broker = Broker::start(&data);
    check_all(&broker);
    broker.stop();
}

#[test]
fn a_torn_last_commit_is_dropped_and_what_came_before_stays() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
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
    let broker = Broker::start(&data);
    let mut client = broker.client();
    for topic in TOPICS {
        let count = 30 - dropped(topic);
        check_topic(&broker, topic, count);
        assert_eq!(client.produce(topic, 0, &values(count, 1, 50)), Ok(count));
    }
    broker.stop();
}

#[test]
fn a_cut_journal_file_refuses_the_start_and_is_kept() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
    let journal = Dump::sound(&data, &["journal", "--entries"]);
    let (commit, _) = append(&journal, "a");
    let path = path_in(commit, &data, &data);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(number(commit, "byte") + number(commit, "bytes")).unwrap();
    refused(&data, path.file_name().unwrap().to_str().unwrap());
}

#[test]
fn one_damaged_copy_of_layout_or_superblock_is_survived_by_the_other() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
    // A start and a stop more, so that both copies have been written.
    Broker::start(&data).stop();
    for (number, file) in ["layout", "journal-0000/superblock"].into_iter().enumerate() {
        for copy in 0..2 {
            let other = root.path().join(format!("copy-{number}-{copy}"));
            copy_directory(&data, &other);
            flip(&other.join(file), copy * 4096 + 40);
            let broker = Broker::start(&other);
            check_all(&broker);
            broker.stop();
            Dump::sound(&other, &["summary"]);
        }
    }
}

#[test]
fn a_layout_or_a_superblock_that_is_gone_is_not_made_anew_over_a_journal() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
    for (number, file) in ["layout", "journal-0000/superblock"].into_iter().enumerate() {
        let other = root.path().join(format!("copy-{number}"));
        copy_directory(&data, &other);
        fs::remove_file(other.join(file)).unwrap();
        refused(&other, file);
        fs::write(other.join(file), [0; 8192]).unwrap();
        refused(&other, file);
    }
}

#[test]
fn a_damaged_checkpoint_refuses_the_start_and_the_one_not_in_force_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
    Broker::start(&data).stop();
    Broker::start(&data).stop();
    let checkpoint = Dump::sound(&data, &["checkpoint"]);
    let in_force = path_in(checkpoint.items("checkpoint")[0], &data, &data);
    let slot = in_force.extension().unwrap().to_str().unwrap();
    let other = in_force.with_extension(if slot == "0" { "1" } else { "0" });
    flip(&other, 40);
    let broker = Broker::start(&data);
    check_all(&broker);
    broker.kill();
    // It may have written another one meanwhile.
    let checkpoint = Dump::sound(&data, &["checkpoint"]);
    flip(&path_in(checkpoint.items("checkpoint")[0], &data, &data), 40);
    refused(&data, "the checkpoint is damaged");
}

#[test]
fn a_damaged_index_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let data = flushed(root.path());
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
        let broker = Broker::start(&data);
        assert_eq!(broker.client().read_all("a", 0), Ok(values(0, 10_000, 1_000)));
        assert!(broker.log().contains("index rebuilt"), "{}", broker.log());
        broker.stop();
        let broker = Broker::start(&data);
        assert_eq!(broker.client().read_all("a", 0), Ok(values(0, 10_000, 1_000)));
        assert!(!broker.log().contains("index rebuilt"), "it was written back");
        broker.stop();
    }
}

/// What a restart made of an unfinished segment's index was once counted as written, and the
/// batch at the last entry left out of the next one's largest timestamp.
#[test]
fn an_index_that_grows_over_restarts_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let mut written = 0;
    // More than the tail holds, so that segments end, with restarts while one is half flushed.
    for batches in [41, 52, 63, 47, 58] {
        let broker = Broker::start(&data);
        let mut client = broker.client();
        if written == 0 {
            client.create_topic("a", 1);
        }
        assert_eq!(client.read_all("a", 0), Ok(values(0, written, 1_000)));
        for from in (written..).step_by(100).take(batches) {
            assert_eq!(client.produce("a", 0, &values(from, 100, 1_000)), Ok(from));
            written = from + 100;
        }
        broker.stop();
    }
    let segments = Dump::sound(&data, &["segments", "--topic", "a"]);
    assert!(segments.items("segment").iter().any(|segment| segment["finished"] == true));
    let broker = Broker::start(&data);
    assert_eq!(broker.client().read_all("a", 0), Ok(values(0, written, 1_000)));
    assert!(!broker.log().contains("index rebuilt"), "{}", broker.log());
}

#[test]
fn a_segment_that_is_gone_or_cut_refuses_its_partition() {
    let root = tempfile::tempdir().unwrap();
    let data = flushed(root.path());
    let segments = Dump::sound(&data, &["segments", "--topic", "a"]);
    let path = path_in(segments.items("segment")[0], &data, &data);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(4096).unwrap();
    for damage in ["has 4096 bytes of", "No such file"] {
        let broker = Broker::start(&data);
        assert_eq!(broker.client().read_all("a", 0), Err(STORAGE_ERROR), "{damage}");
        assert!(broker.log().contains(damage), "{}", broker.log());
        broker.stop();
        if path.exists() {
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn files_that_are_not_the_broker_s_are_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let data = killed(root.path());
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
    let broker = Broker::start(&data);
    check_all(&broker);
    broker.stop();
    for file in garbage {
        assert_eq!(fs::read(data.join(file)).unwrap(), b"garbage", "{file}");
    }
    Dump::sound(&data, &["summary"]);
}
