//! What was acknowledged before it was written is there after a kill: the mirror has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use storage::config::LogConfig;
use storage::identity::CommitSequence;

use crate::harness::{Acked, Directory, Session, log_id};

const BLOCK: usize = 4096;

/// Nothing waits for a barrier.
fn relaxed() -> LogConfig {
    LogConfig { flush_messages: u64::MAX, ..LogConfig::default() }
}

/// A commit in a journal file.
struct Commit {
    sequence: u64,
    file: PathBuf,
    at: usize,
    bytes: Vec<u8>,
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// All commits of the journal in the order of their numbers, as docs/FORMAT.md has them.
fn commits(data: &Path) -> Vec<Commit> {
    let mut commits = Vec::new();
    for entry in fs::read_dir(data.join("journal-0000")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "journal") {
            continue;
        }
        let all = fs::read(&file).unwrap();
        let mut at = 0;
        while at < all.len() {
            if &all[at..at + 8] != b"TidemilJ" {
                at += BLOCK;
                continue;
            }
            let bytes = all[at..at + number(&all, at + 8)].to_vec();
            let root = number(&bytes, 12) + number(&bytes, 16) - 48;
            let sequence = u64::from_le_bytes(bytes[root + 24..root + 32].try_into().unwrap());
            let file = file.clone();
            at += bytes.len();
            commits.push(Commit { sequence, file, at: at - bytes.len(), bytes });
        }
    }
    commits.sort_by_key(|commit| commit.sequence);
    commits
}

