//! The load against servers that answer, that do not, and that look at what they get.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::super::server::{FloorConfig, Work, serve};
use super::*;

#[derive(Default)]
struct Seen {
    records: u64,
    answered: u64,
    refused: u64,
    unanswered: u64,
    unsent: u64,
    age_max_ns: u64,
    early: u64,
}

impl Tally for Seen {
    fn on_outcome(&mut self, outcome: Outcome<'_>) {
        assert!(outcome.due_ns.is_sorted() && !outcome.due_ns.is_empty());
        self.records += outcome.due_ns.len() as u64;
        match outcome.verdict {
            Verdict::Answered => self.answered += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Unanswered => self.unanswered += 1,
        }
        let first = outcome.due_ns[0];
        self.unsent += u64::from(outcome.sent_ns.is_none());
        self.early += u64::from(outcome.sent_ns.is_some_and(|sent_ns| sent_ns < first));
        self.age_max_ns = self.age_max_ns.max(outcome.now_ns - first);
    }
}

/// A record every `step_ns` on each connection.
struct Steady {
    step_ns: u64,
    next_ns: Vec<u64>,
}

impl Arrivals for Steady {
    fn next_ns(&mut self, connection: usize) -> u64 {
        let due = self.next_ns[connection];
        self.next_ns[connection] += self.step_ns;
        due
    }
}

fn frame(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    bytes[..4].copy_from_slice(&u32::try_from(len - 4).unwrap().to_be_bytes());
    bytes
}

#[test]
fn an_open_loop_makes_every_planned_record_and_none_early() {
    let server = serve(FloorConfig::new(Work::Echo, 0)).unwrap();
    let mut config = LoadConfig::new(server.address(), 4, frame(100));
    config.in_flight = 100;
    config.warm_up = Duration::from_millis(20);
    config.end = LoadEnd::After(Duration::from_millis(100));
    let mut arrivals = Steady { step_ns: 100_000, next_ns: vec![0; 4] };
    let mut seen = Seen::default();
    let drive = Drive::Open { arrivals: &mut arrivals, records: 2 };
    let report = load(&config, drive, &mut seen).unwrap();
    assert_eq!((seen.records, seen.answered), (4 * 1000, 4 * 500));
    assert_eq!((seen.early, seen.unanswered, report.refused), (0, 0, 0));
    assert_eq!((report.answers, report.made, report.received), (2000, 2400, 2400));
    assert!(report.elapsed_ns >= 100_000_000, "{}", report.elapsed_ns);
}

/// Takes one connection, reads all and answers nothing.
fn mute() -> (SocketAddr, JoinHandle<usize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let (mut stream, _) = listener.accept().unwrap();
        // A reset at the end is as good as an end.
        let _ = stream.read_to_end(&mut bytes);
        bytes.len()
    });
    (address, thread)
}

#[test]
fn what_is_never_answered_counts_with_its_age_sent_or_not() {
    let (address, thread) = mute();
    let mut config = LoadConfig::new(address, 1, frame(50));
    config.in_flight = 3;
    config.warm_up = Duration::ZERO;
    config.end = LoadEnd::After(Duration::from_millis(10));
    config.drain = Duration::from_millis(30);
    let mut arrivals = Steady { step_ns: 1_000_000, next_ns: vec![0] };
    let mut seen = Seen::default();
    let drive = Drive::Open { arrivals: &mut arrivals, records: 1 };
    let report = load(&config, drive, &mut seen).unwrap();
    assert_eq!((seen.unanswered, seen.unsent, report.unanswered), (10, 7, 10));
    assert!(seen.age_max_ns >= 40_000_000, "{}", seen.age_max_ns);
    assert_eq!(thread.join().unwrap(), 150);
}

#[test]
fn a_closed_loop_gives_up_too() {
    let (address, thread) = mute();
    let mut config = LoadConfig::new(address, 1, frame(50));
    config.in_flight = 2;
    config.warm_up = Duration::ZERO;
    config.end = LoadEnd::After(Duration::from_millis(1));
    config.drain = Duration::from_millis(5);
    let mut seen = Seen::default();
    let report = load(&config, Drive::Closed, &mut seen).unwrap();
    assert_eq!((report.unanswered, seen.unanswered, report.answers), (2, 2, 0));
    thread.join().unwrap();
}

/// Answers `count` requests of `len` bytes with 8 bytes each; returns how often each number stood
/// at `at`.
fn answer(
    stream: &mut TcpStream,
    count: usize,
    len: usize,
    at: usize,
    seen: &mut BTreeMap<u32, u32>,
) {
    let mut request = vec![0; len];
    for _ in 0..count {
        stream.read_exact(&mut request).unwrap();
        let number = u32::from_be_bytes(request[at..at + 4].try_into().unwrap());
        *seen.entry(number).or_default() += 1;
        stream.write_all(&[&[0, 0, 0, 4], &request[8..12]].concat()).unwrap();
    }
}

#[test]
fn a_rotation_takes_every_number_in_turns() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut config = LoadConfig::new(listener.local_addr().unwrap(), 1, frame(40));
    config.rotation = Some(Rotation { at: 20, count: 5 });
    config.warm_up = Duration::ZERO;
    config.end = LoadEnd::Answers(20);
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = BTreeMap::new();
        answer(&mut stream, 20, 40, 20, &mut seen);
        // Not closed before the load has ended.
        (seen, stream)
    });
    let mut seen = Seen::default();
    let report = load(&config, Drive::Closed, &mut seen).unwrap();
    assert_eq!((report.answers, seen.answered), (20, 20));
    assert_eq!(thread.join().unwrap().0, (0..5).map(|number| (number, 4)).collect());
}

#[test]
fn a_load_that_can_not_be_is_refused() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let refused = |change: fn(&mut LoadConfig), open: bool| {
        let mut config = LoadConfig::new(address, 1, frame(40));
        change(&mut config);
        let mut arrivals = Steady { step_ns: 1, next_ns: vec![0] };
        let drive = if open {
            Drive::Open { arrivals: &mut arrivals, records: 1 << 20 }
        } else {
            Drive::Closed
        };
        load(&config, drive, &mut Seen::default()).unwrap_err().kind()
            == io::ErrorKind::InvalidInput
    };
    assert!(refused(|config| config.connections = 0, false));
    assert!(refused(|config| config.request = frame(11), false));
    assert!(refused(|config| config.rotation = Some(Rotation { at: 37, count: 1 }), false));
    assert!(refused(|config| config.rotation = Some(Rotation { at: 11, count: 1 }), false));
    assert!(refused(|config| config.rotation = Some(Rotation { at: 20, count: 0 }), false));
    assert!(refused(|config| config.end = LoadEnd::Answers(1), true));
    assert!(refused(|config| config.in_flight = 17, true));
}
