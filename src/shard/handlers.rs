//! What a shard does for the others: one arm for each request of the mesh.
//!
//! A handler answers at once or moves the responder into a task; it never waits for a request of
//! its own.

use std::rc::Rc;

use record::{Offset, Timestamp};
use runtime::mesh::Responder;
use storage::{AppendError, Extent, NewBatch, ReadError, ReadLimits, Source};

use super::Shard;
use super::message::{
    Lease, LogFailure, PlanPart, Planned, ProducedAt, RemoteExtent, RemoteProduce, RemoteWatch,
    Reply, Request,
};
use super::watches::until_readable;

type Answer = Responder<Request, Reply>;

impl Shard {
    /// Serves the mesh for as long as the shard lives.
    pub async fn serve_mesh(self: Rc<Self>) {
        let Some(mesh) = self.mesh.clone() else { return };
        mesh.run(|_, request, responder| self.handle(request, responder)).await;
    }

    fn handle(self: &Rc<Self>, request: Request, responder: Answer) {
        let shard = Rc::clone(self);
        match request {
            Request::Release(lease) => {
                self.leases.take(lease);
                responder.send(Reply::Done);
            }
            Request::Unwatch(number) => {
                self.watches.unserve(responder.caller(), number);
                responder.send(Reply::Done);
            }
            Request::Ready(number) => {
                self.watches.fire(number);
                responder.send(Reply::Done);
            }
            Request::Watch(watch) => {
                self.serve_watch(responder.caller(), watch);
                responder.send(Reply::Done);
            }
            Request::Group(log, request) => {
                responder.send(Reply::Coordinated(self.coordinate(log, *request)));
            }
            Request::GroupAnswer(ticket, answer) => {
                self.groups.tickets.answer(ticket, *answer);
                responder.send(Reply::Done);
            }
            Request::Connection(descriptor) => {
                self.take_connection(descriptor);
                responder.send(Reply::Done);
            }
            Request::Apply(event) => self.reply_later(async move {
                let reply = shard.apply(&event).await.map_or_else(Reply::Failed, |()| Reply::Done);
                responder.send(reply);
            }),
            Request::Command(command) => self.reply_later(async move {
                responder.send(Reply::Command(shard.command(command).await));
            }),
            Request::Produce(produce) => self.reply_later(async move {
                responder.send(Reply::Produced(shard.produce_for(produce).await));
            }),
            Request::Plan(parts) => self.reply_later(async move {
                let mut planned = Vec::with_capacity(parts.len());
                for part in parts {
                    planned.push(shard.plan_for(part).await);
                }
                responder.send(Reply::Planned(planned));
            }),
            Request::Extent(lease) => self.reply_later(async move {
                responder.send(Reply::Extent(shard.extent_for(lease).await));
            }),
            Request::Query(log, query) => self.reply_later(async move {
                responder.send(Reply::Answer(shard.query_here(log, query).await));
            }),
            Request::Producers(log) => {
                responder.send(Reply::Producers(self.producers_here(log)));
            }
            Request::Quiesce => self.reply_later(async move {
                shard.quiesce().await;
                responder.send(Reply::Done);
            }),
        }
    }

    fn reply_later(&self, work: impl Future<Output = ()> + 'static) {
        self.runtime.spawn(work).detach();
    }

