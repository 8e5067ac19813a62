//! What a shard says of itself at one moment, on its way to the control thread.

use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;

use super::counter::{COUNTERS, Counter};
use super::gauge::{GAUGES, Gauge};
use super::latency::Latencies;

/// Every API's key is below this.
pub(super) const API_KEYS: usize = 128;

/// How often an API answered with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCount {
    /// The API.
    pub api: ApiKey,
    /// The error.
    pub code: ErrorCode,
    /// How often since the start.
    pub count: u64,
}

/// Counters since the shard's start, and gauges of the moment.
#[derive(Clone, Debug)]
pub struct Numbers {
    pub(super) counters: [u64; COUNTERS],
    pub(super) gauges: [u64; GAUGES],
    pub(super) requests: [u64; API_KEYS],
    pub(super) errors: Vec<ErrorCount>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            counters: [0; COUNTERS],
            gauges: [0; GAUGES],
            requests: [0; API_KEYS],
            errors: Vec::new(),
        }
    }
}

impl Numbers {
    /// The value of a counter.
    pub fn counter(&self, counter: Counter) -> u64 {
        self.counters[counter.index()]
    }

    /// The value of a gauge.
    pub fn gauge(&self, gauge: Gauge) -> u64 {
        self.gauges[gauge.index()]
    }

    /// Requests of an API.
    pub fn requests(&self, api: ApiKey) -> u64 {
        let key = usize::try_from(api.code()).ok();
        key.and_then(|key| self.requests.get(key)).copied().unwrap_or(0)
    }

    /// Every error that occurred, by API and code.
    pub fn errors(&self) -> &[ErrorCount] {
        &self.errors
    }
}

/// What a shard answers: its numbers, and its latencies since the snapshot before.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) numbers: Numbers,
    pub(super) latencies: Latencies,
}

impl Snapshot {
    /// Counters and gauges.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The latencies since the snapshot before.
    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }
}
