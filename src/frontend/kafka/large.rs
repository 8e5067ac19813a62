//! Large frames: received into a buffer of their own, from which they go to disk without a copy.
//!
//! A connection that sends them is read in their way: the length alone, then the rest straight
//! into place. Their memory is charged as the bytes arrive.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use net::kafka::frame::{self, Need};
use runtime::Received;
use runtime::buffer::DmaBuf;

use super::assembly::LARGE_BYTES;
use super::connection::Connection;
use super::request::Hangup;
use crate::shard::frames::FrameCharge;

/// Bytes that are charged and received at a time.
const STEP_BYTES: usize = 1 << 20;
/// How long a step may take while other frames wait for memory: 1 MiB/s.
const STEP_PATIENCE_WANTED: Duration = Duration::from_secs(1);
/// How many times as long it may take otherwise.
const STEP_PATIENCES: u32 = 30;

/// A large frame, whole, without its prefix, and what it holds of the budget.
pub(super) struct LargeFrame {
    pub(super) buffer: DmaBuf,
    pub(super) len: usize,
    pub(super) charge: FrameCharge,
}

impl Connection {
    /// Receives the large frame whose first bytes, prefix included, are at hand, and dispatches
    /// it; then the next ones as long as they are large too.
    pub(super) async fn take_large(
        self: &Rc<Self>,
        len: usize,
        at_hand: Vec<u8>,
    ) -> Result<(), Hangup> {
        self.stream.stop_receiving().await;
        let (mut len, mut at_hand) = (len, at_hand);
        loop {
            at_hand.drain(..frame::PREFIX_LEN);
            let frame = self.receive_large(len, at_hand).await?;
            self.dispatch_large(frame).await?;
            if !self.is_quiet() {
                return Ok(());
            }
            // The next frame: its length alone is looked at first.
            let mut prefix = Vec::with_capacity(frame::PREFIX_LEN);
            while prefix.len() < frame::PREFIX_LEN {
                let missing = u32::try_from(frame::PREFIX_LEN - prefix.len()).expect("four");
                let Some(buffer) = self.stream.receive_once(missing).await? else {
                    return Ok(());
                };
                self.note_received(buffer.as_slice().len());
                prefix.extend_from_slice(buffer.as_slice());
            }
            match frame::need(&prefix, self.frame_bytes_max())? {
                Need::Body { len: next, .. } if frame::PREFIX_LEN + next > LARGE_BYTES => {
                    (len, at_hand) = (next, prefix);
                }
                _ => {
                    *self.backlog.borrow_mut() = prefix;
                    return Ok(());
                }
            }
        }
    }

    /// Receives a frame's `len` bytes, of which some are at hand; bytes beyond it go to the
    /// backlog.
    async fn receive_large(
        self: &Rc<Self>,
        len: usize,
        at_hand: Vec<u8>,
    ) -> Result<LargeFrame, Hangup> {
        let charge = self.shard.frames.begin();
        let mut buffer = self.shard.runtime.pool().dma(len);
        let mut at_hand = at_hand;
        while at_hand.len() < len {
            let Ok(Received::Bytes(more)) = self.stream.try_receive() else { break };
            self.note_received(more.as_slice().len());
            at_hand.extend_from_slice(more.as_slice());
        }
        let mut filled = at_hand.len().min(len);
        buffer.as_mut_slice()[..filled].copy_from_slice(&at_hand[..filled]);
        charge.charge(filled).await;
        self.backlog.borrow_mut().extend_from_slice(&at_hand[filled..]);
        drop(at_hand);
        while let Ok(Received::Bytes(more)) = self.stream.try_receive() {
            self.backlog.borrow_mut().extend_from_slice(more.as_slice());
        }
        while filled < len {
            let step = (len - filled).min(STEP_BYTES);
            charge.charge(step).await;
            let (back, received) = self.receive_step(buffer, filled, step).await;
            buffer = back;
            let received = received?;
            self.note_received(received);
            filled += received;
            if received < step {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        }
        Ok(LargeFrame { buffer, len, charge })
    }

    /// One step; a peer that is too slow while others wait is closed.
    async fn receive_step(
        &self,
        buffer: DmaBuf,
        from: usize,
        len: usize,
    ) -> (DmaBuf, Result<usize, Hangup>) {
        let patience = || self.shard.runtime.sleep(STEP_PATIENCE_WANTED);
        let patiences = Cell::new(0);
        let slow = Cell::new(false);
        let mut receive = pin!(self.stream.receive_into(buffer, from, len));
        let mut timer = pin!(patience());
        // The receive owns its buffer and is seen to its end; the timer only cuts the socket.
        let (buffer, received) = poll_fn(|context| {
            if let Poll::Ready(done) = receive.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            while !slow.get() && timer.as_mut().poll(context).is_ready() {
                patiences.set(patiences.get() + 1);
                if self.shard.frames.is_wanted() || patiences.get() >= STEP_PATIENCES {
                    slow.set(true);
                    self.stream.shutdown();
                } else {
                    timer.set(patience());
                }
            }
            Poll::Pending
        })
        .await;
        if slow.get() {
            return (buffer, Err(Hangup::Slow));
        }
        (buffer, received.map_err(Hangup::from))
    }
}
