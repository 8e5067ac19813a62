//! A hop between shards: the ring alone on one thread and on two, and calls between two shards
//! that never sleep, look around for a while, or sleep at once.

use std::cell::Cell;
use std::hint::{black_box, spin_loop};
use std::rc::Rc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use runtime::affinity::available_cores;
use runtime::local::promise;
use runtime::mesh::{Endpoint, Wiring, spsc, wire};
use runtime::{IdlePolicy, Instant, Runtime, ShardThread};

use crate::executor::config;

/// Places in a ring.
const CAPACITY: usize = 256;
/// Calls under way at once, where there are several.
const PIPELINED: usize = 64;

/// A message the size of a request to another shard.
type Message = [u64; 8];

/// The request after which a shard ends.
const LAST: Message = [u64::MAX; 8];

fn message(number: u64) -> Message {
    [number; 8]
}

/// Two threads on two cores, or where the scheduler likes if there is one core only.
fn thread(number: usize, idle: IdlePolicy) -> ShardThread {
    let cores = available_cores().expect("the affinity mask can be read");
    let core = if cores.len() > 1 { cores.get(number).copied() } else { None };
    ShardThread { name: format!("bench-{number}"), core, config: config(idle), lock: None }
}

/// Both ends of a ring on one thread: what sending costs without another core.
fn ring_alone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mesh");
    let (mut sender, mut receiver) = spsc::channel::<Message>(CAPACITY);
    group.throughput(Throughput::Elements(1));
    group.bench_function("ring, one thread", |bencher| {
        bencher.iter(|| {
            assert!(sender.try_send(black_box(message(1))).is_ok(), "there is room");
            receiver.try_recv()
        });
    });
    group.throughput(Throughput::Elements(PIPELINED as u64));
    group.bench_function(format!("ring, one thread, {PIPELINED} at once"), |bencher| {
        bencher.iter(|| {
            for number in 0..PIPELINED as u64 {
                assert!(sender.try_send(black_box(message(number))).is_ok(), "there is room");
            }
            std::iter::from_fn(|| receiver.try_recv()).fold(0, |sum, message| sum ^ message[7])
        });
    });
    group.finish();
}

/// The time that `rounds` round trips over two rings take between two threads that both spin.
fn ring_between_threads(rounds: u64) -> Duration {
    let (mut there, mut at_echo) = spsc::channel::<Message>(CAPACITY);
    let (mut from_echo, mut back) = spsc::channel::<Message>(CAPACITY);
    let receive = |ring: &mut spsc::Receiver<Message>| loop {
        match ring.try_recv() {
            Some(message) => return message,
            None => spin_loop(),
        }
    };
    let echo = thread(1, IdlePolicy::Spin).spawn(move |_| async move {
        loop {
            let message = receive(&mut at_echo);
            assert!(from_echo.try_send(message).is_ok(), "there is room");
            if message == LAST {
                return;
            }
        }
    });
    let caller = thread(0, IdlePolicy::Spin).spawn(move |_| async move {
        let mut exchange = |message| {
            assert!(there.try_send(message).is_ok(), "there is room");
            assert_eq!(receive(&mut back), message, "it comes back");
        };
        // The other thread may not run yet.
        exchange(message(0));
        let started = Instant::now();
        (0..rounds).for_each(|round| exchange(message(round)));
        let nanos = Instant::now().nanos_since(started);
        exchange(LAST);
        Duration::from_nanos(nanos)
    });
    let taken = caller.expect("a thread can be started").join().expect("it had its core");
    echo.expect("a thread can be started").join().expect("it had its core");
    taken
}

/// Serves calls until the last one has been answered.
async fn serve(runtime: Runtime, wiring: Wiring<Message, Message>) {
    let endpoint = Endpoint::join(&runtime, wiring);
    let (ended, end) = promise();
    let mut ended = Some(ended);
    let serving = runtime.spawn(async move {
        endpoint
            .run(|_, message, responder| {
                responder.send(message);
                if message == LAST
                    && let Some(ended) = ended.take()
                {
                    ended.keep(());
                }
            })
            .await;
    });
    end.await.expect("the last call comes");
    drop(serving);
}

/// Calls the other shard, so many at once, and says how long that took.
async fn call(
    runtime: Runtime,
    wiring: Wiring<Message, Message>,
    rounds: u64,
    at_once: usize,
) -> Duration {
    let endpoint = Endpoint::join(&runtime, wiring);
    let server = endpoint.clone();
    let serving = runtime.spawn(async move { server.run(|_, _, _| ()).await });
    endpoint.call(1, message(0)).await.expect("the other shard answers");
    let started = Instant::now();
    let left = Rc::new(Cell::new(rounds));
    let callers = (0..at_once).map(|_| {
        let (endpoint, left) = (endpoint.clone(), Rc::clone(&left));
        runtime.spawn(async move {
            while let Some(round) = left.get().checked_sub(1) {
                left.set(round);
                assert_eq!(endpoint.call(1, message(round)).await, Ok(message(round)));
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    for caller in callers {
        caller.await;
    }
    let nanos = Instant::now().nanos_since(started);
    endpoint.call(1, LAST).await.expect("the other shard answers");
    drop(serving);
    Duration::from_nanos(nanos)
}

/// The time that `rounds` calls between two shards take.
fn calls(idle: IdlePolicy, rounds: u64, at_once: usize) -> Duration {
    let mut wirings = wire::<Message, Message>(2, CAPACITY).into_iter();
    let (Some(ours), Some(theirs)) = (wirings.next(), wirings.next()) else {
        unreachable!("two shards have two wirings")
    };
    let server = thread(1, idle).spawn(move |runtime| serve(runtime, theirs));
    let caller = thread(0, idle).spawn(move |runtime| call(runtime, ours, rounds, at_once));
    let taken = caller.expect("a thread can be started").join().expect("it had its core");
    server.expect("a thread can be started").join().expect("it had its core");
    taken
}

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    ring_alone(criterion);
    let mut group = criterion.benchmark_group("mesh");
    // Every sample starts two threads, and what it measures does not get better with many.
    group.sample_size(20);
    // Two hops, there and back.
    group.throughput(Throughput::Elements(2));
    group.bench_function("ring, two threads, there and back", |bencher| {
        bencher.iter_custom(ring_between_threads);
    });
    group.throughput(Throughput::Elements(1));
    for (name, idle) in [
        ("spins", IdlePolicy::Spin),
        ("looks around", IdlePolicy::Adaptive(Duration::from_micros(20))),
        ("sleeps", IdlePolicy::Block),
    ] {
        group.bench_function(BenchmarkId::new("call a shard that", name), |bencher| {
            bencher.iter_custom(|rounds| calls(idle, rounds, 1));
        });
        let name = BenchmarkId::new(format!("{PIPELINED} calls at once, it"), name);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| calls(idle, rounds, PIPELINED));
        });
    }
    group.finish();
}
