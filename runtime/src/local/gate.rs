//! [`Gate`]: stopping a service has two problems, refusing what is new and waiting for what is
//! under way; a gate solves both.

use std::cell::Cell;
use std::rc::Rc;

use super::event::Event;

/// Counts what is under way, until it is closed.
#[derive(Clone, Default)]
pub struct Gate(Rc<Inner>);

#[derive(Default)]
struct Inner {
    inside: Cell<usize>,
    closed: Cell<bool>,
    changed: Event,
}

/// The gate is closed: nothing new is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shutting down")]
pub struct GateClosed;

impl Gate {
    /// Lets one more in, who leaves by dropping the pass.
    pub fn enter(&self) -> Result<Pass, GateClosed> {
        if self.0.closed.get() {
            return Err(GateClosed);
        }
        self.0.inside.set(self.0.inside.get() + 1);
        Ok(Pass(self.clone()))
    }

    /// Refuses everybody from now on, and resolves when all who are inside have left.
    pub async fn close(&self) {
        self.0.closed.set(true);
        self.0.changed.notify();
        self.0.changed.wait_until(|| (self.0.inside.get() == 0).then_some(())).await;
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.closed.get()
    }

    /// Resolves when the gate has been closed, for those inside who would stay long.
    pub async fn closing(&self) {
        self.0.changed.wait_until(|| self.0.closed.get().then_some(())).await;
    }

    /// How many are inside.
    pub fn inside(&self) -> usize {
        self.0.inside.get()
    }
}

/// Being inside.
pub struct Pass(Gate);

impl Drop for Pass {
    fn drop(&mut self) {
        let inner = &self.0.0;
        inner.inside.set(inner.inside.get() - 1);
        if inner.inside.get() == 0 {
            inner.changed.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_closing_gate_refuses_the_new_and_waits_for_the_old() {
        let gate = Gate::default();
        let pass = gate.enter().unwrap();
        let mut closing = pin!(gate.close());
        let mut context = Context::from_waker(Waker::noop());
        assert!(closing.as_mut().poll(&mut context).is_pending());
        assert!(gate.enter().is_err());
        drop(pass);
        assert!(closing.as_mut().poll(&mut context).is_ready());
    }
}
