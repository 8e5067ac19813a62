//! Memory of large frames: charged as their bytes arrive, to one budget a shard.
//!
//! When it is spent, the frame that has waited longest goes on from a reserve, so that one always
//! comes to its end; the others wait, and whoever is slow then is closed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use runtime::local::Event;

/// What all large frames of a shard may hold together; the oldest one may go beyond it.
const BUDGET_BYTES: usize = 32 << 20;

/// A shard's budget. Cheap to clone.
#[derive(Clone, Default)]
pub struct FrameBudget(Rc<Inner>);

#[derive(Default)]
struct Inner {
    used: Cell<usize>,
    next: Cell<u64>,
    /// Frames that are being received, oldest first.
    order: RefCell<VecDeque<u64>>,
    /// How many of them wait for memory.
    waiting: Cell<usize>,
    changed: Event,
}

/// What one frame holds; given back when dropped.
pub struct FrameCharge {
    budget: FrameBudget,
    number: u64,
    bytes: Cell<usize>,
}

impl FrameBudget {
    /// A new frame, which holds nothing yet.
    pub fn begin(&self) -> FrameCharge {
        let number = self.0.next.get();
        self.0.next.set(number + 1);
        self.0.order.borrow_mut().push_back(number);
        FrameCharge { budget: self.clone(), number, bytes: Cell::new(0) }
    }

    /// Bytes that are held now.
    pub fn used(&self) -> usize {
        self.0.used.get()
    }

    /// Whether frames wait for memory that others hold.
    pub fn is_wanted(&self) -> bool {
        self.0.waiting.get() > 0
    }
}

impl FrameCharge {
    /// Charges `bytes` more; waits while the budget is spent, unless this frame is the oldest.
    pub async fn charge(&self, bytes: usize) {
        let inner = &self.budget.0;
        let may_go_on = || {
            let fits = inner.used.get() + bytes <= BUDGET_BYTES;
            let oldest = inner.order.borrow().front() == Some(&self.number);
            (fits || oldest).then_some(())
        };
        if may_go_on().is_none() {
            let _waiting = Waiting::new(&inner.waiting);
            inner.changed.wait_until(may_go_on).await;
        }
        inner.used.set(inner.used.get() + bytes);
        self.bytes.set(self.bytes.get() + bytes);
    }
}

/// Counts a frame that waits.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Drop for FrameCharge {
    fn drop(&mut self) {
        let inner = &self.budget.0;
        inner.used.set(inner.used.get() - self.bytes.get());
        inner.order.borrow_mut().retain(|number| *number != self.number);
        inner.changed.notify();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready(future: std::pin::Pin<&mut impl Future>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn the_oldest_frame_goes_on_when_the_budget_is_spent() {
        let budget = FrameBudget::default();
        let (old, young) = (budget.begin(), budget.begin());
        assert!(is_ready(pin!(old.charge(BUDGET_BYTES / 2))));
        assert!(is_ready(pin!(young.charge(BUDGET_BYTES / 2))));
        assert!(!budget.is_wanted());
        {
            let mut waiting = pin!(young.charge(1));
            assert!(!is_ready(waiting.as_mut()));
            assert!(budget.is_wanted(), "though not every byte is held");
            assert!(is_ready(pin!(old.charge(10 << 20))));
            assert!(!is_ready(waiting.as_mut()));
            drop(old);
            assert!(is_ready(waiting.as_mut()));
        }
        assert!(!budget.is_wanted());
        drop(young);
        assert_eq!(budget.used(), 0);
    }
}
