//! The load against a broker of which all is known, in a time that only the test moves.
//!
//! What a script says goes to a stub that answers each request after a delay of its own, from a
//! seed; a clock is moved from event to event. So what the account says can be held against what
//! happened, to the nanosecond, on any machine.

use std::collections::BTreeMap;

use net::kafka::error_code::ErrorCode;
use runtime::floor::{Outbox, Script};

use super::super::flags::WorkloadFlags;
use super::super::ledger::{Account, Ledger, Nobody, Tag};
use super::super::summary::Summary;
use super::super::target::Job;
use super::super::workload::Workload;
use super::answer::{Answer, answer};
use super::script::KafkaScript;
use crate::random::Random;

const START: u64 = 7_000_000_000;
const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

fn workload(text: &str) -> Workload {
    let flags: WorkloadFlags = toml::from_str(text).unwrap();
    flags.resolve("stub".to_owned()).unwrap()
}

/// A broker that answers each request after a delay, in order on each connection.
struct Stub<D> {
    delay_ns: D,
    /// When it is stopped, and until when: it answers nothing meanwhile.
    stopped: std::ops::Range<u64>,
    refuses: bool,
    /// Answers on their way, by when they come.
    answers: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    last_ns: Vec<u64>,
    count: u64,
    /// The delay of every request, and how many records it had.
    delays: Vec<(u64, u64)>,
}

impl<D: FnMut(u64) -> Option<u64>> Stub<D> {
    fn new(connections: usize, delay_ns: D) -> Self {
        let last_ns = vec![0; connections];
        let answers = BTreeMap::new();
        let (stopped, delays) = (0..0, Vec::new());
        Self { delay_ns, stopped, refuses: false, answers, last_ns, count: 0, delays }
    }

    fn take(&mut self, connection: usize, mut bytes: &[u8], now_ns: u64) {
        while let Some((prefix, rest)) = bytes.split_first_chunk() {
            let (frame, rest) = rest.split_at(u32::from_be_bytes(*prefix) as usize);
            bytes = rest;
            let code = if self.refuses { ErrorCode(3) } else { ErrorCode::NONE };
            let Answer { bytes: answer, records } = answer(frame, code).unwrap();
            let Some(delay_ns) = (self.delay_ns)(self.count) else { continue };
            let mut at_ns = (now_ns + delay_ns).max(self.last_ns[connection]);
            if self.stopped.contains(&at_ns) || self.stopped.contains(&now_ns) {
                at_ns = at_ns.max(self.stopped.end);
            }
            self.last_ns[connection] = at_ns;
            self.delays.push((at_ns - now_ns, records));
            self.answers.insert((at_ns, self.count), (connection, answer[4..].to_vec()));
            self.count += 1;
        }
    }
}

/// Runs a workload against a stub; returns its account.
fn run<D: FnMut(u64) -> Option<u64>>(workload: &Workload, stub: &mut Stub<D>) -> Account {
    let mut nobody = Nobody;
    let mut job = Job::new(workload, Ledger::new(workload, START, &mut nobody));
    let connections = workload.connections as usize;
    let mut outbox = Outbox::new(connections);
    let mut script = KafkaScript::new(&mut job, &[]);
    let mut now_ns = START;
    let mut turns = 0;
    while let Some(wake_ns) = script.on_turn(now_ns, &mut outbox) {
        for (connection, bytes) in outbox.take() {
            script.on_sent(connection, now_ns);
            stub.take(connection, &bytes, now_ns);
        }
        let answer_ns = stub.answers.first_key_value().map(|((at_ns, _), _)| *at_ns);
        now_ns = answer_ns.unwrap_or(u64::MAX).min(wake_ns).max(now_ns);
        while let Some(entry) = stub.answers.first_entry().filter(|entry| entry.key().0 <= now_ns) {
            let (connection, frame) = entry.remove();
            script.on_frame(connection, &frame, now_ns, &mut outbox);
        }
        turns += 1;
        assert!(turns < 5_000_000, "a run ends");
    }
    script.end().unwrap();
    job.ledger.close(now_ns)
}

fn check_near(found_ns: u64, known_ns: u64) {
    let off = found_ns.abs_diff(known_ns);
    assert!(off * 50 <= known_ns || off <= 20 * MICRO, "{found_ns} of {known_ns}");
}

#[test]
fn known_delays_are_reported_as_they_are() {
    let workload =
        workload("rate = 2000\nconnections = 8\nbatch_records = 1\nwarmup = 0\nduration = 20");
    let mut random = Random::new(11);
    let mut stub = Stub::new(8, |_| {
        let most = if random.below(50) == 0 { 20_000 } else { 400 };
        Some((50 + random.below(most) as u64) * MICRO)
    });
    let account = run(&workload, &mut stub);
    let summary = Summary::of(&account).unwrap();
    let counts = account.counts;
    assert_eq!(
        (counts.intended, counts.errors + counts.timed_out + counts.waiting),
        (counts.acked, 0)
    );
    let mut known: Vec<u64> = stub.delays.iter().map(|(delay_ns, _)| *delay_ns).collect();
    known.sort_unstable();
    assert_eq!(known.len() as u64, counts.acked);
    for (quantile, mille) in [(0.5, 500), (0.9, 900), (0.99, 990), (0.999, 999)] {
        let rank = (known.len() * mille).div_ceil(1000) - 1;
        check_near(summary.at(Tag::Publish, quantile).unwrap(), known[rank]);
    }
    assert_eq!(summary.of_tag(Tag::Lateness).max(), 1);
}

