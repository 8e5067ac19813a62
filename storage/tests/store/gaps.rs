//! What compaction leaves is full of gaps: reads, look-ups by time, a new log start and restarts
//! find the next record from anywhere in them.

use std::rc::Rc;
use std::time::Duration;

use record::{
    BatchBuilder, BatchView, Decompressor, NewRecord, Offset, ProducerEpoch, ProducerId, Seal,
    SealProducer, Sequence, Timestamp,
};
use storage::config::{Compaction, LogConfig};
use storage::journal::staging::Stamp;
use storage::log::{Log, LogStatus};
use storage::segment::name::segment_path;
use storage::{AppendError, NewBatch, Source, TimeMatch};

use crate::harness::{Directory, Session, log_id};

const NOW: Timestamp = Timestamp(1_000_000);
const PRODUCER: ProducerId = ProducerId(5);
/// Records of a batch.
const COUNT: i64 = 4;

fn config() -> LogConfig {
    let compaction = Compaction { dirty_millionths_min: 0, ..Compaction::default() };
    let (segment_bytes, delete) = (20_000, false);
    LogConfig { segment_bytes, delete, compaction: Some(compaction), ..LogConfig::default() }
}

/// Times do not rise with offsets, and each is there once.
fn time(offset: i64) -> Timestamp {
    Timestamp(1_000 + (offset ^ 5))
}

/// A few keys that come all the time, and one that comes once in a while.
fn key(offset: i64) -> String {
    if offset % 37 == 0 { format!("seldom {}", offset / 37) } else { format!("{}", offset % 7) }
}

/// Appends the batch of an idempotent producer that begins at `base`. Its first offset.
async fn put(session: &Session, log: &Rc<Log>, base: i64) -> Result<Offset, AppendError> {
    let mut builder = BatchBuilder::new();
    for offset in base..base + COUNT {
        let (key, value) = (key(offset), "x".repeat(300));
        let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
        let record = NewRecord { timestamp: time(offset), key, value, headers: &[] };
        builder.append(&record).unwrap();
    }
    let (id, base_sequence) = (PRODUCER, Sequence(i32::try_from(base).unwrap()));
    let epoch = ProducerEpoch(0);
    let producer = Some(SealProducer { id, epoch, base_sequence, transactional: false });
    let bytes = builder.seal(&Seal { producer, ..Seal::default() }).unwrap();
    let view = BatchView::parse(&bytes).unwrap().0;
    let admission = session.store.admit(bytes.len(), 1, Duration::from_secs(5)).await.unwrap();
    let (header, stamp) = (view.header().decode(), Stamp::default());
    let new = NewBatch { header, stamp, source: Source::Copied(&bytes) };
    let appended = session.store.append(&admission, log, &new, NOW)?;
    drop(admission);
    appended.ack.wait().await?;
    Ok(appended.base_offset)
}

async fn fill(session: &Session, log: &Rc<Log>, batches: usize) {
    let from = log.state().next_offset.0;
    for base in (from..).step_by(usize::try_from(COUNT).unwrap()).take(batches) {
        assert_eq!(put(session, log, base).await.unwrap(), Offset(base));
    }
}

async fn compacted(session: &Session) -> Rc<Log> {
    let log = session.log(log_id(0), config()).await;
    fill(session, &log, 200).await;
    assert_eq!(session.store.compact(&[Rc::clone(&log)], NOW).await.unwrap(), 1);
    log
}

/// The offset of the first record that a reader of `offset` gets.
async fn next_record(session: &Session, log: &Rc<Log>, offset: i64) -> Option<i64> {
    let mut scratch = Decompressor::new();
    let mut from = Offset(offset);
    loop {
        let bytes = session.read(log, from, 1).await;
        let Ok((batch, _)) = BatchView::parse(&bytes) else { return None };
        assert!(batch.next_offset() > from, "a reader goes on");
        let records = batch.records(&mut scratch, 1 << 20).unwrap();
        let mut found = records.iter().map(|record| records.offset(&record.unwrap()).0);
        if let Some(found) = found.find(|found| *found >= offset) {
            return Some(found);
        }
        from = batch.next_offset();
    }
}

