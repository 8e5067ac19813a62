//! What it costs to wake and to start tasks on the shard they run on. What another shard does to
//! one that sleeps is in `mesh`.

use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use runtime::local::Queue;
use runtime::{IdlePolicy, Instant, ProvidedLayout, Runtime, RuntimeConfig, block_on};

/// A small runtime.
pub(crate) fn config(idle: IdlePolicy) -> RuntimeConfig {
    let provided = ProvidedLayout { count: 8, size: 4096 };
    RuntimeConfig { idle, provided, ..RuntimeConfig::default() }
}

/// Runs `measured` on a runtime of this thread that never sleeps, and times it without the
/// runtime's start and end.
fn timed<F>(measured: impl FnOnce(Runtime) -> F) -> Duration
where
    F: Future<Output = ()> + 'static,
{
    let result = block_on(config(IdlePolicy::Spin), |runtime| {
        let measured = measured(runtime);
        async move {
            let started = Instant::now();
            measured.await;
            Duration::from_nanos(Instant::now().nanos_since(started))
        }
    });
    result.expect("a runtime can be made here")
}

/// A token to and fro between two tasks: two wakes a round.
async fn pass_token(runtime: Runtime, rounds: u64) {
    let (there, back) = (Rc::new(Queue::new(1)), Rc::new(Queue::new(1)));
    let (theirs, answers) = (Rc::clone(&there), Rc::clone(&back));
    let echo = runtime.spawn(async move {
        while let Ok(token) = theirs.pop().await {
            answers.push(token).await.expect("the answers' queue stays open");
        }
    });
    for round in 0..rounds {
        there.push(round).await.expect("the queue is open");
        assert_eq!(back.pop().await, Ok(round), "the token comes back");
    }
    there.close();
    echo.await;
}

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("executor");
    group.throughput(Throughput::Elements(1));
    group.bench_function("wake itself", |bencher| {
        bencher.iter_custom(|rounds| {
            timed(move |runtime| async move {
                for _ in 0..rounds {
                    runtime.yield_now().await;
                }
            })
        });
    });
    group.bench_function("spawn and await", |bencher| {
        bencher.iter_custom(|rounds| {
            timed(move |runtime| async move {
                for round in 0..rounds {
                    let task = runtime.spawn(async move { round });
                    assert_eq!(task.await, round, "a task gives what its future gave");
                }
            })
        });
    });
    group.throughput(Throughput::Elements(2));
    group.bench_function("wake another and be woken", |bencher| {
        bencher.iter_custom(|rounds| timed(move |runtime| pass_token(runtime, rounds)));
    });
    group.finish();
}