/// A broker that is stopped for `d` in a run of `t` seconds, at `rate` records a second.
fn stopped(rate: &str, stop_ns: u64) -> (Account, Summary) {
    let text = format!(
        "rate = {rate}\nconnections = 4\ninflight = 2\nbatch_records = 10\nwarmup = 0\n\
         duration = 10"
    );
    let mut stub = Stub::new(4, |_| Some(MILLI));
    stub.stopped = START + 4 * SECOND..START + 4 * SECOND + stop_ns;
    let account = run(&workload(&text), &mut stub);
    let summary = Summary::of(&account).unwrap();
    (account, summary)
}

#[test]
fn an_open_loop_shows_a_stop_and_a_closed_one_hides_it() {
    let stop_ns = SECOND;
    let (account, open) = stopped("2000", stop_ns);
    assert_eq!(account.counts.acked, account.counts.intended);
    let total = open.of_tag(Tag::Total);
    assert!(total.max() + 10 * MILLI >= stop_ns, "{}", total.max());
    let bound_ns = stop_ns - 10 * SECOND / 1000 - 10 * MILLI;
    assert!(open.at(Tag::Total, 0.999).unwrap() >= bound_ns);
    // A tenth of the time lasted the stop: half of it is what p95 shows.
    assert!(open.at(Tag::Total, 0.95).unwrap() >= stop_ns * 4 / 10);
    let (account, closed) = stopped("\"max\"", stop_ns);
    assert_eq!(account.counts.acked, account.counts.intended);
    let total = closed.of_tag(Tag::Total);
    assert!(total.max() >= stop_ns && closed.at(Tag::Total, 0.99).unwrap() < 2 * MILLI);
}

#[test]
fn what_is_never_answered_is_in_the_account_at_its_age() {
    let text = "rate = 100\narrivals = \"uniform\"\ninflight = 3\nbatch_records = 1\nwarmup = 0\n\
                duration = 2\ntimeout = 1\ndrain = 0.5";
    let mut stub = Stub::new(1, |_| None);
    let account = run(&workload(text), &mut stub);
    let summary = Summary::of(&account).unwrap();
    let counts = account.counts;
    assert_eq!((counts.intended, counts.sent, counts.acked), (199, 3, 0));
    assert_eq!(counts.timed_out + counts.waiting, 199);
    assert!(counts.timed_out >= 140 && counts.waiting >= 40, "{counts:?}");
    let total = summary.of_tag(Tag::Total);
    assert_eq!(total.len(), 199);
    assert!(total.max() >= SECOND && total.min() >= 500 * MILLI);
    assert_eq!(summary.of_tag(Tag::Publish).len(), 3);
}

#[test]
fn refused_records_are_errors_and_in_no_distribution() {
    let mut stub = Stub::new(1, |_| Some(MILLI));
    stub.refuses = true;
    let account = run(&workload("rate = 100\nwarmup = 0\nduration = 1"), &mut stub);
    let counts = account.counts;
    assert_eq!((counts.errors, counts.acked), (counts.intended, 0));
    assert_eq!(Summary::of(&account).unwrap().of_tag(Tag::Total).len(), 0);
}

#[test]
fn linger_and_filling_are_delay_not_publish() {
    let text = "rate = 1000\narrivals = \"uniform\"\nbatch_records = 10\nlinger_us = 5000\n\
                warmup = 0\nduration = 2";
    let mut stub = Stub::new(1, |_| Some(2 * MILLI));
    let account = run(&workload(text), &mut stub);
    let summary = Summary::of(&account).unwrap();
    // A record a millisecond, sent five milliseconds after the first of a batch: six of them.
    let but_the_last = &stub.delays[..stub.delays.len() - 1];
    assert!(but_the_last.iter().all(|(_, records)| (5..=6).contains(records)));
    assert_eq!(summary.of_tag(Tag::Publish).max() / MICRO, 2000);
    check_near(summary.of_tag(Tag::Delay).max(), 5 * MILLI);
    check_near(summary.of_tag(Tag::Total).max(), 7 * MILLI);
    let mut stub = Stub::new(1, |_| Some(2 * MILLI));
    let text = text.replace("5000", "50000");
    run(&workload(&text), &mut stub);
    let full = stub.delays.iter().filter(|(_, records)| *records == 10).count();
    assert!(full + 1 >= stub.delays.len(), "a batch that is full does not linger");
}

#[test]
fn a_batch_that_arrives_whole_is_one_request() {
    let text = "rate = 1000\nbatch_records = 50\nwhole_batches = true\nwarmup = 0\nduration = 5";
    let mut stub = Stub::new(1, |_| Some(MILLI));
    let account = run(&workload(text), &mut stub);
    assert!(stub.delays.iter().all(|(_, records)| *records == 50));
    assert_eq!(account.counts.acked, 50 * stub.delays.len() as u64);
}
