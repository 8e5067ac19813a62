//! What is planned for readers on other shards, until they have taken it or given it up.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use storage::LogRange;

use super::message::Lease;

/// Ranges that are promised, by lease.
#[derive(Default)]
pub struct Leases {
    ranges: RefCell<BTreeMap<Lease, LogRange>>,
    next: Cell<u64>,
}

impl Leases {
    /// Keeps a range.
    pub fn keep(&self, range: LogRange) -> Lease {
        let lease = Lease(self.next.get());
        self.next.set(lease.0 + 1);
        self.ranges.borrow_mut().insert(lease, range);
        lease
    }

    /// Takes a range out, to read on or to let go.
    pub fn take(&self, lease: Lease) -> Option<LogRange> {
        self.ranges.borrow_mut().remove(&lease)
    }

    /// Puts a range back that is not read to its end yet.
    pub fn put_back(&self, lease: Lease, range: LogRange) {
        self.ranges.borrow_mut().insert(lease, range);
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.ranges.borrow().len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.ranges.borrow().is_empty()
    }
}
