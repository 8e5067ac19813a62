//! What was acknowledged is there after a restart, orderly or not, wherever it is kept.

use std::rc::Rc;

use storage::config::LogConfig;

use crate::harness::{Acked, Directory, log_id};

fn values(log: i32, from: usize, count: usize, len: usize) -> Vec<String> {
    (from..from + count).map(|number| format!("{log}/{number}/{}", "x".repeat(len))).collect()
}

#[test]
fn an_empty_store_takes_records_and_gives_them_back() {
    let directory = Directory::new();
    let acked = Acked::default();
    let (first, second) = (Rc::clone(&acked), acked);
    directory.session(|session| async move {
        let log = session.log(log_id(0), LogConfig::default()).await;
        assert_eq!(session.append(&log, &values(0, 0, 3, 10), &first).await.0, 0);
        assert_eq!(session.append(&log, &values(0, 3, 2, 10), &first).await.0, 3);
        session.check(&first, 1 << 20).await;
        session.stop().await;
    });
    directory.session(|session| async move {
        session.check(&second, 1 << 20).await;
        let log = session.store.log(log_id(0)).unwrap();
        assert_eq!(session.append(&log, &values(0, 5, 1, 10), &second).await.0, 5);
        session.check(&second, 1 << 20).await;
    });
}

/// Appends to many logs, several times around the journal.
async fn fill(session: &crate::harness::Session, acked: &Acked, round: usize) {
    for step in 0..200 {
        let number = i32::try_from(step * 7 % 23).unwrap();
        let small = LogConfig { segment_bytes: 100_000, ..LogConfig::default() };
        let log = session.log(log_id(number), small).await;
        let from = acked.borrow().get(&log.id()).map_or(0, Vec::len);
        let len = [10, 900, 3_000, 40_000][(step + round) % 4];
        session.append(&log, &values(number, from, 1 + step % 3, len), acked).await;
    }
}

#[test]
fn nothing_is_lost_over_many_laps_and_kills() {
    let directory = Directory::new();
    let acked = Acked::default();
    for round in 0..8 {
        let acked = Rc::clone(&acked);
        directory.session(move |session| async move {
            session.check(&acked, 1 << 20).await;
            fill(&session, &acked, round).await;
            session.check(&acked, 100_000).await;
            if round % 3 == 2 {
                session.stop().await;
            }
        });
    }
    let end = Rc::clone(&acked);
    directory.session(move |session| async move {
        for bytes_max in [1, 5_000, 70_000, 1 << 30] {
            session.check(&end, bytes_max).await;
        }
        session.stop().await;
    });
    let segments = std::fs::read_dir(directory.path().join("logs")).unwrap().count();
    assert_eq!(segments, 1, "one topic was flushed");
}
