//! Bytes of a log that are on their way to a client: of this shard, or of another.

use std::rc::Rc;

use record::ShardId;
use runtime::File;
use runtime::buffer::Slice;
use storage::{FileExtent, LogRange};

use crate::shard::Shard;
use crate::shard::message::{Lease, LogFailure, RemoteExtent, Reply, Request};

/// A readable range, resolved piece by piece when the socket has room.
pub enum Range {
    /// Of a log here.
    Local(LogRange),
    /// Of a log on another shard.
    Remote(RemoteRange),
}

/// A range that another shard keeps for us; released when dropped.
pub struct RemoteRange {
    shard: Rc<Shard>,
    owner: ShardId,
    lease: Option<Lease>,
    first: Vec<Slice>,
    remaining: u64,
}

/// A piece that can be sent.
pub enum Resolved {
    /// From memory.
    Memory(Vec<Slice>),
    /// From a file.
    File(FileExtent),
}

impl RemoteRange {
    /// What another shard planned.
    pub fn new(
        shard: &Rc<Shard>,
        owner: ShardId,
        lease: Option<Lease>,
        first: Vec<Slice>,
        len: u64,
    ) -> Self {
        Self { shard: Rc::clone(shard), owner, lease, first, remaining: len }
    }
}

impl Drop for RemoteRange {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let (shard, owner) = (Rc::clone(&self.shard), self.owner);
        let release = async move {
            // A shard that has ended holds nothing any more.
            drop(shard.call(owner, Request::Release(lease)).await);
        };
        self.shard.runtime.spawn(release).detach();
    }
}

impl Range {
    /// Bytes that have not been taken yet.
    pub fn remaining(&self) -> u64 {
        match self {
            Self::Local(range) => range.remaining(),
            Self::Remote(range) => range.remaining,
        }
    }

    /// Gives up all but the first `len` bytes.
    pub fn truncate(&mut self, len: u64) {
        match self {
            Self::Local(range) => range.truncate(len),
            Self::Remote(range) => {
                range.remaining = range.remaining.min(len);
                let mut kept = 0;
                for slice in &mut range.first {
                    let room = usize::try_from(len - kept).unwrap_or(usize::MAX);
                    *slice = slice.slice(0..slice.len().min(room));
                    kept += slice.len() as u64;
                }
                range.first.retain(|slice| !slice.is_empty());
            }
        }
    }

    /// The next piece, at most about 1 MiB.
    pub async fn next(&mut self, shard: &Shard) -> Result<Resolved, LogFailure> {
        match self {
            Self::Local(range) => {
                let extent = shard.store.next_extent(range).await;
                Ok(match extent.map_err(crate::shard::handlers::failure)? {
                    storage::Extent::Memory(slices) => Resolved::Memory(slices),
                    storage::Extent::File(extent) => Resolved::File(extent),
                })
            }
            Self::Remote(range) => range.next(shard).await,
        }
    }
}

impl RemoteRange {
    async fn next(&mut self, shard: &Shard) -> Result<Resolved, LogFailure> {
        if !self.first.is_empty() {
            let slices = std::mem::take(&mut self.first);
            let len: u64 = slices.iter().map(|slice| slice.len() as u64).sum();
            self.remaining -= len;
            return Ok(Resolved::Memory(slices));
        }
        let lease = self.lease.expect("there is something left to take");
        let reply = shard.call(self.owner, Request::Extent(lease)).await;
        let Ok(Reply::Extent(extent)) = reply else { return Err(LogFailure::Stopping) };
        let resolved = match extent? {
            RemoteExtent::Memory(mut slices) => {
                let mut room = self.remaining;
                for slice in &mut slices {
                    let len = slice.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                    *slice = slice.slice(0..len);
                    room -= len as u64;
                }
                self.remaining = room;
                Resolved::Memory(slices)
            }
            RemoteExtent::File { descriptor, offset, len } => {
                let file = File::adopt(&shard.runtime, descriptor);
                let len = len.min(self.remaining);
                self.remaining -= len;
                Resolved::File(FileExtent { file, offset, len })
            }
        };
        Ok(resolved)
    }
}
