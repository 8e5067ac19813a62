//! Ctrl-C and SIGTERM, as something that a command waits for beside its work.

use runtime::signal::{self, Termination};

use super::failure::Failure;

/// Signals that asked the command to stop.
#[derive(Clone)]
pub(super) struct Stop {
    signals: flume::Receiver<()>,
}

impl Stop {
    /// Catches the signals from here on. Called before any thread is started.
    pub(super) fn catch() -> Result<Self, Failure> {
        let termination = Termination::block()
            .map_err(|error| Failure::new(format_args!("signals can not be caught: {error}")))?;
        // The second signal is heard too; a third has nothing to add.
        let (sender, signals) = flume::bounded(2);
        signal::watch(termination, move |_| {
            // A full channel holds all that there is to say.
            let _full = sender.try_send(());
        });
        Ok(Self { signals })
    }

    /// Resolves at the next signal. Dropping the future loses none.
    pub(super) async fn asked(&self) {
        if self.signals.recv_async().await.is_err() {
            // Nobody listens for signals any more, so none comes.
            std::future::pending::<()>().await;
        }
    }

    /// [`Stop::asked`], as the absence of what was waited for beside it.
    pub(super) async fn none_when_asked<T>(&self) -> Option<T> {
        self.asked().await;
        None
    }
}