/// All records that are left, by following the gaps.
async fn left(session: &Session, log: &Rc<Log>) -> Vec<i64> {
    let (mut found, mut offset) = (Vec::new(), log.state().log_start.0);
    while let Some(next) = next_record(session, log, offset).await {
        found.push(next);
        offset = next + 1;
    }
    found
}

async fn at(session: &Session, log: &Rc<Log>, which: TimeMatch) -> Option<(i64, Timestamp)> {
    let mut scratch = Decompressor::new();
    let found = session.store.find_time(log, which, &mut scratch, 1 << 20).await.unwrap();
    found.map(|timed| (timed.offset.0, timed.timestamp))
}

/// Every offset and every time, from the log's start on.
async fn check(session: &Session, log: &Rc<Log>) -> Vec<i64> {
    let left = left(session, log).await;
    let (start, end) = (log.state().log_start.0, log.state().visible.offset.0);
    assert_eq!(left.last(), Some(&(end - 1)), "the last record is in the active segment");
    for offset in start..end {
        let expected = left.iter().copied().find(|found| *found >= offset);
        assert_eq!(next_record(session, log, offset).await, expected, "from {offset}");
    }
    for wanted in (0..end + 20).map(|number| Timestamp(990 + number)) {
        let expected = left.iter().copied().find(|offset| time(*offset) >= wanted);
        let expected = expected.map(|offset| (offset, time(offset)));
        assert_eq!(at(session, log, TimeMatch::AtOrAfter(wanted)).await, expected, "{wanted}");
    }
    let largest = left.iter().copied().max_by_key(|offset| time(*offset));
    let largest = largest.map(|offset| (offset, time(offset)));
    assert_eq!(at(session, log, TimeMatch::Largest).await, largest);
    left
}

#[test]
fn every_offset_and_every_time_leads_to_the_next_record() {
    let directory = Directory::new();
    let before = directory.session(|session| async move {
        let log = compacted(&session).await;
        let left = check(&session, &log).await;
        assert!(left.len() < 200 && left.windows(2).any(|pair| pair[1] - pair[0] > 20), "{left:?}");
        left
    });
    directory.session(|session| async move {
        let log = session.log(log_id(0), config()).await;
        assert_eq!(check(&session, &log).await, before, "after a kill");
        session.stop().await;
    });
}

#[test]
fn a_log_can_start_in_any_gap() {
    let directory = Directory::new();
    let starts = directory.session(|session| async move {
        let log = compacted(&session).await;
        let all = left(&session, &log).await;
        // In the midst of a gap, right behind a record, and at one.
        let gaps = all.windows(2).filter(|pair| pair[1] - pair[0] > 8).map(|pair| pair[0] + 4);
        let mut starts: Vec<i64> = gaps.chain(all.iter().map(|offset| offset + 1)).collect();
        starts.sort_unstable();
        starts.dedup();
        starts
    });
    assert!(starts.len() > 20);
    for some in starts.chunks(starts.len().div_ceil(4)) {
        let some = some.to_vec();
        directory.session(move |session| async move {
            let log = session.log(log_id(0), config()).await;
            for start in some {
                assert_eq!(*log.status(), LogStatus::Online);
                let end = log.state().visible.offset.0;
                session.store.raise_log_start(&log, Offset(start)).await.unwrap();
                assert_eq!(log.state().log_start, Offset(start));
                let found = next_record(&session, &log, start).await;
                assert_eq!(found.is_some(), start < end);
                assert!(found.is_none_or(|found| found >= start));
                let left = left(&session, &log).await;
                let largest = left.iter().copied().max_by_key(|offset| time(*offset));
                let largest = largest.map(|offset| (offset, time(offset)));
                assert_eq!(at(&session, &log, TimeMatch::Largest).await, largest, "{start}");
                session.store.retain(&log, NOW).await.unwrap();
            }
        });
    }
}

