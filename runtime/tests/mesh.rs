//! The mesh between real shard threads.

#![allow(clippy::unwrap_used, missing_docs)]

use runtime::mesh::{Endpoint, wire};
use runtime::{IdlePolicy, RuntimeConfig, ShardThread};

#[test]
fn every_shard_calls_every_other_more_often_than_there_are_credits() {
    const SHARDS: usize = 3;
    const CALLS: u64 = 5_000;
    let threads: Vec<_> = wire::<u64, u64>(SHARDS, 4)
        .into_iter()
        .enumerate()
        .map(|(shard, wiring)| {
            let config = RuntimeConfig { idle: IdlePolicy::Block, ..RuntimeConfig::default() };
            let name = format!("shard-{shard}");
            ShardThread { name, core: None, config, lock: None }
                .spawn(move |runtime| async move {
                    let endpoint = Endpoint::join(&runtime, wiring);
                    let server = endpoint.clone();
                    let mut done = std::collections::BTreeSet::new();
                    let (ended, all_ended) = flume::bounded(SHARDS);
                    let serving = runtime.spawn(async move {
                        server
                            .run(|from, number, responder| {
                                // The last request of a caller says that it has had its replies.
                                if number == u64::MAX && done.insert(from) {
                                    ended.try_send(()).unwrap();
                                }
                                responder.send(number.wrapping_mul(2));
                            })
                            .await;
                    });
                    let callers: Vec<_> = (0..SHARDS)
                        .filter(|to| *to != shard)
                        .flat_map(|to| (0..8_u64).map(move |lane| (to, lane)))
                        .map(|(to, lane)| {
                            let endpoint = endpoint.clone();
                            runtime.spawn(async move {
                                for number in 0..CALLS / 8 {
                                    let number = number * 8 + lane;
                                    assert_eq!(endpoint.call(to, number).await, Ok(number * 2));
                                }
                            })
                        })
                        .collect();
                    for caller in callers {
                        caller.await;
                    }
                    for to in (0..SHARDS).filter(|to| *to != shard) {
                        endpoint.call(to, u64::MAX).await.unwrap();
                    }
                    for _ in 1..SHARDS {
                        all_ended.recv_async().await.unwrap();
                    }
                    // Replies already sent are in the callers' rings; nobody needs us any more.
                    drop(serving);
                })
                .unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
