//! The simulation against what can be computed by hand.

use super::*;
use crate::probe::measured::histogram;

/// A machine whose times are the same each time.
fn constant(loopback_ns: u64, request_ns: f64, durable_ns: u64, written_ns: u64) -> Measured {
    let always = |value: u64| {
        let mut times = histogram();
        times.saturating_record(value.max(1));
        times
    };
    let commits = |value| [4096, 1 << 24].map(|bytes| CommitTimes { bytes, times: always(value) });
    Measured {
        record_bytes: 100,
        loopback: always(loopback_ns),
        request_ns,
        commit_ns: 0.0,
        durable: commits(durable_ns).to_vec(),
        written: commits(written_ns).to_vec(),
    }
}

fn durable(measured: &Measured, rate: f64, connections: u32) -> Answers {
    simulate(measured, rate, connections, 7).durable.unwrap()
}

fn near(found: f64, wanted: f64, part: f64) {
    assert!((found / wanted - 1.0).abs() < part, "{found} is not {wanted}");
}

#[test]
fn a_seldom_request_takes_its_way_its_commit_and_nothing_else() {
    let found = durable(&constant(60_000, 5_000.0, 200_000, 20_000), 1.0, 64);
    near(found.p50_ns, 265_000.0, 0.002);
    near(found.p99_ns, 265_000.0, 0.002);
    assert!(found.keeps_up);
    assert_eq!((found.largest(), found.largest_of_tail()), (Term::Commit, Term::Commit));
    let written = simulate(&constant(60_000, 5_000.0, 200_000, 20_000), 1.0, 64, 7).written;
    near(written.unwrap().p50_ns, 85_000.0, 0.002);
}

#[test]
fn a_busy_disk_makes_everybody_wait_for_half_of_the_commit_before() {
    // 100 arrivals a commit of constant length: one waits evenly between nothing and a commit for
    // the one before to end, and then for its own.
    let found = durable(&constant(1, 0.0, 1_000_000, 1), 100_000.0, 1 << 20);
    near(found.p50_ns, 1_500_000.0, 0.01);
    near(found.mean_ns, 1_500_000.0, 0.01);
    near(found.p99_ns, 1_990_000.0, 0.01);
    let queue = found.median_terms.iter().find(|(term, _)| *term == Term::Queue).unwrap();
    near(queue.1, 500_000.0, 0.05);
}

#[test]
fn a_core_alone_is_an_m_d_1_queue() {
    // One waits r / (2 (1 - r)) services in the mean at a load of r, and not at all if the core is
    // idle, which it is with probability 1 - r. Commits take no time.
    let measured = constant(1, 10_000.0, 1, 1);
    for (load, mean_ns) in [(0.5, 15_000.0), (0.8, 30_000.0)] {
        let found = durable(&measured, load * 1e5, 1 << 20);
        near(found.mean_ns, mean_ns, 0.03);
        assert_eq!(found.largest(), Term::Core);
    }
    near(durable(&measured, 49_000.0, 1 << 20).p50_ns, 10_000.0, 0.01);
}

#[test]
fn a_connection_waits_for_its_own_answer() {
    // One connection is an M/D/1 queue whose service is the whole way: 100 us at 5,000/s is a
    // load of 0.5, so that the mean wait is half a service.
    let measured = constant(20_000, 0.0, 80_000, 1);
    let one = durable(&measured, 5_000.0, 1);
    near(one.p50_ns, 100_000.0, 0.02);
    assert_eq!(one.largest_of_tail(), Term::Connection);
    let many = durable(&measured, 5_000.0, 1_000);
    assert!(many.p99_ns < one.p99_ns);
}

#[test]
fn no_rate_makes_it_faster_and_too_high_a_one_is_noticed() {
    let mut measured = constant(50_000, 4_000.0, 150_000, 20_000);
    let mut spread = histogram();
    for step in 1..=100 {
        spread.saturating_record(100_000 + step * step * 100);
    }
    measured.durable = vec![CommitTimes { bytes: 4096, times: spread }];
    let rates = [10.0, 100.0, 1_000.0, 3_000.0, 10_000.0, 30_000.0, 100_000.0, 1_000_000.0];
    let found = rates.map(|rate| durable(&measured, rate, 64));
    for (pair, rate) in found.windows(2).zip(rates) {
        // Up to what chance does to a hundredth of a hundred thousand.
        assert!(pair[0].p50_ns <= pair[1].p50_ns * 1.01, "p50 at {rate}");
        assert!(pair[0].p99_ns <= pair[1].p99_ns * 1.02, "p99 at {rate}");
    }
    assert!(found[0].keeps_up && found[2].keeps_up);
    let last = found.last().unwrap();
    assert!(!last.keeps_up);
    // 64 in flight, and each takes at least its way and a commit.
    assert!(last.rate < 64.0 / 150e-6, "{}", last.rate);
    assert!(last.p50_ns > 10.0 * found[0].p50_ns);
    near(durable(&measured, 3e6, 64).rate, last.rate, 0.02);
}

#[test]
fn a_seed_makes_one_prediction() {
    let measured = constant(50_000, 4_000.0, 150_000, 20_000);
    let of = |seed| simulate(&measured, 8_000.0, 64, seed);
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn what_was_not_measured_is_not_predicted() {
    let mut measured = constant(50_000, 4_000.0, 150_000, 20_000);
    measured.durable.clear();
    let found = simulate(&measured, 100.0, 4, 1);
    assert!(found.durable.is_none() && found.written.is_some());
    measured.loopback = histogram();
    assert!(simulate(&measured, 100.0, 4, 1).written.is_none());
}
