//! The floor's server against clients of all kinds.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use super::super::load::{Drive, LoadConfig, LoadEnd, Outcome, Tally, load};
use super::*;

const ANSWER: usize = 40;

fn journal(directory: &Path) -> JournalConfig {
    JournalConfig { directory: directory.to_owned(), files: 2, file_bytes: 20 << 20 }
}

fn start(work: Work) -> FloorHandle {
    let mut config = FloorConfig::new(work, 0);
    config.answer_bytes = ANSWER;
    config.frame_bytes_max = 2 << 20;
    config.connections_max = 64;
    serve(config).unwrap()
}

fn append(directory: &Path, barrier: Barrier) -> FloorHandle {
    start(Work::Append { journal: journal(directory), barrier: Some(barrier) })
}

fn connect(handle: &FloorHandle) -> TcpStream {
    let stream = TcpStream::connect(handle.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// A frame of `len` bytes whose bytes differ from those of other ids.
fn frame(len: usize, id: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0_u8..=250).cycle().skip(id as usize % 251).take(len).collect();
    bytes[..4].copy_from_slice(&u32::try_from(len - 4).unwrap().to_be_bytes());
    bytes[8..12].copy_from_slice(&id.to_be_bytes());
    bytes
}

fn expect_answer(stream: &mut TcpStream, id: u32) {
    let mut answer = [0xFF; ANSWER];
    stream.read_exact(&mut answer).unwrap();
    let mut expected = [0; ANSWER];
    expected[..4].copy_from_slice(&u32::try_from(ANSWER - 4).unwrap().to_be_bytes());
    expected[4..8].copy_from_slice(&id.to_be_bytes());
    assert_eq!(answer, expected);
}

/// Frames of all sizes, some at once, some in pieces: each gets its answer, in order.
fn check_answers(handle: FloorHandle) {
    let mut stream = connect(&handle);
    let lens = [12, 1000, 4096, 65_536, 65_537, 300_000, 1 << 20, 50, 200_000, 1024];
    let mut together = Vec::new();
    for (id, &len) in (0..).zip(&lens) {
        stream.write_all(&frame(len, id)).unwrap();
        expect_answer(&mut stream, id);
        together.extend_from_slice(&frame(len, id + 100));
    }
    let mut writer = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        for piece in together.chunks(7_001) {
            writer.write_all(piece).unwrap();
        }
    });
    for id in 0..10 {
        expect_answer(&mut stream, id + 100);
    }
    sender.join().unwrap();
    let report = handle.stop().unwrap();
    assert_eq!(report.frames, 20);
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn every_frame_is_answered_in_order_by_each_kind_of_work() {
    check_answers(start(Work::Echo));
    for barrier in [Barrier::None, Barrier::Fdatasync, Barrier::Dsync] {
        let directory = tempfile::tempdir().unwrap();
        check_answers(append(directory.path(), barrier));
    }
}

#[test]
fn each_commit_starts_on_a_block_and_ends_in_zeros() {
    let directory = tempfile::tempdir().unwrap();
    let handle = append(directory.path(), Barrier::Dsync);
    let mut stream = connect(&handle);
    for (id, len) in [(1, 100), (2, 5000), (3, 100_000), (4, 12)] {
        stream.write_all(&frame(len, id)).unwrap();
        expect_answer(&mut stream, id);
    }
    let mut expected = Vec::new();
    for (id, len) in [(1, 100), (2, 5000), (3, 100_000), (4, 12)] {
        expected.extend_from_slice(&frame(len, id));
        expected.resize(expected.len().next_multiple_of(4096), 0);
    }
    let written = std::fs::read(directory.path().join("floor-0.journal")).unwrap();
    assert!(written[..expected.len()] == expected[..]);
    let report = handle.stop().unwrap();
    assert_eq!((report.commits, report.bytes_written), (4, expected.len() as u64));
}

