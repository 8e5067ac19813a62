//! A broker with nothing to do: how fast it starts, what it costs, how it stops, and what it says
//! to a second one on its directory or its port.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod support;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use support::broker::{STOP_PATIENCE, Setup, Site, free_address};
use support::metrics::{cpu_ticks, resident_bytes};

/// A start pre-writes two journal files of 64 MiB a shard.
const START_MAX: Duration = Duration::from_secs(20);
/// How long the CPU's time is measured.
const WINDOW: Duration = Duration::from_secs(4);
const TICKS_PER_SECOND: u64 = 100;
const CPU_PERCENT_MAX: u64 = 5;
const RESIDENT_MAX: u64 = 64 << 20;

fn setup() -> Setup {
    Setup::new(2, &[])
}

#[test]
fn a_broker_starts_fast_and_costs_little_when_idle() {
    let mut site = Site::new();
    let (mut broker, screen) = site.start(&setup());
    println!("start on an empty directory: {:?}", screen.took);
    assert!(screen.took < START_MAX, "{:?}\n{}", screen.took, screen.text);
    // The rest of the journal is pre-written in the background: that is work, not idling.
    let quiet_from = Instant::now() + Duration::from_mins(1);
    let percent = loop {
        let before = cpu_ticks(broker.pid());
        assert!(broker.wait_end(WINDOW).is_none(), "it runs on:\n{}", broker.errors());
        let ticks = cpu_ticks(broker.pid()) - before;
        let percent = ticks * 100 / (WINDOW.as_secs() * TICKS_PER_SECOND);
        println!("idle: {ticks} ticks in {WINDOW:?}, {percent} % of a core");
        if percent < CPU_PERCENT_MAX || Instant::now() > quiet_from {
            break percent;
        }
    };
    assert!(percent < CPU_PERCENT_MAX, "{percent} % of a core");
    let resident = resident_bytes(broker.pid());
    println!("resident: {} KiB", resident >> 10);
    assert!(resident < RESIDENT_MAX, "{resident} bytes");
    let asked = Instant::now();
    broker.stop();
    println!("stop: {:?}", asked.elapsed());
    let (mut broker, screen) = site.start(&setup());
    println!("start after a clean stop: {:?}", screen.took);
    assert!(screen.text.contains("after a clean stop"), "{}", screen.text);
    broker.kill();
    let (mut broker, screen) = site.start(&setup());
    println!("start after a kill: {:?}", screen.took);
    assert!(screen.text.contains("unclean stop"), "{}", screen.text);
    broker.stop();
}

#[test]
fn a_second_broker_on_the_same_directory_is_refused() {
    let mut site = Site::new();
    let (mut first, _) = site.start(&setup());
    let mut second = site.spawn_at(&setup(), free_address(), free_address());
    second.refusal(&["in use by another process", "data"]);
    assert!(first.wait_end(Duration::ZERO).is_none(), "the first one goes on");
    first.stop();
}

#[test]
fn a_port_in_use_is_named() {
    let holder = TcpListener::bind(free_address()).unwrap();
    let taken = holder.local_addr().unwrap();
    for (kafka, http) in [(taken, free_address()), (free_address(), taken)] {
        let mut site = Site::new();
        let mut broker = site.spawn_at(&setup(), kafka, http);
        broker.refusal(&[&taken.port().to_string()]);
        // And it can be started at another one, on the same directory.
        let (mut broker, _) = site.start(&setup());
        broker.stop();
    }
}

#[test]
fn a_broker_that_is_stopped_while_it_starts_ends_in_order() {
    let mut site = Site::new();
    let mut broker = site.spawn(&setup());
    // Nobody can say how far it has come: to the signal's handler, or to the end of its start.
    let came = broker.wait_end(Duration::from_millis(40));
    assert!(came.is_none(), "it starts:\n{}", broker.errors());
    broker.terminate();
    assert!(broker.wait_end(STOP_PATIENCE).is_some(), "it ends:\n{}", broker.errors());
    let (mut broker, _) = site.start(&setup());
    broker.stop();
}

#[test]
fn an_address_of_another_machine_is_refused() {
    let mut site = Site::new();
    // TEST-NET-1: no machine has it.
    let elsewhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9092));
    let mut broker = site.spawn_at(&setup(), elsewhere, free_address());
    broker.refusal(&["192.0.2.1:9092"]);
}