/// Overwrites bytes of a file.
fn put(file: &Path, at: usize, bytes: &[u8]) {
    let mut all = fs::read(file).unwrap();
    all[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(file, all).unwrap();
}

fn mirror(data: &Path) -> PathBuf {
    data.join("journal-0000/mirror")
}

/// Makes commits look as if they were mirrored and a kill came before they were written: the last
/// of them first, as after the end of the ring.
fn unwrite(data: &Path, unwritten: &[Commit]) {
    let mut ring = vec![0; usize::try_from(fs::metadata(mirror(data)).unwrap().len()).unwrap()];
    let mut at = 0;
    for commit in unwritten.iter().rev() {
        put(&commit.file, commit.at, &vec![0; commit.bytes.len()]);
        ring[at..at + commit.bytes.len()].copy_from_slice(&commit.bytes);
        at += commit.bytes.len();
    }
    fs::write(mirror(data), ring).unwrap();
}

async fn fill(session: &Session, acked: &Acked, count: usize) {
    let log = session.log(log_id(0), relaxed()).await;
    for _ in 0..count {
        let from = acked.borrow().get(&log.id()).map_or(0, Vec::len);
        let value = format!("{from}/{}", "x".repeat(from % 3 * 5_000));
        session.append(&log, &[value], acked).await;
    }
    // What is acknowledged may still be on its way.
    while !session.store.journal().is_idle() {
        session.runtime.sleep(Duration::from_millis(1)).await;
    }
}

/// A journal with `count` relaxed appends that was cut off, and what they were.
fn killed(count: usize) -> (Directory, Acked) {
    let (directory, acked) = (Directory::new(), Acked::default());
    let appended = Rc::clone(&acked);
    directory.session(move |session| async move { fill(&session, &appended, count).await });
    (directory, acked)
}

fn check(directory: &Directory, acked: &Acked) {
    let acked = Rc::clone(acked);
    directory.session(move |session| async move { session.check(&acked, 1 << 20).await });
}

#[test]
fn an_append_is_acknowledged_before_it_is_written() {
    let (directory, acked) = (Directory::new(), Acked::default());
    let appended = Rc::clone(&acked);
    directory.session(move |session| async move {
        let log = session.log(log_id(0), relaxed()).await;
        let mut before = 0;
        for number in 0..50 {
            session.append(&log, &[format!("{number}")], &appended).await;
            session.check(&appended, 1 << 20).await;
            before += usize::from(!session.store.journal().is_idle());
        }
        assert!(before > 0, "each of 50 waited for the device");
    });
    check(&directory, &acked);
}

#[test]
fn commits_that_only_the_mirror_has_are_restored_once() {
    let (directory, acked) = killed(20);
    let all = commits(directory.path());
    unwrite(directory.path(), &all[all.len() - 6..]);
    let appended = Rc::clone(&acked);
    directory.session(move |session| async move {
        session.check(&appended, 1 << 20).await;
        fill(&session, &appended, 5).await;
    });
    // They are in the journal now, and whatever the mirror has is of no use.
    fs::write(mirror(directory.path()), vec![0; 512 << 10]).unwrap();
    check(&directory, &acked);
}

#[test]
fn a_commit_that_is_torn_in_its_file_is_taken_from_the_mirror() {
    let (directory, acked) = killed(12);
    let all = commits(directory.path());
    let torn = all.iter().rposition(|commit| commit.bytes.len() > 2 * BLOCK).unwrap();
    unwrite(directory.path(), &all[torn..]);
    // Its first and last block reached the device, and what lies between did not.
    let Commit { file, at, bytes, .. } = &all[torn];
    put(file, *at, &bytes[..BLOCK]);
    let last = bytes.len() - BLOCK;
    put(file, at + last, &bytes[last..]);
    check(&directory, &acked);
}

/// It was restored to the front of a file once, which then was no place for a commit of the middle:
/// the file was let go, and its front told that others hold nothing that is needed.
#[test]
fn a_commit_of_the_middle_is_restored_without_telling_the_order_of_files() {
    let (directory, acked) = killed(30);
    let all = commits(directory.path());
    let before_last = &all[..all.len() - 3];
    let torn = before_last.iter().rfind(|commit| commit.bytes.len() > 2 * BLOCK).unwrap();
    unwrite(directory.path(), std::slice::from_ref(torn));
    let appended = Rc::clone(&acked);
    let through = CommitSequence(torn.sequence);
    directory.session(move |session| async move {
        session.check(&appended, 1 << 20).await;
        session.store.flush_through(through).await.unwrap();
        session.check(&appended, 1 << 20).await;
    });
    check(&directory, &acked);
}

#[test]
fn a_second_kill_while_commits_are_restored_loses_nothing() {
    let (directory, acked) = killed(20);
    let all = commits(directory.path());
    let unwritten = &all[all.len() - 6..];
    unwrite(directory.path(), unwritten);
    // Three of them had been written to a free file.
    let free = fs::read_dir(directory.path().join("journal-0000")).unwrap();
    let free = free.map(|entry| entry.unwrap().path()).filter(|path| {
        path.extension().is_some_and(|extension| extension == "journal")
            && all.iter().all(|commit| commit.file != *path)
    });
    let free = free.max().unwrap();
    let mut at = BLOCK;
    for commit in &unwritten[..3] {
        put(&free, at, &commit.bytes);
        at += commit.bytes.len();
    }
    check(&directory, &acked);
}

#[test]
fn behind_a_gap_nothing_is_restored() {
    let (directory, acked) = killed(20);
    let all = commits(directory.path());
    let mut unwritten: Vec<_> = all.into_iter().rev().take(4).collect();
    unwritten.reverse();
    unwrite(directory.path(), &unwritten);
    let gap = fs::read(mirror(directory.path())).unwrap();
    let lost = gap.windows(8).step_by(BLOCK).enumerate().filter(|(_, front)| front == b"TidemilJ");
    // The last commit lies first in the ring, so the second place is the last but one.
    let (block, _) = lost.take(2).last().unwrap();
    put(&mirror(directory.path()), block * BLOCK, &[0; BLOCK]);
    let expected = Rc::clone(&acked);
    directory.session(move |session| async move {
        let log = session.store.log(log_id(0)).unwrap();
        let found = session.read_all(&log, 1 << 20).await;
        assert_eq!(found, expected.borrow()[&log.id()][..18]);
        session.stop().await;
    });
}

#[test]
fn what_an_earlier_start_left_in_the_mirror_is_dead() {
    let (directory, acked) = killed(10);
    let all = commits(directory.path());
    let last = &all[all.len() - 1..];
    unwrite(directory.path(), last);
    let left = fs::read(mirror(directory.path())).unwrap();
    fs::write(mirror(directory.path()), vec![0; left.len()]).unwrap();
    acked.borrow_mut().get_mut(&log_id(0)).unwrap().pop();
    let appended = Rc::clone(&acked);
    directory.session(move |session| async move {
        let log = session.store.log(log_id(0)).unwrap();
        log.set_config(relaxed());
        session.append(&log, &["another".to_owned()], &appended).await;
    });
    fs::write(mirror(directory.path()), left).unwrap();
    check(&directory, &acked);
}
