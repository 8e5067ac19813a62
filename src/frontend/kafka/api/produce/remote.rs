//! The parts of a produce that other shards own.

use std::collections::BTreeMap;
use std::rc::Rc;

use record::ShardId;
use runtime::buffer::Slice;
use runtime::local::promise;

use super::Incoming;
use super::pending::{Size, State};
use crate::frontend::kafka::connection::Connection;
use crate::metrics::Counter;
use crate::shard::message::{RemoteBatch, RemoteProduce, Reply, Request};

impl Connection {
    /// Sends the checked batches of other shards to them, one request each. When it resolves, all
    /// are queued there, in the order of this connection's requests.
    pub(super) async fn send_remote(self: &Rc<Self>, incoming: &mut Incoming, frame: &Slice) {
        let mut by_shard: BTreeMap<ShardId, Vec<RemoteBatch>> = BTreeMap::new();
        let patience = incoming.patience;
        let mut calls: BTreeMap<ShardId, usize> = BTreeMap::new();
        let mut size = Size::default();
        incoming.pending.for_each(|topic, part| {
            let State::Away { range, owner, checked } = &part.state else { return };
            let next = calls.len();
            let call = *calls.entry(*owner).or_insert(next);
            let batches = by_shard.entry(*owner).or_default();
            batches.push(RemoteBatch {
                log: topic.log_id(part.partition),
                start: range.start,
                header: checked.header,
                stamp: checked.stamp,
            });
            size.add(&checked.header);
            part.state = State::Sent { call, index: batches.len() - 1 };
        });
        incoming.pending.note_batches(size);
        // Calls are numbered in the order in which their shards were first named.
        let mut order: Vec<(usize, ShardId)> =
            calls.into_iter().map(|(owner, call)| (call, owner)).collect();
        order.sort_unstable();
        for (_, owner) in order {
            let batches = by_shard.remove(&owner).expect("every call has batches");
            let produce = RemoteProduce { frame: frame.clone(), batches, patience };
            let (kept, results) = promise();
            incoming.pending.add_call(results);
            self.shard.metrics.count(Counter::MeshRequests);
            let mesh = self.shard.mesh.clone().expect("there are other shards");
            let call = mesh.begin(owner.index(), Request::Produce(produce)).await;
            let task = self.shard.runtime.spawn(async move {
                kept.keep(match call.await {
                    Ok(Reply::Produced(results)) => Ok(results),
                    Ok(_) | Err(_) => Err(()),
                });
            });
            task.detach();
        }
    }
}
