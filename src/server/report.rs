//! What a start found, for the one screen that it prints.

use core::net::SocketAddr;
use std::fmt;
use std::time::Duration;

use runtime::Barrier;
use storage::open::OpenReport;

/// A started broker.
#[derive(Clone, Debug)]
pub struct StartReport {
    /// The data directory.
    pub data: String,
    /// The cores of the shards.
    pub cores: Vec<usize>,
    /// The kernel, and what its ring can do.
    pub kernel: String,
    /// Names of the features in use.
    pub features: Vec<&'static str>,
    /// What each shard found.
    pub shards: Vec<OpenReport>,
    /// Topics that are served.
    pub tail_bytes: u64,
    /// Journal bytes of a shard.
    pub journal_bytes: u64,
    /// Where Kafka clients come to.
    pub listen: SocketAddr,
    /// Where HTTP is served.
    pub http: Option<SocketAddr>,
    /// How long the start took.
    pub took: Duration,
    /// How the process before ended.
    pub clean: bool,
    /// Checks of the doctor that fail, of the few that are asked at a start.
    pub failing_checks: Vec<&'static str>,
}

impl fmt::Display for StartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tidemill {}", env!("CARGO_PKG_VERSION"))?;
        let cores: Vec<String> = self.cores.iter().map(ToString::to_string).collect();
        writeln!(f, "  shards    {} on cores {}", self.cores.len(), cores.join(","))?;
        writeln!(f, "  kernel    {}: io_uring {}", self.kernel, self.features.join(" "))?;
        let (barrier, time) = self.barrier();
        let mib = |bytes: u64| bytes >> 20;
        writeln!(f, "  disk      {barrier}, 16 KiB in {time:.0?}; data in {}", self.data)?;
        writeln!(
            f,
            "  memory    {} MiB journal and {} MiB tail a shard",
            mib(self.journal_bytes),
            mib(self.tail_bytes)
        )?;
        if !self.failing_checks.is_empty() {
            let failing = self.failing_checks.join(", ");
            writeln!(f, "  machine   fails {failing}: see `tidemill tune check`")?;
        }
        let logs: usize = self.shards.iter().map(|shard| shard.logs).sum();
        let offline: usize = self.shards.iter().map(|shard| shard.offline).sum();
        let before = if self.clean { "a clean stop" } else { "an unclean stop" };
        write!(f, "  logs      {logs} recovered after {before}")?;
        if offline > 0 {
            write!(f, ", {offline} OFFLINE (see the log)")?;
        }
        writeln!(f)?;
        writeln!(f, "  kafka     {}", self.listen)?;
        match self.http {
            Some(http) => writeln!(f, "  http      http://{http}  /healthz /readyz /metrics")?,
            None => writeln!(f, "  http      off")?,
        }
        write!(f, "ready in {:.0?}", self.took)
    }
}

impl StartReport {
    /// The barrier that most shards use, and the slowest of their probes.
    fn barrier(&self) -> (&'static str, Duration) {
        let first = self.shards.first();
        let name = match first.map(|shard| shard.barrier) {
            Some(Barrier::WriteThrough) => "write-through (RWF_DSYNC)",
            _ => "write + fdatasync",
        };
        let slowest = self.shards.iter().map(|shard| shard.barrier_time).max();
        (name, slowest.unwrap_or_default())
    }
}
