//! The broker of one test: small, quiet, and at the same address when it comes back.

use std::net::SocketAddr;

use crate::support::broker::{Broker as Process, Setup, Site};
use crate::support::connection::Connection;

/// A running broker.
pub(crate) struct Broker {
    process: Process,
    site: Site,
}

/// Many of them run at once.
fn setup() -> Setup {
    Setup::new(
        2,
        &[
            ("journal.file.bytes", "16MiB"),
            ("journal.files", "4"),
            ("socket.request.max.bytes", "8MiB"),
            ("poll", "block"),
            ("group.initial.rebalance.delay.ms", "0"),
        ],
    )
}

impl Broker {
    pub(crate) fn start() -> Self {
        let mut site = Site::new();
        let (process, _) = site.start(&setup());
        Self { process, site }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.process.kafka().to_string()
    }

    /// Where it serves HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.process.http()
    }

    /// A connection for what no command does.
    pub(crate) fn connect(&self) -> Connection {
        self.process.connect()
    }

    /// Kills it, and starts it again.
    pub(crate) fn restart(&mut self) {
        self.kill();
        (self.process, _) = self.site.start(&setup());
    }

    /// Kills it as the power does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }
}
