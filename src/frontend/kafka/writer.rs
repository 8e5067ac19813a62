//! Sending a connection's answers: one send in flight, records never copied.

use std::rc::Rc;

use net::kafka::reply::{Cut, Extent, Reply};
use runtime::{Instant, Piece};

use super::connection::Connection;
use super::outbox::{Outgoing, Slot};
use super::request::Hangup;
use super::slow::Trace;
use crate::broker::range::{Range, Resolved};
use crate::metrics::{Counter, Stage};

/// Answers are gathered into one send up to this many bytes.
const GATHER_BYTES_MAX: usize = 64 << 10;
/// Pieces and bytes of records that go into one send.
const SEND_PIECES_MAX: usize = 512;
const SEND_BYTES_MAX: usize = 1 << 20;

/// What one send answers, for the histograms.
struct Sent {
    received: Instant,
    ready: Instant,
    stage: Option<Stage>,
    trace: Option<Trace>,
}

impl Connection {
    /// Sends answers until there are no more, or the socket fails.
    pub(super) async fn write_all(self: Rc<Self>) -> Result<(), Hangup> {
        let mut spare = (Vec::new(), Vec::new());
        let mut sent = Vec::new();
        while let Some(slot) = self.outbox.next().await {
            let mut reply =
                Reply::reusing(std::mem::take(&mut spare.0), std::mem::take(&mut spare.1));
            self.resolve(slot, &mut reply, &mut sent).await?;
            while reply.cuts().is_empty() && reply.bytes().len() < GATHER_BYTES_MAX {
                let Some(slot) = self.outbox.next_ready() else { break };
                self.resolve(slot, &mut reply, &mut sent).await?;
            }
            self.shard.metrics.add(Counter::SentBytes, reply.len() as u64);
            let has_cold = self.send(reply, &mut spare).await?;
            self.note_sent(&mut sent, has_cold);
        }
        Ok(())
    }

    /// Works out an answer and appends it to `reply`.
    async fn resolve(
        &self,
        slot: Slot,
        reply: &mut Reply<Range>,
        sent: &mut Vec<Sent>,
    ) -> Result<(), Hangup> {
        let outgoing = match slot {
            Slot::Produce(mut pending) => {
                pending.settle().await;
                let ready = Instant::now();
                pending.encode(reply, &self.shard)?;
                let (received, stage) = (pending.received(), Some(Stage::EndToEnd));
                let trace = Some(Trace::Produce(pending));
                sent.push(Sent { received, ready, stage, trace });
                return Ok(());
            }
            Slot::Later(later) => later.await?,
            Slot::Ready(outgoing) => outgoing,
        };
        let Outgoing { reply: more, received, stage, work } = outgoing;
        let trace = work.map(|work| Trace::Work(work, more.len() as u64));
        sent.push(Sent { received, ready: self.shard.runtime.now(), stage, trace });
        reply.append(more);
        Ok(())
    }

    fn note_sent(&self, sent: &mut Vec<Sent>, has_cold: bool) {
        let now = Instant::now();
        for Sent { received, ready, stage, trace } in sent.drain(..) {
            let nanos = now.nanos_since(received);
            if let Some(trace) = &trace {
                self.note_if_slow(nanos, trace, ready, now);
            }
            let Some(stage) = stage else { continue };
            let stage = if has_cold && stage == Stage::FetchHot { Stage::FetchCold } else { stage };
            self.shard.metrics.record(Stage::Reply, now.nanos_since(ready));
            self.shard.metrics.record(stage, nanos);
        }
    }

    /// Sends everything; whether any of it came from a file.
    async fn send(
        &self,
        reply: Reply<Range>,
        spare: &mut (Vec<u8>, Vec<Cut<Range>>),
    ) -> Result<bool, Hangup> {
        let (bytes, cuts) = reply.into_buffers();
        if cuts.is_empty() {
            *spare = (self.stream.send(bytes).await?, cuts);
            return Ok(false);
        }
        self.shard.metrics.add(Counter::CopiedFetch, bytes.len() as u64);
        let bytes = Rc::new(bytes);
        let mut sending = Sending { connection: self, pieces: Vec::new(), bytes: 0, cold: false };
        let mut from = 0;
        for Cut { position, extent } in cuts {
            sending.add_bytes(&bytes, from..position);
            sending.add_range(extent).await?;
            from = position;
        }
        sending.add_bytes(&bytes, from..bytes.len());
        sending.flush().await?;
        Ok(sending.cold)
    }
}

/// Records are cut into an answer where they belong, and stay where they are.
impl Extent for Range {
    fn len(&self) -> usize {
        usize::try_from(self.remaining()).expect("an answer is under 4 GiB")
    }
}

/// A send being put together.
struct Sending<'a> {
    connection: &'a Connection,
    pieces: Vec<Piece>,
    bytes: usize,
    cold: bool,
}

impl Sending<'_> {
    fn add_bytes(&mut self, bytes: &Rc<Vec<u8>>, range: std::ops::Range<usize>) {
        if !range.is_empty() {
            self.bytes += range.len();
            self.pieces.push(Piece::Bytes(Rc::clone(bytes), range));
        }
    }

    async fn add_range(&mut self, mut range: Range) -> Result<(), Hangup> {
        let shard = &self.connection.shard;
        while range.remaining() > 0 {
            let resolved = range.next(shard).await;
            match resolved.map_err(|failure| Hangup::Records(failure.to_string()))? {
                Resolved::Memory(slices) => {
                    for slice in slices {
                        if self.pieces.len() >= SEND_PIECES_MAX || self.bytes >= SEND_BYTES_MAX {
                            self.flush().await?;
                        }
                        shard.metrics.add(Counter::FetchedHot, slice.len() as u64);
                        self.bytes += slice.len();
                        self.pieces.push(Piece::Slice(slice));
                    }
                }
                Resolved::File(extent) => {
                    self.flush().await?;
                    self.cold = true;
                    shard.metrics.count(Counter::Splices);
                    shard.metrics.add(Counter::FetchedCold, extent.len);
                    let stream = &self.connection.stream;
                    let (offset, len) = (extent.offset, extent.len);
                    shard.pipes.send_file(&extent.file, offset, len, stream).await?;
                    shard.store.passed(&extent);
                }
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Hangup> {
        self.bytes = 0;
        let pieces = std::mem::take(&mut self.pieces);
        if !pieces.is_empty() {
            self.connection.stream.send_gathered(pieces).await?;
        }
        Ok(())
    }
}