#[test]
fn a_length_that_cannot_be_closes_only_its_connection() {
    let handle = start(Work::Echo);
    let mut good = connect(&handle);
    for body in [0_u32, 7, 2 << 20, u32::MAX] {
        let mut bad = connect(&handle);
        bad.write_all(&body.to_be_bytes()).unwrap();
        assert_eq!(bad.read(&mut [0; 1]).unwrap(), 0);
        good.write_all(&frame(64, body)).unwrap();
        expect_answer(&mut good, body);
    }
    handle.stop().unwrap();
}

#[test]
fn slots_are_used_again_after_a_close() {
    let directory = tempfile::tempdir().unwrap();
    let handle = append(directory.path(), Barrier::None);
    for id in 0..300 {
        let mut stream = connect(&handle);
        stream.write_all(&frame(500, id)).unwrap();
        expect_answer(&mut stream, id);
        // Half a frame that never ends: closing loses it and nothing else.
        stream.write_all(&frame(500, id)[..200]).unwrap();
    }
    assert_eq!(handle.stop().unwrap().frames, 300);
}

#[test]
fn clients_that_vanish_with_requests_in_flight_harm_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let handle = append(directory.path(), Barrier::Fdatasync);
    let mut steady = connect(&handle);
    for round in 0..50 {
        let mut leavers: Vec<TcpStream> = (0..8).map(|_| connect(&handle)).collect();
        for (stream, len) in leavers.iter_mut().zip([500, 70_000, 1000, 200_000].iter().cycle()) {
            stream.write_all(&frame(*len, round)).unwrap();
        }
        drop(leavers);
        steady.write_all(&frame(3000, round)).unwrap();
        expect_answer(&mut steady, round);
    }
    handle.stop().unwrap();
}

#[test]
fn the_probe_picks_the_faster_barrier() {
    let directory = tempfile::tempdir().unwrap();
    let handle = start(Work::Append { journal: journal(directory.path()), barrier: None });
    let probe = handle.probe().unwrap();
    let faster =
        if probe.dsync_ns <= probe.fdatasync_ns { Barrier::Dsync } else { Barrier::Fdatasync };
    assert_eq!(probe.choice, faster);
    let mut stream = connect(&handle);
    stream.write_all(&frame(500, 1)).unwrap();
    expect_answer(&mut stream, 1);
}

struct Count(u64);

impl Tally for Count {
    fn on_outcome(&mut self, outcome: Outcome<'_>) {
        assert_eq!(outcome.due_ns, [outcome.sent_ns.unwrap()]);
        self.0 += 1;
    }
}

#[test]
fn a_load_is_answered_in_full() {
    let directory = tempfile::tempdir().unwrap();
    let handle = append(directory.path(), Barrier::Fdatasync);
    for (connections, in_flight, len) in [(1, 1, 12), (7, 5, 1000), (3, 2, 100_000)] {
        let mut config = LoadConfig::new(handle.address(), connections, frame(len, 0));
        config.in_flight = in_flight;
        config.warm_up = Duration::ZERO;
        config.end = LoadEnd::Answers(500);
        config.zero = Some(8..ANSWER);
        let mut count = Count(0);
        let report = load(&config, Drive::Closed, &mut count).unwrap();
        assert_eq!((report.answers, report.refused), (500, 0));
        assert_eq!(count.0, 500);
        assert_eq!(report.answer_bytes, 500 * ANSWER as u64);
        config.zero = Some(0..8);
        let report = load(&config, Drive::Closed, &mut count).unwrap();
        assert_eq!(report.refused, 500);
        assert_eq!(report.first_refused.unwrap().len(), ANSWER);
    }
    handle.stop().unwrap();
}

#[test]
fn a_server_without_room_for_its_frames_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut small = journal(directory.path());
    small.file_bytes = 1 << 20;
    let work = Work::Append { journal: small, barrier: Some(Barrier::None) };
    let error = serve(FloorConfig::new(work, 0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
