//! What the control plane asks a shard, and what a shard has to do about it.

use crate::metrics::slow::SlowMinute;
use crate::metrics::{ShardMetrics, Snapshot};

/// Questions that wait at a shard: of each kind one is under way at most, so there is always room.
const REQUESTS_MAX: usize = 8;

/// A question to a shard. Each has a channel of its own with room for its answer.
#[derive(Debug)]
pub enum ControlRequest {
    /// Give away what was counted, in `spare`, and go on with its empty histograms.
    Scrape {
        /// A snapshot with empty histograms.
        spare: Box<Snapshot>,
        /// Where it goes.
        reply: flume::Sender<Box<Snapshot>>,
    },
    /// Show which requests were slow.
    Slow {
        /// Where they go.
        reply: flume::Sender<Vec<SlowMinute>>,
    },
    /// Say how you are.
    Health {
        /// Where the answer goes.
        reply: flume::Sender<Health>,
    },
}

/// What a shard is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardState {
    /// Reads its checkpoint and its journal.
    Recovering,
    /// Serves requests.
    Serving,
    /// Answers what it has, and takes nothing new.
    Draining,
}

impl ShardState {
    /// The word for it in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recovering => "recovering",
            Self::Serving => "serving",
            Self::Draining => "draining",
        }
    }
}

/// How a shard is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// What it is doing.
    pub state: ShardState,
    /// Why its journal acknowledges nothing any more, if it has failed.
    pub journal_failure: Option<String>,
}

/// The control plane's end of a shard's channel.
#[derive(Clone, Debug)]
pub struct ShardHandle {
    /// Bounded; the control plane never waits for room.
    pub sender: flume::Sender<ControlRequest>,
}

impl ShardHandle {
    /// A channel: the handle for the control plane, and the end that the shard listens on.
    pub fn channel() -> (Self, flume::Receiver<ControlRequest>) {
        let (sender, receiver) = flume::bounded(REQUESTS_MAX);
        (Self { sender }, receiver)
    }
}

impl ControlRequest {
    /// Answers, without waiting. For the shard.
    pub fn answer(self, metrics: &ShardMetrics, health: impl FnOnce() -> Health) {
        match self {
            Self::Scrape { spare, reply } => {
                // What is swapped out for nobody would be lost.
                if !reply.is_disconnected() {
                    // There is room for one answer. That the asker has gone in between is its loss.
                    let _ = reply.try_send(metrics.swap(spare));
                }
            }
            Self::Slow { reply } => {
                let _ = reply.try_send(metrics.slow().minutes());
            }
            Self::Health { reply } => {
                let _ = reply.try_send(health());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Stage;

    fn serving() -> Health {
        Health { state: ShardState::Serving, journal_failure: None }
    }

    #[test]
    fn a_question_gets_one_answer() {
        let metrics = ShardMetrics::default();
        let (reply, answer) = flume::bounded(1);
        ControlRequest::Health { reply }.answer(&metrics, serving);
        assert_eq!(answer.drain().collect::<Vec<_>>(), [serving()]);
        metrics.record(Stage::Queue, 5);
        let (reply, answer) = flume::bounded(1);
        ControlRequest::Scrape { spare: Box::default(), reply }.answer(&metrics, serving);
        assert_eq!(answer.recv().unwrap().latencies().of(Stage::Queue).len(), 1);
    }

    #[test]
    fn nothing_is_given_away_to_nobody() {
        let metrics = ShardMetrics::default();
        metrics.record(Stage::Queue, 5);
        let (reply, answer) = flume::bounded(1);
        drop(answer);
        ControlRequest::Scrape { spare: Box::default(), reply }.answer(&metrics, serving);
        assert_eq!(metrics.swap(Box::default()).latencies().of(Stage::Queue).len(), 1);
    }
}