    /// Appends batches that another shard has received and checked, and waits until each may be
    /// acknowledged.
    async fn produce_for(&self, produce: RemoteProduce) -> Vec<Result<ProducedAt, AppendError>> {
        let RemoteProduce { frame, batches, patience } = produce;
        let payload: usize = batches.iter().map(|batch| batch.header.total_len).sum();
        let admission = match self.store.admit(payload, batches.len(), patience).await {
            Ok(admission) => admission,
            Err(error) => return batches.iter().map(|_| Err(error.clone())).collect(),
        };
        let now = Timestamp(self.runtime.wall_millis());
        let appended: Vec<_> = batches
            .iter()
            .map(|batch| {
                let log = self.store.log(batch.log).ok_or(AppendError::Deleted)?;
                let end = batch.start + batch.header.total_len;
                let bytes = &frame.as_slice()[batch.start..end];
                let source = Source::Copied(bytes);
                let new = NewBatch { header: batch.header, stamp: batch.stamp, source };
                let appended = self.store.append(&admission, &log, &new, now)?;
                self.note_appended(&batch.header, &appended, true);
                Ok((log, appended))
            })
            .collect();
        drop(admission);
        let mut results = Vec::with_capacity(appended.len());
        for appended in appended {
            results.push(match appended {
                Ok((log, appended)) => appended.ack.wait().await.map(|()| ProducedAt {
                    base_offset: appended.base_offset,
                    append_time: appended.append_time,
                    log_start: log.state().log_start,
                }),
                Err(error) => Err(error),
            });
        }
        results
    }

    async fn plan_for(&self, part: PlanPart) -> Result<Planned, LogFailure> {
        let log = self.store.log(part.log).ok_or(LogFailure::Deleted)?;
        check_epoch(part.leader_epoch, log.state().leader_epoch)?;
        let limits = ReadLimits { bytes_max: part.bytes_max, first_batch_whole: true };
        let plan = self.store.plan(&log, part.offset, limits).await.map_err(failure)?;
        let mut planned = Planned {
            high_watermark: plan.high_watermark,
            log_start: plan.log_start,
            len: 0,
            first: Vec::new(),
            lease: None,
        };
        if let Some(mut range) = plan.range {
            planned.len = range.remaining();
            planned.first = range.take_hot().unwrap_or_default();
            planned.lease = (range.remaining() > 0).then(|| self.leases.keep(range));
        }
        Ok(planned)
    }

    async fn extent_for(&self, lease: Lease) -> Result<RemoteExtent, LogFailure> {
        let mut range = self.leases.take(lease).ok_or(LogFailure::Deleted)?;
        let extent = self.store.next_extent(&mut range).await.map_err(failure)?;
        if range.remaining() > 0 {
            self.leases.put_back(lease, range);
        }
        Ok(match extent {
            Extent::Memory(slices) => RemoteExtent::Memory(slices),
            Extent::File(extent) => RemoteExtent::File {
                descriptor: extent.file.duplicate().map_err(|error| failure(error.into()))?,
                offset: extent.offset,
                len: extent.len,
            },
        })
    }

    /// Watches for a reader on another shard; when there is more to read, it is told.
    fn serve_watch(self: &Rc<Self>, reader: usize, watch: RemoteWatch) {
        let RemoteWatch { number, parts } = watch;
        let shard = Rc::clone(self);
        let logs: Vec<(_, Offset)> = parts
            .into_iter()
            .filter_map(|(log, offset)| Some((self.store.log(log)?, offset)))
            .collect();
        let task = self.runtime.spawn(async move {
            until_readable(logs).await;
            let to = record::ShardId(u16::try_from(reader).expect("shards are few"));
            // A reader whose shard has ended waits for nothing.
            drop(shard.call(to, Request::Ready(number)).await);
        });
        self.watches.serve(reader, number, task);
    }
}

/// What a storage error means to a reader.
pub fn failure(error: ReadError) -> LogFailure {
    match error {
        ReadError::OutOfRange { log_start, high_watermark, .. } => {
            LogFailure::OutOfRange { log_start, high_watermark }
        }
        ReadError::Deleted => LogFailure::Deleted,
        other => LogFailure::Storage(other.to_string()),
    }
}

/// Whether a reader may go on with the epoch that it knows (KIP-320).
pub fn check_epoch(
    known: Option<record::LeaderEpoch>,
    current: record::LeaderEpoch,
) -> Result<(), LogFailure> {
    match known {
        Some(known) if known < current => Err(LogFailure::FencedEpoch),
        Some(known) if known > current => Err(LogFailure::UnknownEpoch),
        _ => Ok(()),
    }
}
