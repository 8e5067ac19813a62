//! Producer ids: each shard gives them out from blocks that the registry made its own.

use std::cell::Cell;

use record::ProducerId;
use runtime::local::Semaphore;

use crate::registry::command::{Command, CommandError, Outcome};
use crate::shard::Shard;

/// A shard's block.
pub struct ProducerIds {
    next: Cell<i64>,
    end: Cell<i64>,
    refill: Semaphore,
}

impl Default for ProducerIds {
    fn default() -> Self {
        Self { next: Cell::new(0), end: Cell::new(0), refill: Semaphore::new(1) }
    }
}

impl ProducerIds {
    fn take(&self) -> Option<ProducerId> {
        let id = self.next.get();
        (id < self.end.get()).then(|| {
            self.next.set(id + 1);
            ProducerId(id)
        })
    }
}

impl Shard {
    /// An id that no producer ever had. When it resolves, no restart gives it out again.
    pub async fn new_producer_id(&self) -> Result<ProducerId, CommandError> {
        loop {
            if let Some(id) = self.producer_ids.take() {
                return Ok(id);
            }
            let _turn = self.producer_ids.refill.acquire().await;
            if self.producer_ids.next.get() < self.producer_ids.end.get() {
                continue;
            }
            let Outcome::ProducerIds { first, count } = self.command(Command::ProducerIds).await?
            else {
                return Err(CommandError::Unavailable("no producer ids came back".into()));
            };
            self.producer_ids.next.set(first);
            self.producer_ids.end.set(first + count);
        }
    }
}
