//! Hostile and broken clients take neither the broker's memory nor the time of others.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod hostile {
    pub(crate) mod attack;
    pub(crate) mod bystander;
    pub(crate) mod sample;
}
mod support;

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use hostile::attack;
use hostile::bystander::{Bystander, quantile};
use hostile::sample::samples;
use support::broker::{Setup, Site};
use support::connection::Connection;
use support::metrics::resident_bytes;
use support::produce::{Partition, code};
use support::random::Random;
use support::topics::Blueprint;

/// How much the broker's memory may grow.
const GROWTH_MAX: u64 = 256 << 20;
/// What others may be kept waiting: so many times what is usual, or so long.
const RATIO_MAX: u32 = 20;
const WAIT_MAX: Duration = Duration::from_millis(250);
const QUIET_ROUNDS: usize = 300;
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// More than a thousand connections need more descriptors than a process is usually given.
fn raise_open_files() {
    let pid = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--nofile=4096:"]).status();
    assert!(raised.unwrap().success(), "open files can be raised to 4096");
}

#[test]
fn hostile_clients_harm_nobody() {
    raise_open_files();
    let mut site = Site::new();
    // The smallest tail for the default frame: what the bystander writes is not to be measured.
    let (mut broker, _) = site.start(&Setup::new(2, &[("tail.bytes", "64MiB")]));
    let address = broker.kafka();
    let mut connection = Connection::open(address).unwrap();
    let created = connection.create_topic(&Blueprint::new("t", 4, &[])).unwrap();
    assert_eq!(created, code::NONE);
    let partition = Partition::new("t", 1);
    let mut bystander = Bystander::new(Connection::open(address).unwrap(), partition.clone());
    let mut quiet: Vec<_> = (0..QUIET_ROUNDS).map(|_| bystander.round_trip()).collect();
    quiet.sort_unstable();
    let usual = quantile(&quiet, 500);
    println!("quiet: median {usual:?}, p99 {:?}", quantile(&quiet, 990));

    let pid = broker.pid();
    let (before, most) = (resident_bytes(pid), AtomicU64::new(0));
    let ending = AtomicBool::new(false);
    let (stop_looking, looking) = channel::<()>();
    let times = thread::scope(|scope| {
        let busy = scope.spawn(|| bystander.run(&ending));
        let most = &most;
        scope.spawn(move || {
            while looking.recv_timeout(LOOK).is_err_and(|end| end == TIMEOUT) {
                most.fetch_max(resident_bytes(pid), Ordering::SeqCst);
            }
        });
        let attacked = std::panic::catch_unwind(|| attack_all(address));
        ending.store(true, Ordering::SeqCst);
        drop(stop_looking);
        let times = busy.join();
        if let Err(panic) = attacked {
            panic!("{}\nthe broker:\n{}", message(&*panic), broker.errors());
        }
        times.unwrap()
    });

    let p99 = quantile(&times, 990);
    println!(
        "beside: {} round trips, median {:?}, p99 {p99:?}",
        times.len(),
        quantile(&times, 500)
    );
    let growth = most.load(Ordering::SeqCst).saturating_sub(before);
    println!("memory: {} KiB before, {} KiB more at most", before >> 10, growth >> 10);
    assert!(broker.wait_end(Duration::ZERO).is_none(), "it lives:\n{}", broker.errors());
    assert!(!broker.errors().contains("panicked"), "{}", broker.errors());
    assert!(growth < GROWTH_MAX, "the broker grew by {growth} bytes");
    assert!(p99 < WAIT_MAX.max(usual * RATIO_MAX), "p99 is {p99:?}, usual is {usual:?}");
    let mut after = Bystander::new(Connection::open(address).unwrap(), partition);
    after.round_trip();
    broker.stop();
}

const TIMEOUT: std::sync::mpsc::RecvTimeoutError = std::sync::mpsc::RecvTimeoutError::Timeout;

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn attack_all(address: std::net::SocketAddr) {
    let samples = samples();
    let mut random = Random::new(1);
    let step = |what: &str, started: Instant| println!("{what}: {:?}", started.elapsed());
    let held = attack::half_open(address);
    let mut started = Instant::now();
    attack::whole(address, &samples);
    attack::lengths(address);
    step("lengths", started);
    started = Instant::now();
    attack::noise(address, &mut random);
    step("noise", started);
    started = Instant::now();
    attack::arrays(address, &samples);
    step("arrays", started);
    started = Instant::now();
    attack::truncated(address, &samples);
    step("truncated", started);
    started = Instant::now();
    attack::unfinished(address);
    step("unfinished", started);
    drop(held);
}
