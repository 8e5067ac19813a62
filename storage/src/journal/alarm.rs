//! [`Alarm`]: a timer for a moment that may move.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use runtime::{Instant, Runtime, Sleep};

/// Armed for one moment at most.
#[derive(Default)]
pub(super) struct Alarm(Option<(Instant, Sleep)>);

impl Alarm {
    /// Ready once `due` has come; until then the task is woken at that time, and not at the one
    /// that was asked for before.
    pub(super) fn poll(
        &mut self,
        runtime: &Runtime,
        due: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if self.0.as_ref().is_none_or(|(armed, _)| *armed != due) {
            self.0 = Some((due, runtime.sleep_until(due)));
        }
        let (_, sleep) = self.0.as_mut().expect("it was just set");
        let rung = Pin::new(sleep).poll(context);
        if rung.is_ready() {
            self.0 = None;
        }
        rung.map(drop)
    }
}