#[test]
fn a_producer_goes_on_where_it_was() {
    let directory = Directory::new();
    for round in 0..3 {
        directory.session(move |session| async move {
            let log = session.log(log_id(0), config()).await;
            let end = log.state().next_offset.0;
            if round > 0 {
                // Sent again after a kill: compaction may have taken its records, not its numbers.
                for back in 1..=5 {
                    let base = end - back * COUNT;
                    assert_eq!(put(&session, &log, base).await.unwrap(), Offset(base));
                }
                assert_eq!(log.state().next_offset, Offset(end), "nothing is there twice");
                let gap = put(&session, &log, end + COUNT).await;
                assert!(matches!(gap, Err(AppendError::Sequence(_))), "{gap:?}");
            }
            fill(&session, &log, 60).await;
            assert_eq!(session.store.compact(&[Rc::clone(&log)], NOW).await.unwrap(), 1);
        });
    }
}

/// `compact,delete`: what is compacted goes when its newest record is old enough.
#[test]
fn retention_takes_compacted_segments_by_their_newest_record() {
    let directory = Directory::new();
    directory.session(|session| async move {
        let log = compacted(&session).await;
        let all = left(&session, &log).await;
        let newest = {
            let state = log.state();
            let first = state.segments.iter().next().unwrap();
            assert!(first.revision > 0 && first.created == NOW, "{first:?}");
            let within = all.iter().filter(|offset| **offset < first.next_offset.0);
            let newest = within.map(|offset| time(*offset)).max().unwrap();
            assert_eq!(first.max_timestamp, newest, "of the records that are left");
            newest
        };
        let both =
            |retention_ms| LogConfig { delete: true, retention_ms: Some(retention_ms), ..config() };
        log.set_config(both(NOW.0 - newest.0));
        assert_eq!(session.store.retain(&log, NOW).await.unwrap(), 0);
        log.set_config(both(NOW.0 - newest.0 - 1));
        assert!(session.store.retain(&log, NOW).await.unwrap() > 0);
        let kept = check(&session, &log).await;
        assert!(all.ends_with(&kept) && kept.len() < all.len());
        session.stop().await;
    });
}

#[test]
fn a_log_that_is_not_compacted_for_a_while_is_compacted_whole_later() {
    let directory = Directory::new();
    directory.session(|session| async move {
        let log = compacted(&session).await;
        let (first, logs) = (left(&session, &log).await, [Rc::clone(&log)]);
        log.set_config(LogConfig { compaction: None, ..config() });
        assert!(session.store.compacted_logs().is_empty());
        fill(&session, &log, 200).await;
        assert_eq!(session.store.compact(&logs, NOW).await.unwrap(), 0);
        let whole = check(&session, &log).await;
        assert_eq!(whole.len(), first.len() + 800);
        log.set_config(config());
        assert_eq!(session.store.compact(&logs, NOW).await.unwrap(), 1);
        let left = check(&session, &log).await;
        assert!(left.len() < 300 && left.iter().all(|offset| whole.contains(offset)));
        session.stop().await;
    });
}

#[test]
fn a_damaged_segment_is_left_alone_until_it_has_gone() {
    let directory = Directory::new();
    directory.session(|session| async move {
        let log = session.log(log_id(0), config()).await;
        fill(&session, &log, 200).await;
        let through = session.store.journal().durable_through();
        session.store.flush_through(through).await.unwrap();
        let (path, behind) = {
            let state = log.state();
            let third = state.segments.iter().nth(2).unwrap();
            assert!(third.finished);
            let data = &session.store.config().data;
            (segment_path(data, log_id(0), third.name()), third.next_offset)
        };
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[200] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let logs = [Rc::clone(&log)];
        assert_eq!(session.store.compact(&logs, NOW).await.unwrap(), 0);
        assert!(log.state().segments.iter().all(|segment| segment.revision == 0));
        assert_eq!(*log.status(), LogStatus::Online);
        assert!(!session.store.is_due(&log, NOW), "nobody reads it again and again");
        session.store.raise_log_start(&log, behind).await.unwrap();
        session.store.retain(&log, NOW).await.unwrap();
        assert!(session.store.is_due(&log, NOW));
        assert_eq!(session.store.compact(&logs, NOW).await.unwrap(), 1);
        check(&session, &log).await;
        session.stop().await;
    });
}
