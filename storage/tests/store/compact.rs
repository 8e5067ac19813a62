//! A compacted log on real files: what stays, what readers see meanwhile, and what is left of it
//! wherever a crash cuts in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use record::{BatchBuilder, BatchView, Decompressor, NewRecord, Offset, Seal, Timestamp};
use storage::config::{Compaction, LogConfig};
use storage::journal::staging::Stamp;
use storage::log::Log;
use storage::log::segments::Segment;
use storage::segment::name::{SegmentName, log_directory};
use storage::{Extent, NewBatch, ReadLimits, Source};

use crate::harness::{Directory, Session, log_id};

/// A record: offset, key, value.
type Seen = (i64, String, String);
/// The last of each key.
type Latest = BTreeMap<String, (i64, String)>;

const NOW: Timestamp = Timestamp(1_000_000);

fn config() -> LogConfig {
    let compaction = Compaction { dirty_millionths_min: 0, ..Compaction::default() };
    let (segment_bytes, delete) = (40_000, false);
    LogConfig { segment_bytes, delete, compaction: Some(compaction), ..LogConfig::default() }
}

async fn put(session: &Session, log: &Rc<Log>, records: &[(String, String)]) {
    let mut builder = BatchBuilder::new();
    for (key, value) in records {
        let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
        let record = NewRecord { timestamp: Timestamp(1_000), key, value, headers: &[] };
        builder.append(&record).unwrap();
    }
    let bytes = builder.seal(&Seal::default()).unwrap();
    let view = BatchView::parse(&bytes).unwrap().0;
    let admission = session.store.admit(bytes.len(), 1, Duration::from_secs(5)).await.unwrap();
    let (header, stamp) = (view.header().decode(), Stamp::default());
    let new = NewBatch { header, stamp, source: Source::Copied(&bytes) };
    let appended = session.store.append(&admission, log, &new, Timestamp(5)).unwrap();
    drop(admission);
    appended.ack.wait().await.unwrap();
}

/// Appends `batches` of three records over some forty keys.
async fn fill(session: &Session, log: &Rc<Log>, round: usize, batches: usize) {
    for batch in 0..batches {
        let record = |number: usize| {
            let key = format!("key {}", (batch * 7 + number * 3 + round) % 41);
            (key, format!("{round}/{batch}/{number}/{}", "x".repeat(600)))
        };
        put(session, log, &[record(0), record(1), record(2)]).await;
    }
}

/// All records, as a reader gets them who goes on behind each batch.
async fn read(session: &Session, log: &Rc<Log>, bytes_max: u32) -> Vec<Seen> {
    let (mut found, mut scratch) = (Vec::new(), Decompressor::new());
    let mut offset = log.state().log_start;
    loop {
        let bytes = session.read(log, offset, bytes_max).await;
        let (mut rest, before) = (bytes.as_slice(), offset);
        while let Ok((batch, behind)) = BatchView::parse(rest) {
            assert!(batch.crc_is_valid());
            assert!(batch.next_offset() > offset, "what was asked for, or what comes next");
            let records = batch.records(&mut scratch, 1 << 20).unwrap();
            for record in &records {
                let record = record.unwrap();
                assert_eq!(records.timestamp(&record), Timestamp(1_000));
                let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().into()).unwrap();
                let seen = (records.offset(&record).0, text(record.key), text(record.value));
                found.push(seen);
            }
            (offset, rest) = (batch.next_offset(), behind);
        }
        if offset == before {
            assert_eq!(offset, log.state().visible.offset, "a reader is never stuck");
            assert!(found.is_sorted_by(|one, next| one.0 < next.0), "in order, each once");
            return found;
        }
    }
}

fn latest(records: &[Seen]) -> Latest {
    let records = records.iter().cloned();
    records.map(|(offset, key, value)| (key, (offset, value))).collect()
}

/// How many segments there are, and of how many of them compaction wrote the files.
fn segments(log: &Log) -> (usize, usize) {
    let state = log.state();
    let rewritten = state.segments.iter().filter(|segment| segment.revision > 0);
    (state.segments.len(), rewritten.count())
}

async fn opened(session: &Session) -> Rc<Log> {
    session.log(log_id(0), config()).await
}

