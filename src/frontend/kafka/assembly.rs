//! From received bytes to frames: in place where they lie in one buffer, else put together.

use std::rc::Rc;

use net::kafka::frame::{self, Need};
use runtime::{ReceiveBuffer, Received};

use super::connection::Connection;
use super::request::Hangup;
use crate::metrics::Counter;

/// Frames over this are received into a buffer of their own.
pub(super) const LARGE_BYTES: usize = 64 << 10;
/// Requests of one connection that are dispatched before others get their turn.
const REQUESTS_PER_TURN: usize = 16;

/// How far a run over received bytes came.
enum Progress {
    /// All whole frames are dispatched; the rest is the start of one.
    Partial,
    /// The frame at the front must wait: its bytes are `len` behind a prefix.
    MustWait { len: usize },
    /// The frame at the front is large.
    Large { len: usize },
    /// Others should have their turn.
    Yield,
}

impl Connection {
    /// Receives and dispatches until the peer ends, the connection is to move, or it is ended.
    pub(super) async fn read_all(self: &Rc<Self>) -> Result<(), Hangup> {
        loop {
            if self.should_move() && self.is_quiet() && self.is_ready_to_move().await? {
                return Ok(());
            }
            let Some(buffer) = self.stream.receive().await? else { return Ok(()) };
            self.note_received(buffer.as_slice().len());
            self.take_buffer(buffer).await?;
        }
    }

    pub(super) fn note_received(&self, len: usize) {
        self.shard.metrics.add(Counter::ReceivedBytes, len as u64);
        self.last_active.set(self.shard.runtime.now());
    }

    /// Whether no byte of a request waits to be completed.
    pub(super) fn is_quiet(&self) -> bool {
        self.backlog.borrow().is_empty()
    }

    async fn take_buffer(self: &Rc<Self>, mut buffer: ReceiveBuffer) -> Result<(), Hangup> {
        if self.is_quiet() {
            loop {
                let (consumed, progress) = self.run(buffer.as_slice())?;
                buffer.consume(consumed);
                match progress {
                    Progress::Yield => self.shard.runtime.yield_now().await,
                    Progress::Partial if buffer.is_empty() => return Ok(()),
                    // What is left is copied out, so that the buffer goes back at once.
                    _ => break,
                }
            }
        }
        self.backlog.borrow_mut().extend_from_slice(buffer.as_slice());
        drop(buffer);
        self.work_off().await
    }

    /// Dispatches what is in the backlog, as far as it goes.
    pub(super) async fn work_off(self: &Rc<Self>) -> Result<(), Hangup> {
        loop {
            let mut backlog = self.backlog.take();
            let (consumed, progress) = self.run(&backlog)?;
            backlog.drain(..consumed);
            match progress {
                Progress::Partial => {
                    *self.backlog.borrow_mut() = backlog;
                    return Ok(());
                }
                Progress::Yield => {
                    *self.backlog.borrow_mut() = backlog;
                    self.shard.runtime.yield_now().await;
                }
                Progress::MustWait { len } => {
                    let rest = backlog.split_off(frame::PREFIX_LEN + len);
                    *self.backlog.borrow_mut() = rest;
                    backlog.drain(..frame::PREFIX_LEN);
                    self.pause_receiving().await;
                    self.dispatch(backlog, self.shard.runtime.now()).await?;
                }
                Progress::Large { len } => self.take_large(len, backlog).await?,
            }
        }
    }

    /// Dispatches the whole frames at the front of `bytes`; how many bytes they were.
    fn run(self: &Rc<Self>, bytes: &[u8]) -> Result<(usize, Progress), Hangup> {
        let received = self.shard.runtime.now();
        let mut consumed = 0;
        for _ in 0..REQUESTS_PER_TURN {
            let rest = &bytes[consumed..];
            let len = match frame::need(rest, self.frame_bytes_max())? {
                Need::Body { len, .. } | Need::Complete { len }
                    if frame::PREFIX_LEN + len > LARGE_BYTES =>
                {
                    return Ok((consumed, Progress::Large { len }));
                }
                Need::Complete { len } => len,
                Need::Prefix(_) | Need::Body { .. } => return Ok((consumed, Progress::Partial)),
            };
            let frame = &rest[frame::PREFIX_LEN..frame::PREFIX_LEN + len];
            if !self.dispatch_now(frame, received)? {
                return Ok((consumed, Progress::MustWait { len }));
            }
            consumed += frame::PREFIX_LEN + len;
        }
        Ok((consumed, Progress::Yield))
    }

    /// Takes no more bytes from the socket while a request waits: what the peer sends stays in
    /// its and the kernel's buffers. What was received already is copied out.
    async fn pause_receiving(self: &Rc<Self>) {
        if self.outbox.is_idle() {
            return;
        }
        self.shard.metrics.count(Counter::ThrottledReads);
        self.stop_receiving().await;
    }

    /// Ends the receive; what has come is in the backlog, what still comes stays in the socket.
    /// An end or a failure of the stream is seen by the next receive.
    pub(super) async fn stop_receiving(&self) {
        self.stream.stop_receiving().await;
        let mut backlog = self.backlog.borrow_mut();
        while let Ok(Received::Bytes(buffer)) = self.stream.try_receive() {
            backlog.extend_from_slice(buffer.as_slice());
        }
    }
}
