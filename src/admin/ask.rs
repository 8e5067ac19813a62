//! Asking all shards at once, each for a bounded time.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::request::{ControlRequest, ShardHandle};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Silence {
    #[error("has not answered within {0:?}")]
    Late(Duration),
    #[error("has more questions waiting than it can hold")]
    Busy,
    #[error("has ended")]
    Ended,
}

/// Questions of one kind: at most one a shard is under way. One that was not answered in time stays
/// under way, and its answer is taken whenever it comes.
pub(super) struct Questions<R> {
    pending: Vec<Option<flume::Receiver<R>>>,
}

impl<R> Questions<R> {
    pub(super) fn new(shards: usize) -> Self {
        Self { pending: std::iter::repeat_with(|| None).take(shards).collect() }
    }

    /// Asks every shard and waits for `wait` at most. `make` is given the shard's number and where
    /// the answer goes. `take` is given every answer as it is seen, with a late one to an earlier
    /// question before the one to this; the number of shards times. Shards that said nothing are
    /// given to `take` with their reason. Dropping the future leaves the questions under way.
    pub(super) async fn ask(
        &mut self,
        shards: &[ShardHandle],
        wait: Duration,
        mut make: impl FnMut(usize, flume::Sender<R>) -> ControlRequest,
        mut take: impl FnMut(usize, Result<R, Silence>),
    ) {
        let deadline = Instant::now() + wait;
        for (index, (shard, pending)) in shards.iter().zip(&mut self.pending).enumerate() {
            if let Some(receiver) = pending {
                // Nothing yet: the shard will answer with what is true then, so it is not asked
                // twice. An answer that lies here is old, and the shard is asked again.
                match receiver.try_recv() {
                    Err(flume::TryRecvError::Empty) => continue,
                    Ok(answer) => take(index, Ok(answer)),
                    Err(flume::TryRecvError::Disconnected) => {}
                }
            }
            let (sender, receiver) = flume::bounded(1);
            *pending = match shard.sender.try_send(make(index, sender)) {
                Ok(()) => Some(receiver),
                Err(refused) => {
                    take(index, Err(reason(&refused)));
                    None
                }
            };
        }
        for (index, pending) in self.pending.iter_mut().enumerate() {
            let Some(receiver) = pending else { continue };
            let answer = timeout_at(deadline, receiver.recv_async()).await;
            match answer {
                Ok(answer) => {
                    *pending = None;
                    take(index, answer.map_err(|_| Silence::Ended));
                }
                Err(_) => take(index, Err(Silence::Late(wait))),
            }
        }
    }
}

fn reason(refused: &flume::TrySendError<ControlRequest>) -> Silence {
    match refused {
        flume::TrySendError::Full(_) => Silence::Busy,
        flume::TrySendError::Disconnected(_) => Silence::Ended,
    }
}