fn files(directory: &Directory) -> Vec<PathBuf> {
    let found = fs::read_dir(log_directory(directory.path(), log_id(0))).unwrap();
    let mut found: Vec<_> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn the_last_of_each_key_stays_through_restarts_and_more_records() {
    let directory = Directory::new();
    for round in 0..4_usize {
        directory.session(move |session| async move {
            let log = opened(&session).await;
            let before = read(&session, &log, 1 << 20).await;
            fill(&session, &log, round, 120).await;
            let full = read(&session, &log, 1 << 20).await;
            assert_eq!(full.len(), before.len() + 360);
            let compacted = session.store.compact(&[Rc::clone(&log)], NOW).await.unwrap();
            assert_eq!(compacted, 1);
            for bytes_max in [1, 5_000, 1 << 20] {
                let left = read(&session, &log, bytes_max).await;
                assert_eq!(latest(&left), latest(&full));
                assert!(left.iter().all(|record| full.contains(record)));
                // Forty-one keys, and what the active segment has.
                assert!(left.len() < 41 + 80, "{} of {}", left.len(), full.len());
            }
            assert!(segments(&log).0 <= 3, "small segments became one: {:?}", segments(&log));
            assert_eq!(session.store.compact(&[log], NOW).await.unwrap(), 0, "nothing is dirty");
            assert_eq!(session.store.statistics().compactions, 1);
            if round % 2 == 0 {
                session.stop().await;
            }
        });
        let expected = directory.session(|session| async move {
            let log = opened(&session).await;
            segments(&log).0 * 2
        });
        assert!(files(&directory).len() <= expected, "{:?}", files(&directory));
    }
}

#[test]
fn readers_see_every_key_while_segments_are_replaced() {
    let directory = Directory::new();
    directory.session(|session| async move {
        let log = opened(&session).await;
        fill(&session, &log, 0, 200).await;
        let full = read(&session, &log, 1 << 20).await;
        let through = session.store.journal().durable_through();
        session.store.flush_through(through).await.unwrap();
        let limits = ReadLimits { bytes_max: 30_000, first_batch_whole: true };
        let before = session.read(&log, Offset(0), 30_000).await;
        let plan = session.store.plan(&log, Offset(0), limits).await.unwrap();
        let mut held = plan.range.unwrap();
        let (store, compacted) = (session.store.clone(), Rc::clone(&log));
        let task = session.runtime.spawn(async move { store.compact(&[compacted], NOW).await });
        while segments(&log).1 == 0 {
            let now = read(&session, &log, 10_000).await;
            assert_eq!(latest(&now), latest(&full));
        }
        let now = read(&session, &log, 10_000).await;
        assert_eq!(latest(&now), latest(&full));
        // The plan from before reads the old file to its end.
        let mut bytes = Vec::new();
        while held.remaining() > 0 {
            let Extent::File(extent) = session.store.next_extent(&mut held).await.unwrap() else {
                panic!("it is in a file");
            };
            let len = usize::try_from(extent.len).unwrap();
            let buffer = session.runtime.pool().dma(len);
            let (buffer, read) = extent.file.read_at(buffer, 0, len, extent.offset).await;
            assert_eq!(read.unwrap(), len);
            bytes.extend_from_slice(&buffer.as_slice()[..len]);
        }
        assert_eq!(bytes, before);
        drop(held);
        assert_eq!(task.await.unwrap(), 1);
        session.stop().await;
    });
}

#[test]
fn a_log_with_more_keys_than_memory_takes_several_passes() {
    let directory = Directory::new();
    directory.session(|session| async move {
        let log = opened(&session).await;
        for start in (0..5_000).step_by(50) {
            let record = |number: i32| (format!("key {}", number % 4_000), format!("{number}"));
            let records: Vec<_> = (start..start + 50).map(record).collect();
            put(&session, &log, &records).await;
        }
        let full = latest(&read(&session, &log, 1 << 20).await);
        let mut passes = 0;
        while session.store.compact(&[Rc::clone(&log)], NOW).await.unwrap() > 0 {
            passes += 1;
            assert_eq!(latest(&read(&session, &log, 1 << 20).await), full);
        }
        assert!(passes > 1, "the harness gives little memory");
        session.stop().await;
    });
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if !target.exists() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Directories before and after a compaction, and what a reader must find in each.
fn before_and_after() -> (Directory, Directory, Latest) {
    let (before, after) = (Directory::new(), Directory::new());
    let expected = before.session(|session| async move {
        let log = opened(&session).await;
        fill(&session, &log, 0, 150).await;
        let through = session.store.journal().durable_through();
        session.store.flush_through(through).await.unwrap();
        latest(&read(&session, &log, 1 << 20).await)
    });
    copy(before.path(), after.path());
    after.session(|session| async move {
        let log = opened(&session).await;
        assert_eq!(session.store.compact(&[log], NOW).await.unwrap(), 1);
    });
    (before, after, expected)
}

/// What a start makes of a directory: everything is there, and after a compaction nothing is left
/// over beside the segments.
fn check(directory: &Directory, expected: &Latest, rewritten: bool) {
    let wanted = expected.clone();
    let named = directory.session(move |session| async move {
        let log = opened(&session).await;
        assert_eq!(*log.status(), storage::log::LogStatus::Online);
        assert_eq!(segments(&log).1 > 0, rewritten, "{:?}", segments(&log));
        assert_eq!(latest(&read(&session, &log, 1 << 20).await), wanted);
        fill(&session, &log, 0, 60).await;
        let full = latest(&read(&session, &log, 1 << 20).await);
        assert_eq!(session.store.compact(&[Rc::clone(&log)], NOW).await.unwrap(), 1);
        assert_eq!(latest(&read(&session, &log, 1 << 20).await), full);
        let named: Vec<SegmentName> = log.state().segments.iter().map(Segment::name).collect();
        session.stop().await;
        named
    });
    let known = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        named.iter().any(|name| name.to_string() == stem)
    };
    let left: Vec<_> = files(directory).into_iter().filter(|path| !known(path)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Step 1: files under new names, whole or not, that nobody names.
#[test]
fn a_crash_while_new_files_are_written_changes_nothing() {
    let (before, _, expected) = before_and_after();
    let name = SegmentName { base: Offset(0), revision: 1 };
    let directory = log_directory(before.path(), log_id(0));
    fs::write(directory.join(format!("{name}.log")), vec![7; 200_000]).unwrap();
    fs::write(directory.join(format!("{name}.idx")), vec![7; 999]).unwrap();
    let other = SegmentName { base: Offset(3), revision: 9 };
    fs::write(directory.join(format!("{other}.log")), b"").unwrap();
    check(&before, &expected, false);
}

/// Step 2: new files are whole, old ones are named.
#[test]
fn a_crash_before_the_checkpoint_leaves_the_old_segments() {
    let (before, after, expected) = before_and_after();
    copy(&after.path().join("logs"), &before.path().join("logs"));
    check(&before, &expected, false);
}

/// Step 3: new files are named, old ones still there, all of them or some.
#[test]
fn a_crash_behind_the_checkpoint_leaves_the_new_segments() {
    for removed in [0, 3] {
        let (before, after, expected) = before_and_after();
        files(&before).into_iter().take(removed).for_each(|path| fs::remove_file(path).unwrap());
        copy(&before.path().join("logs"), &after.path().join("logs"));
        check(&after, &expected, true);
    }
}

/// In a running store, with the checkpoint from before: what it names is still there.
#[test]
fn a_kill_between_the_steps_loses_nothing() {
    let directory = Directory::new();
    let expected = directory.session(|session| async move {
        let log = opened(&session).await;
        fill(&session, &log, 0, 150).await;
        let full = latest(&read(&session, &log, 1 << 20).await);
        let (store, compacted) = (session.store.clone(), Rc::clone(&log));
        let task = session.runtime.spawn(async move { store.compact(&[compacted], NOW).await });
        while segments(&log).1 == 0 {
            read(&session, &log, 10_000).await;
        }
        // The checkpoint is not in force yet, or just so; all ends here.
        drop(task);
        full
    });
    let found = directory.session(|session| async move {
        let log = opened(&session).await;
        latest(&read(&session, &log, 1 << 20).await)
    });
    assert_eq!(found, expected);
}

#[test]
fn a_deleted_log_takes_everything_along() {
    let (before, after, _) = before_and_after();
    copy(&before.path().join("logs"), &after.path().join("logs"));
    after.session(|session| async move {
        let log = opened(&session).await;
        session.store.delete_log(&log).await.unwrap();
        session.store.remove_files(&log).await.unwrap();
        session.stop().await;
    });
    assert!(!log_directory(after.path(), log_id(0)).exists());
}

#[test]
fn a_log_that_is_deleted_in_the_midst_of_it_leaves_nothing() {
    let directory = Directory::new();
    directory.session(|session| async move {
        let log = opened(&session).await;
        fill(&session, &log, 0, 200).await;
        let (store, compacted) = (session.store.clone(), Rc::clone(&log));
        let task = session.runtime.spawn(async move { store.compact(&[compacted], NOW).await });
        while segments(&log).1 == 0 {
            read(&session, &log, 10_000).await;
        }
        session.store.delete_log(&log).await.unwrap();
        session.store.remove_files(&log).await.unwrap();
        task.await.unwrap();
        session.stop().await;
    });
    assert!(!log_directory(directory.path(), log_id(0)).exists());
}
