//! Moving a connection to the shard that owns its data: unmodified clients drift to their core.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use record::ShardId;
use runtime::local::first;

use super::connection::Connection;
use super::request::Hangup;

/// How long a move waits for the answers under way. What waits for records may take longer, and
/// meanwhile nothing is read: then the move is put off.
const PATIENCE: Duration = Duration::from_millis(50);
/// Requests in a row that must name one other shard alone.
const REQUESTS_IN_A_ROW: u32 = 16;

/// Which shard a connection's requests keep naming.
#[derive(Default)]
pub(super) struct Drift {
    named: Cell<Option<ShardId>>,
    in_a_row: Cell<u32>,
}

impl Drift {
    /// Notes whose data a request named: one shard's, or several shards' or nobody's.
    pub(super) fn note(&self, owner: Option<ShardId>) {
        if owner.is_some() && owner == self.named.get() {
            self.in_a_row.set(self.in_a_row.get().saturating_add(1));
        } else {
            self.named.set(owner);
            self.in_a_row.set(u32::from(owner.is_some()));
        }
    }

    /// Counts from the start.
    fn put_off(&self) {
        self.named.set(None);
    }

    /// The shard that the connection should be on.
    fn target(&self) -> Option<ShardId> {
        self.named.get().filter(|_| self.in_a_row.get() >= REQUESTS_IN_A_ROW)
    }
}

impl Connection {
    /// The shard to which it should move.
    pub(super) fn move_target(&self) -> Option<ShardId> {
        self.drift.target().filter(|target| *target != self.shard.id)
    }

    /// Whether it should move.
    pub(super) fn should_move(&self) -> bool {
        self.move_target().is_some() && !self.shard.connections.is_closed()
    }

    /// Ends the receive, so that what is sent from now on waits in the socket for the shard that
    /// goes on with it; dispatches what had come before; and waits until all of it is answered.
    /// `false`: half a request has come, or an answer takes long, and the connection stays.
    pub(super) async fn is_ready_to_move(self: &Rc<Self>) -> Result<bool, Hangup> {
        self.stop_receiving().await;
        self.work_off().await?;
        let is_answered = self.is_quiet() && {
            let answered = async {
                self.outbox.idle().await;
                true
            };
            let over = async {
                self.shard.runtime.sleep(PATIENCE).await;
                false
            };
            first(answered, over).await
        };
        if !is_answered {
            self.drift.put_off();
        }
        Ok(is_answered && self.should_move())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_row_of_one_shard_alone_counts() {
        let drift = Drift::default();
        let other = Some(ShardId(1));
        (1..REQUESTS_IN_A_ROW).for_each(|_| drift.note(other));
        assert_eq!(drift.target(), None);
        drift.note(other);
        assert_eq!(drift.target(), other);
        drift.put_off();
        drift.note(other);
        assert_eq!(drift.target(), None, "it is counted anew");
        (1..REQUESTS_IN_A_ROW).for_each(|_| drift.note(other));
        assert_eq!(drift.target(), other);
        drift.note(None);
        assert_eq!(drift.target(), None);
        (0..REQUESTS_IN_A_ROW)
            .for_each(|n| drift.note(Some(ShardId(u16::try_from(n % 2).unwrap()))));
        assert_eq!(drift.target(), None);
    }
}
