//! Where the broker's time went during an interval: its own histograms of every stage, beside what
//! the client saw of the same time.
//!
//! Only Tidemill can be asked. It tells the histogram of each stage since its start, exactly; the
//! one of the interval is the difference of two.

mod snapshot;

use core::net::SocketAddr;

use hdrhistogram::Histogram;
use net::http::{Limits, get};
use runtime::{IdlePolicy, Runtime, RuntimeConfig, block_on};
use serde_json::{Map, Value, json};
use std::time::Duration;

use self::snapshot::Snapshot;
use crate::error::BenchError;
use crate::percentile::{max_us, percentile_us};
use crate::report::{Cell, Table};

/// Eight histograms of three digits are under 1 MiB, and so are a thousand requests.
const LIMITS: Limits = Limits { body_bytes_max: 8 << 20, patience: Duration::from_secs(10) };
/// Slow requests that are kept of an interval.
const SLOW_MAX: usize = 32;
/// The most that the broker tells at once.
const SLOW_ASKED: usize = 1_000;
const MINUTE_MS: i64 = 60_000;
/// How many minutes back the broker knows.
const MINUTES_MAX: i64 = 60;

/// The quantiles, and how they are called in `stages.json`.
const QUANTILES: [(&str, f64); 3] = [("p50_us", 0.5), ("p99_us", 0.99), ("p99.9_us", 0.999)];

/// A broker's stages, from now on.
pub(crate) struct StageView {
    address: SocketAddr,
    before: Snapshot,
}

/// What came of an interval.
#[derive(Debug)]
pub(crate) struct Stages {
    /// Each stage's latencies in nanoseconds, in the order of a request's way.
    stages: Vec<(String, Histogram<u64>)>,
    /// The slowest requests that ended within it, the slowest first, as the broker tells them.
    slow: Vec<Value>,
}

impl StageView {
    /// Begins the interval: asks the broker that serves HTTP at `address`, and returns when it has
    /// answered.
    pub(crate) fn begin(address: SocketAddr) -> Result<Self, BenchError> {
        let before = Snapshot::read(&ask(address, "/debug/stages".to_owned())?)?;
        Ok(Self { address, before })
    }

    /// Ends the interval. An error if the broker is not the process that it was.
    pub(crate) fn end(self) -> Result<Stages, BenchError> {
        let Self { address, before } = self;
        let after = Snapshot::read(&ask(address, "/debug/stages".to_owned())?)?;
        let (began_ms, ended_ms) = (before.taken_ms, after.taken_ms);
        let stages = after.since(before)?;
        let minutes = ended_ms.saturating_sub(began_ms).div_euclid(MINUTE_MS) + 1;
        let minutes = minutes.clamp(1, MINUTES_MAX);
        let path = format!("/debug/slow?limit={SLOW_ASKED}&minutes={minutes}");
        let page: Value = serde_json::from_slice(&ask(address, path)?).unwrap_or_default();
        let Value::Array(mut slow) = page["requests"].clone() else {
            return Err(BenchError::Stages("no requests at /debug/slow"));
        };
        slow.retain(|request| is_within(request, began_ms, ended_ms));
        slow.truncate(SLOW_MAX);
        Ok(Stages { stages, slow })
    }
}

/// Whether any of a request lies within an interval.
fn is_within(request: &Value, began_ms: i64, ended_ms: i64) -> bool {
    let received_ms = request["received_ms"].as_i64().unwrap_or(i64::MIN);
    let took_ms = request["total_ns"].as_i64().unwrap_or(0) / 1_000_000;
    received_ms <= ended_ms && received_ms.saturating_add(took_ms) >= began_ms
}

fn ask(address: SocketAddr, path: String) -> Result<Vec<u8>, BenchError> {
    let quiet = RuntimeConfig { idle: IdlePolicy::Block, ..RuntimeConfig::default() };
    let asking = move |runtime: Runtime| async move { get(&runtime, address, &path, LIMITS).await };
    let answer = block_on(quiet, asking)??;
    match answer.status {
        200 => Ok(answer.body),
        404 => Err(BenchError::Stages("it has none: is it a Tidemill of this version?")),
        _ => Err(BenchError::Stages("it refuses to tell them")),
    }
}

impl Stages {
    /// As it stands in `stages.json`: times in microseconds, a quantile only with 10 samples
    /// beyond it.
    pub(crate) fn to_json(&self) -> Value {
        let stages = self.stages.iter().map(|(name, latencies)| {
            let mut fields = Map::new();
            fields.insert("name".to_owned(), json!(name));
            fields.insert("count".to_owned(), json!(latencies.len()));
            for (label, at) in QUANTILES {
                if let Some(micros) = percentile_us(latencies, at) {
                    fields.insert(label.to_owned(), json!(micros));
                }
            }
            if let Some(micros) = max_us(latencies) {
                fields.insert("max_us".to_owned(), json!(micros));
            }
            Value::Object(fields)
        });
        json!({ "stages": stages.collect::<Vec<_>>(), "slow": self.slow })
    }

    /// For a person.
    pub(crate) fn table(&self, about: &str) -> Table {
        let mut table =
            Table::new(about, &["stage", "count", "p50 us", "p99 us", "p99.9 us", "max us"]);
        for (name, latencies) in self.stages.iter().filter(|(_, latencies)| !latencies.is_empty()) {
            let mut cells = vec![Cell::text(name), Cell::count(latencies.len())];
            let quantiles = QUANTILES.map(|(_, at)| percentile_us(latencies, at));
            let shown =
                |micros: Option<f64>| micros.map_or(Cell::text("-"), |us| Cell::number(us, 1));
            cells.extend(quantiles.map(shown));
            cells.push(shown(max_us(latencies)));
            table.row(cells);
        }
        table
    }
}

#[cfg(test)]
mod tests;
